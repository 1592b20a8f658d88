using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Training;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The code in the README is the code below: compiled, run, and compared with the page.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void EngineExampleLearns()
    {
        // example: engine
        using var device = new CpuDevice();
        using var parameters = new ParameterStore();
        var hidden = new Linear(parameters.Root.Child("hidden"), inputs: 2, outputs: 16);
        var output = new Linear(parameters.Root.Child("output"), inputs: 16, outputs: 1);
        parameters.Materialize(device, seed: 1);
        using var adam = new Adam(parameters);
        using var tape = new Tape(device);
        float error = 0;
        for (int step = 0; step < 500; step++)
        {
            var x = tape.Constant(new Shape(4, 2, 1, 1), [0, 0, 0, 1, 1, 0, 1, 1]);
            var wanted = tape.Constant(new Shape(4, 1, 1, 1), [0, 1, 1, 0]);
            var loss = output.Forward(hidden.Forward(x).Tanh()).Subtract(wanted).Square().Mean();
            tape.Backward(loss);
            error = loss.Item();
            tape.Reset();
            adam.Step(learningRate: 0.01);
        }

        // end
        Assert.True(error < 0.01, $"the error is {error}");
        PageExample.AssertOn("README.md", "engine");
    }

    [Fact]
    public void TrainedRunExampleRenders()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"], picture = folder["view.png"];
        TrainerTests.Run(
            run, 1, new TrainerTests.Observer(), CancellationToken.None, "training.steps=2", "model.imageSize=32");
        // example: run
        using var model = TrainedModel.Load(run);
        var environment = Environments.Create(model.Configuration.Training.Scenes);
        var world = environment.Sample(SceneSplit.Test, index: 7);
        var cameras = world.Cameras[..3].ToArray();
        var scene = model.Represent([.. cameras.Select(camera => world.Render(camera, 32))], cameras);
        Png.Write(picture, model.Render(scene, world.Cameras[3]));
        // end
        Assert.True(File.Exists(picture));
        PageExample.AssertOn("README.md", "run");
    }
}

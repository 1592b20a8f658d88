using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The trained-run example of the README, with the usings that the README shows.</summary>
internal static class TrainedRunExample
{
    public static void Run(params string[] args)
    {
        // example
        using var model = TrainedModel.Load(args[0]);
        var environment = Environments.Create(model.Configuration.Training.Scenes);
        var world = environment.Sample(SceneSplit.Test, index: 7);
        var cameras = world.Cameras[..3].ToArray();
        var scene = model.Represent([.. cameras.Select(camera => world.Render(camera, 32))], cameras);
        Png.Write(args[1], model.Render(scene, world.Cameras[3]));
        // end
    }
}

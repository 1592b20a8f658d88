using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The engine example of the README, with the usings that the README shows.</summary>
internal static class EngineExample
{
    public static float Run()
    {
        // example
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
        return error;
    }
}

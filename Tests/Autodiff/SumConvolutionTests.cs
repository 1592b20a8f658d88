using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class SumConvolutionTests
{
    /// <summary>Convolving one input separately leaves f(part + the rest + bias) and its gradients unchanged.</summary>
    [Fact]
    public void AnInputMayGoItsOwnWayIntoTheSum()
    {
        using var device = new CpuDevice(1);
        float[] whole = Run(device, (convolution, a, b) => convolution.Forward([a, b]));
        float[] apart = Run(device, (convolution, a, b) => convolution.Finish(convolution.Part(0, a), 1, b));
        Assert.Contains(whole, value => value != 0);
        Assert.All(whole.Zip(apart), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    /// <summary>The output, then the gradients.</summary>
    private static float[] Run(Device device, Func<SumConvolution, Variable, Variable, Variable> forward)
    {
        using var store = new ParameterStore();
        var convolution = new SumConvolution(
            store.Root, [("a", 5), ("b", 3)], 9, 1, 1, Activation.Relu, Initializer.TruncatedNormal(9));
        store.Materialize(device, 7);
        using var tape = new Tape(device);
        var random = new RandomStream(5, 1);
        var y = forward(convolution, Draw(5), Draw(3));
        float[] outputs = new float[y.Shape.Count];
        y.Download(outputs);
        tape.Backward(y.Multiply(y).Sum());
        return [.. outputs, .. store.Parameters.SelectMany(Gradient)];

        Variable Draw(int channels)
        {
            var shape = new Shape(2, channels, 4, 6);
            float[] values = new float[shape.Count];
            foreach (ref float value in values.AsSpan())
                value = random.NextSingle() - 0.5f;
            return tape.Constant(shape, values);
        }

        float[] Gradient(Parameter parameter)
        {
            float[] gradient = new float[parameter.Shape.Count];
            store.Read(store.Gradients, parameter, gradient);
            return gradient;
        }
    }
}

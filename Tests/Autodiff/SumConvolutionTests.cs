using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Ops;
using Gqn.Native.Engine.Random;
using Gqn.Native.Engine.Tensors;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class SumConvolutionTests
{
    /// <summary>Values and gradients: with one input convolved apart, y = f(part + the rest + bias) is the same.</summary>
    [Fact]
    public void AnInputMayGoItsOwnWayIntoTheSum()
    {
        using var device = new CpuDevice(1);
        using var store = new ParameterStore();
        var convolution = new SumConvolution(
            store.Root, [("a", 5), ("b", 3)], 9, 1, 1, Activation.Relu, Initializer.TruncatedNormal(9));
        store.Materialize(device, 7);
        using var tape = new Tape(device);
        float[] whole = Run((a, b) => convolution.Forward([a, b]));
        float[] apart = Run((a, b) => convolution.Finish(convolution.Part(0, a), 1, b));
        Assert.Contains(whole, value => value != 0);
        Assert.All(whole.Zip(apart), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));

        // The output, then the gradients.
        float[] Run(Func<Variable, Variable, Variable> forward)
        {
            var random = new RandomStream(5, 1);
            Variable Draw(int channels)
            {
                var shape = new Shape(2, channels, 4, 6);
                float[] values = new float[shape.Count];
                foreach (ref float value in values.AsSpan())
                    value = random.NextSingle() - 0.5f;
                return tape.Constant(shape, values);
            }

            var y = forward(Draw(5), Draw(3));
            float[] outputs = new float[y.Shape.Count];
            y.Download(outputs);
            tape.Backward(y.Multiply(y).Sum());
            float[] values = [.. outputs, .. store.Parameters.SelectMany(
                parameter =>
                {
                    float[] gradient = new float[parameter.Shape.Count];
                    store.Read(store.Gradients, parameter, gradient);
                    return gradient;
                })];
            tape.Reset();
            return values;
        }
    }
}

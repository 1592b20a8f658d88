using Gqn.Native.Engine;
using Gqn.Native.Kernels.Shapes;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>The cell's parameters as files hold them, in whatever order the kernels keep the gates.</summary>
public sealed class ConvLstmCellTests
{
    private static readonly Shape Input = new(1, 3, 1, 1);

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(37)]
    public void ParametersAreGatesInTheOrderOfFiles(int hidden)
    {
        using var device = new ReferenceDevice();
        using var store = new ParameterStore();
        var cell = new ConvLstmCell(store.Root, [("x", Input.C)], hidden, 1, 1f);
        store.Materialize(device, 4);
        using var tape = new Tape(device);
        float[] x = [0.3f, -1.2f, 0.7f], h = Values(hidden, 0.9), c = Values(hidden, 1.7);
        var shape = new Shape(1, hidden, 1, 1);
        var next = cell.Step(
            [tape.Constant(Input, x)], new ConvLstmState(tape.Constant(shape, h), tape.Constant(shape, c)));
        double[] cellNext = ReferenceDevice.Read(next.Cell.Value), output = ReferenceDevice.Read(next.Hidden.Value);

        float[] w = Read(store, "weight.x"), u = Read(store, "weight.hidden"), b = Read(store, "bias");
        Assert.All(b[hidden..(2 * hidden)], value => Assert.Equal(1f, value));
        Assert.All(b[..hidden], value => Assert.Equal(0f, value));
        double Gate(int gate, int channel)
        {
            int row = (gate * hidden) + channel;
            double sum = b[row];
            for (int i = 0; i < Input.C; i++)
                sum += (double)w[(row * Input.C) + i] * x[i];
            for (int i = 0; i < hidden; i++)
                sum += (double)u[(row * hidden) + i] * h[i];
            return sum;
        }

        for (int j = 0; j < hidden; j++)
        {
            double expected = (Sigmoid(Gate(1, j)) * c[j]) + (Sigmoid(Gate(0, j)) * Math.Tanh(Gate(2, j)));
            Assert.Equal(expected, cellNext[j], 1e-12);
            Assert.Equal(Sigmoid(Gate(3, j)) * Math.Tanh(expected), output[j], 1e-12);
        }

        static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
    }

    [Fact]
    public void PreparedInputsAreTheInputs()
    {
        var map = new Shape(2, 4, 5, 3);
        using var device = new ReferenceDevice();
        using var store = new ParameterStore();
        var cell = new ConvLstmCell(store.Root, [("a", 3), ("b", 4), ("c", 2)], 6, 3, 1f);
        store.Materialize(device, 4);
        using var tape = new Tape(device);
        Variable a = tape.Constant(new Shape(2, 3, 1, 1), Values(6, 0.4)),
            b = tape.Constant(map, Values((int)map.Count, 0.8)),
            c = tape.Constant(new Shape(2, 2, 1, 1), Values(4, 1.3));
        var whole = cell.Step([a, b, c], default);
        var prepared = cell.Prepare([a, default, c], (5, 3));
        var parts = cell.Step([default, b, default], default, prepared);
        double[] expected = ReferenceDevice.Read(whole.Hidden.Value), actual = ReferenceDevice.Read(parts.Hidden.Value);
        Assert.Contains(expected, value => Math.Abs(value) > 0.01);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-14);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(20, 5)]
    [InlineData(37, 1)]
    public void WeightsAndBiasGoToGateOrderAndBack(int hidden, int kernel)
    {
        const int Inputs = 2;
        using var device = new CpuDevice(1);
        using var store = new ParameterStore();
        var weight = store.Root.Convolution("w", 4 * hidden, Inputs, kernel, 1, Initializer.Zeros, gates: true);
        var bias = store.Root.Bias("b", 4 * hidden, Initializer.Zeros, gates: true);
        store.Materialize(device, 1);
        var shape = new Conv2dShape(1, Inputs, kernel, kernel, 4 * hidden, kernel, 1);
        foreach (var parameter in (Parameter[])[weight, bias])
        {
            float[] logical = Values((int)parameter.Shape.Count, 0.37), memory = new float[logical.Length];
            store.Write(parameter, logical);
            device.Download(parameter.Value, memory);
            Assert.Equal(logical, Read(store, parameter.Name));
            int taps = parameter == bias ? 1 : kernel * kernel, inputs = parameter == bias ? 1 : Inputs;
            for (int i = 0; i < logical.Length; i++)
            {
                int tap = i % taps, c = i / taps % inputs, row = i / taps / inputs;
                int k = GateOrder.Index(row / hidden, row % hidden, hidden);
                long at = parameter == bias ? k : shape.WeightIndex(k, c, tap / kernel, tap % kernel);
                Assert.Equal(logical[i], memory[at]);
            }
        }
    }

    private static float[] Values(int count, double pace) =>
        [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin(1 + (pace * i)))];

    private static float[] Read(ParameterStore store, string name)
    {
        float[] values = new float[store[name].Shape.Count];
        store.Read(store[name], values);
        return values;
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>The moving average of parameters: its values, its swap with them, and its cost.</summary>
public sealed class WeightAverageTests
{
    private const int Updates = 30;
    private static readonly double[] Decays = [0, 0.5, 0.99];

    public static TheoryData<string, double> Cases()
    {
        var cases = new TheoryData<string, double>();
        foreach (string device in (string[])["cpu", "simulator", "reference"])
        {
            foreach (double decay in Decays)
                cases.Add(device, decay);
        }

        return cases;
    }

    /// <summary>Thirty updates against the formula in double precision, with values that go up and down.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void AverageFollowsTheFormula(string name, double decay)
    {
        using var device = Open(name);
        using var store = Store(device, out var first, out var second);
        using var average = new WeightAverage(store, decay);
        double[] expected = Read(store, store.Values, first, second);
        for (int t = 0; t < Updates; t++)
        {
            Assert.Equal(t, average.UpdateCount);
            Move(store, t, first, second);
            average.Update();
            double d = Math.Min(decay, (1.0 + t) / (10.0 + t));
            double[] values = Read(store, store.Values, first, second);
            for (int i = 0; i < expected.Length; i++)
                expected[i] += (1 - d) * (values[i] - expected[i]);
            double[] actual = Read(store, average.Values, first, second);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 2e-6);
        }

        Assert.Equal(Updates, average.UpdateCount);
    }

    [Fact]
    public void YoungAverageForgetsWhereItStarted()
    {
        using var device = new CpuDevice(1);
        using var store = Store(device, out var first, out var second);
        using var average = new WeightAverage(store, 0.999);
        device.Fill(store.Values, 2f);
        double start = 0;
        for (int t = 0; t < Updates; t++)
        {
            double before = Read(store, average.Values, first, second)[0];
            average.Update();
            start = Read(store, average.Values, first, second)[0];
            Assert.True(Math.Abs(2 - start) <= Math.Abs(2 - before));
        }

        // Π (1 + t)/(10 + t) over thirty updates is 5e-9; with the constant 0.999 it would be 0.97.
        Assert.Equal(2, start, 1e-6);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("simulator")]
    public void ExchangeGivesTheAverageAndASecondOneTheValuesBack(string name)
    {
        using var device = Open(name);
        using var store = Store(device, out var first, out var second);
        using var average = new WeightAverage(store, 0.9);
        Move(store, 0, first, second);
        average.Update();
        double[] values = Read(store, store.Values, first, second);
        double[] mean = Read(store, average.Values, first, second);
        Assert.NotEqual(values, mean);

        average.Exchange();
        Assert.Equal(mean, Read(store, store.Values, first, second));
        Assert.Equal(values, Read(store, average.Values, first, second));
        float[] seen = new float[first.Shape.Count];
        device.Download(first.Value, seen);
        Assert.Equal(mean[..seen.Length], Array.ConvertAll(seen, x => (double)x));

        average.Exchange();
        Assert.Equal(values, Read(store, store.Values, first, second));
        Assert.Equal(mean, Read(store, average.Values, first, second));
    }

    [Fact]
    public void UpdatesAndExchangesMakeNoGarbageAndNoBuffers()
    {
        using var device = new CpuDevice(2);
        using var store = Store(device, out _, out _);
        using var average = new WeightAverage(store, 0.9);
        for (int i = 0; i < 3; i++)
            UpdateAndExchange(average);
        int made = device.Pool.Made;
        long held = device.AllocatedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            UpdateAndExchange(average);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((made, held), (device.Pool.Made, device.AllocatedBytes));
    }

    [Fact]
    public void UpdateIsOneLaunch()
    {
        using var device = new GpuDevice("simulator");
        using var store = Store(device, out _, out _);
        using var average = new WeightAverage(store, 0.9);
        long before = device.Launches;
        average.Update();
        Assert.Equal(1, device.Launches - before);
    }

    [Fact]
    public void ValuesOfARefusedUpdateStayFinite()
    {
        using var device = new GpuDevice("simulator");
        using var store = Store(device, out var first, out var second);
        using var adam = new Adam(store);
        using var average = new WeightAverage(store, 0.9);
        using var tape = new Tape(device);
        double[] start = Read(store, store.Values, first, second);
        tape.Backward(tape.Watch(first).Scale(float.NaN).Sum());
        adam.Step(0.1);
        average.Update();
        Assert.True(double.IsNaN(adam.GradientNorm()));
        Assert.Equal(start, Read(store, average.Values, first, second));
    }

    [Fact]
    public void RestartForgetsEverything()
    {
        using var device = new CpuDevice(1);
        using var store = Store(device, out var first, out var second);
        using var average = new WeightAverage(store, 0.9);
        Move(store, 1, first, second);
        average.Update();
        average.Restart();
        Assert.Equal(0, average.UpdateCount);
        Assert.Equal(Read(store, store.Values, first, second), Read(store, average.Values, first, second));
    }

    [Fact]
    public void BadDecaysAndForeignArenasAreRefused()
    {
        using var device = new CpuDevice(1);
        using var store = Store(device, out var first, out _);
        foreach (double decay in (double[])[1, -0.1, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>(() => new WeightAverage(store, decay));
        Assert.Throws<ShapeException>(() => store.ExchangeValues(first.Value));
        Assert.Throws<ShapeException>(() => store.ExchangeValues(default));
    }

    private static void UpdateAndExchange(WeightAverage average)
    {
        average.Update();
        average.Exchange();
        average.Exchange();
    }

    private static Device Open(string name) => name == "reference" ? new ReferenceDevice() : DeviceCatalog.Open(name);

    private static ParameterStore Store(Device device, out Parameter first, out Parameter second)
    {
        var store = new ParameterStore();
        first = store.Root.Dense("first", new Shape(3, 7, 1, 1), Initializer.TruncatedNormal(1));
        second = store.Root.Dense("second", new Shape(1, 50, 1, 1), Initializer.TruncatedNormal(1));
        store.Materialize(device, 1);
        return store;
    }

    private static void Move(ParameterStore store, int t, params ReadOnlySpan<Parameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            float[] values = new float[parameter.Shape.Count];
            for (int i = 0; i < values.Length; i++)
                values[i] = MathF.Sin((0.7f * t) + i);
            store.Write(parameter, values);
        }
    }

    private static double[] Read(ParameterStore store, Tensor arena, params ReadOnlySpan<Parameter> parameters)
    {
        var all = new List<double>();
        foreach (var parameter in parameters)
        {
            float[] values = new float[parameter.Shape.Count];
            store.Read(arena, parameter, values);
            all.AddRange(Array.ConvertAll(values, x => (double)x));
        }

        return [.. all];
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Cpu;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class AdamTests
{
    private static readonly double[] Start = [1, -2, 0.5, 3, -0.25, 0.125, 7, -1, 0.75];

    public static TheoryData<SimdLevel, float, float> Settings
    {
        get
        {
            var settings = new TheoryData<SimdLevel, float, float>();
            for (var level = SimdLevel.Scalar; level <= Simd.Level; level++)
            {
                settings.Add(level, 0f, 0f);
                settings.Add(level, 0.05f, 0f);
                settings.Add(level, 0.05f, 2f);
            }

            return settings;
        }
    }

    /// <summary>Twenty steps on Σ (p − ½)⁴, p in two parameters, against the algorithm in double precision.</summary>
    [Theory]
    [MemberData(nameof(Settings))]
    public void TwentyStepsFollowTheAlgorithm(SimdLevel level, float weightDecay, float clip)
    {
        using var device = new CpuDevice(2, level);
        using var store = new ParameterStore();
        var first = store.Root.Dense("first", new Shape(1, 7, 1, 1), Initializer.Zeros);
        var second = store.Root.Dense("second", new Shape(1, 2, 1, 1), Initializer.Zeros);
        store.Materialize(device, 1);
        float[] start = Array.ConvertAll(Start, x => (float)x);
        store.Write(first, start.AsSpan(0, 7));
        store.Write(second, start.AsSpan(7));
        using var adam = new Adam(store, new AdamOptions { WeightDecay = weightDecay, ClipNorm = clip });
        using var tape = new Tape(device);
        double[] p = [.. Start], m = new double[9], v = new double[9];
        for (int t = 1; t <= 20; t++)
        {
            tape.Backward(Loss(first).Add(Loss(second)));
            adam.Step(0.05);
            tape.Reset();
            double[] g = Array.ConvertAll(p, x => 4 * (x - 0.5) * (x - 0.5) * (x - 0.5));
            double norm = Math.Sqrt(g.Sum(x => x * x)), scale = clip > 0 ? Math.Min(1, clip / norm) : 1;
            for (int i = 0; i < 9; i++)
            {
                m[i] = (0.9 * m[i]) + (0.1 * scale * g[i]);
                v[i] = (0.999 * v[i]) + (0.001 * scale * g[i] * scale * g[i]);
                double step = m[i] / (1 - Math.Pow(0.9, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
                p[i] -= 0.05 * (step + (weightDecay * p[i]));
            }
        }

        Assert.Equal(20, adam.StepCount);
        float[] values = new float[9];
        store.Read(first, values.AsSpan(0, 7));
        store.Read(second, values.AsSpan(7));
        // The rounding of twenty single-precision steps on numbers up to 7.
        for (int i = 0; i < 9; i++)
            Assert.Equal(p[i], values[i], 1e-5);

        Variable Loss(Parameter parameter) => tape.Watch(parameter).Affine(1f, -0.5f).Square().Square().Sum();
    }

    [Theory]
    [InlineData(1f, 3)]
    [InlineData(float.NaN, double.NaN)]
    [InlineData(float.PositiveInfinity, double.NaN)]
    public void GradientNormIsThatOfAllParameters(float factor, double expected)
    {
        using var device = new CpuDevice(1);
        using var store = new ParameterStore();
        var a = store.Root.Dense("a", new Shape(1, 2, 1, 1), Initializer.Zeros);
        var b = store.Root.Dense("b", new Shape(1, 1, 1, 1), Initializer.Zeros);
        var unused = store.Root.Dense("unused", new Shape(1, 3, 1, 1), Initializer.Zeros);
        store.Materialize(device, 1);
        using var adam = new Adam(store);
        using var tape = new Tape(device);
        device.Fill(unused.Gradient, 9f);
        tape.Backward(tape.Watch(a).Scale(2f).Sum().Add(tape.Watch(b).Scale(factor).Sum()));
        adam.Step(0);
        Assert.Equal(expected, adam.GradientNorm(), 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void SumOfSquaresOfManyElements(int threads)
    {
        const int Count = 200_001;
        using var device = new CpuDevice(threads);
        using var buffer = device.CreateBuffer(Count);
        float[] values = new float[Count];
        double expected = 0;
        for (int i = 0; i < Count; i++)
        {
            values[i] = ((i % 1001) - 300) * 0.01f;
            expected += (double)values[i] * values[i];
        }

        var tensor = new Tensor(buffer, 0, new Shape(1, Count, 1, 1));
        device.Upload(values, tensor);
        using var sum = device.CreateBuffer(1);
        var total = new Tensor(sum, 0, Shape.Scalar);
        device.SumOfSquares(total, tensor);
        float[] read = new float[1];
        device.Download(total, read);
        Assert.Equal(1, read[0] / expected, 1e-5);
        Assert.Equal(0, device.Pool.Live);
    }

    [Fact]
    public void SchedulesOfThePaper()
    {
        LinearSchedule rate = new(5e-4, 5e-5, 1_600_000), sigma = new(2.0, 0.7, 200_000);
        Assert.Equal(5e-4, rate.At(0), 1e-18);
        Assert.Equal(2.75e-4, rate.At(800_000), 1e-18);
        Assert.Equal(5e-5 + (4.5e-4 / 1_600_000), rate.At(1_599_999), 1e-15);
        Assert.Equal(5e-5, rate.At(1_600_000));
        Assert.Equal(5e-5, rate.At(2_000_000));
        Assert.Equal(2.0, sigma.At(0), 1e-15);
        Assert.Equal(1.35, sigma.At(100_000), 1e-15);
        Assert.Equal(0.7, sigma.At(200_000));
        Assert.Equal(0.7, new LinearSchedule(2.0, 0.7, 0).At(0));
    }

    [Fact]
    public void AGeometricScheduleFallsByEqualRatios()
    {
        var sigma = new LinearSchedule(2.0, 0.2, 400, ScheduleShape.Geometric);
        Assert.Equal(2.0, sigma.At(0), 1e-15);
        Assert.Equal(2 / Math.Sqrt(Math.Sqrt(10)), sigma.At(100), 1e-14);
        Assert.Equal(2 / Math.Sqrt(10), sigma.At(200), 1e-14);
        Assert.Equal(sigma.At(1) / sigma.At(0), sigma.At(399) / sigma.At(398), 1e-13);
        Assert.Equal(0.2, sigma.At(400));
        Assert.Equal(0.2, sigma.At(1_000_000));
        Assert.Equal(1e-3, new LinearSchedule(1e-5, 1e-1, 2, ScheduleShape.Geometric).At(1), 1e-17);
        Assert.Equal(0.7, new LinearSchedule(2.0, 0.7, 0, ScheduleShape.Geometric).At(0));
    }
}

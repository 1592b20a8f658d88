using Gqn.Native.Engine;
using Gqn.Native.Tests.Ops;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>Parameters that a device reads from its memory give the same bytes as parameters that are passed.</summary>
public sealed class StepValueTests
{
    public static TheoryData<string> Devices() => ["cpu", "simulator", "opencl:0", "cuda:0"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void ParametersInMemoryAreThoseThatArePassed(string name)
    {
        using var device = Open(name);
        using var sigma = new StepSigma(device);
        using var scale = new StepScale(device);
        using var origin = device.CreateStepValue<uint>();
        foreach (var (deviation, factor, position) in ((float, float, uint)[])[
            (0.7f, 0.3f, 0), (1.9f, -2f, 7), (0.01f, 1f, uint.MaxValue), (0.7f, 0.1f, 12345)])
        {
            (sigma.Value, scale.Value, origin.Value) = (deviation, factor, position);
            float[] passed = Compute(
                device, deviation, x => x.Scale(factor), new RandomStream(5, 6) { Position = position });
            float[] stored = Compute(
                device, sigma, x => x.Scale(scale), new RandomStream(5, 6) { Position = position, Origin = origin });
            Assert.Equal(passed, stored);
            Assert.Contains(passed, value => value != 0f);
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void AValueIsThatOfTheLastSetting(string name)
    {
        using var device = Open(name);
        using StepScale first = new(device), second = new(device);
        using var tape = new Tape(device);
        var x = tape.Constant(Shape.Scalar, 2f);
        for (int step = 1; step < 20; step++)
        {
            (first.Value, second.Value) = (step, -1f);
            var y = x.Scale(first);
            second.Value = 0.5f;
            Assert.Equal((2f * step, step), (y.Item(), y.Scale(second).Item()));
        }
    }

    [Fact]
    public void PlacesAreUsedAgainAndAreClearAtFirst()
    {
        using var device = new CpuDevice(1);
        for (int i = 0; i < 1000; i++)
        {
            using var value = device.CreateStepValue<uint>();
            Assert.Equal(0u, value.Value);
            value.Value = 7;
            value.Dispose();
        }

        var many = Enumerable.Range(0, 256).Select(_ => device.CreateStepValue<int>()).ToList();
        Assert.Contains(
            "256", Assert.Throws<InvalidOperationException>(() => device.CreateStepValue<int>()).Message,
            StringComparison.Ordinal);
        many.ForEach(value => value.Dispose());
        // A GPU counts in values of their size, so that 12 bytes would begin in the wrong place.
        Assert.Throws<InvalidOperationException>(() => device.CreateStepValue<(decimal, decimal, int)>());
        Assert.Throws<InvalidOperationException>(() => device.CreateStepValue<System.Numerics.Vector3>());
    }

    [Fact]
    public void AStandardDeviationIsAboveZero()
    {
        using var device = new CpuDevice(1);
        using var sigma = new StepSigma(device);
        Assert.Throws<ArgumentOutOfRangeException>(() => sigma.Value = 0f);
        using var tape = new Tape(device);
        var x = tape.Constant(Shape.Scalar, 1f);
        // It was never set.
        Assert.Throws<ArgumentOutOfRangeException>(() => x.GaussianNll(x, sigma));
    }

    /// <summary>All ops that read step values, forward and backward, with both gradients where there are two.</summary>
    private static float[] Compute(Device device, Sigma sigma, Func<Variable, Variable> scale, RandomStream noise)
    {
        using var tape = new Tape(device);
        var random = new RandomStream(1, 2);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextNormal())];
        Shape shape = new(2, 6, 3, 1), half = shape with { C = 3 };
        using var buffers = new Leaves(tape);
        var posterior = buffers.Leaf(shape, Numbers((int)shape.Count));
        var prior = buffers.Leaf(shape, Numbers((int)shape.Count));
        var image = buffers.Leaf(half, Numbers((int)half.Count));
        _ = noise.NextUInt32();
        var (z, kl) = posterior.GaussianLatent(prior, noise);
        var loss = scale(z.GaussianNll(image, sigma).Sum().Add(kl.Sum()));
        tape.Backward(loss);
        return [loss.Item(), .. buffers.Gradients()];
    }

    private static Device Open(string name)
    {
        try
        {
            return DeviceCatalog.Open(name, name == "cpu" ? null : Precision.Fp32);
        }
        catch (System.Runtime.InteropServices.ExternalException exception)
        {
            Assert.SkipUnless(DeviceRows.IsRequired(name), exception.Message);
            throw;
        }
    }

    /// <summary>Variables with gradients, whose memory lives as long as this.</summary>
    private sealed class Leaves(Tape tape) : IDisposable
    {
        private readonly List<Variable> _leaves = [];

        public Variable Leaf(Shape shape, float[] values)
        {
            var tensor = new Tensor(tape.Device.CreateBuffer(shape.Count), 0, shape);
            tape.Device.Upload(values, tensor);
            _leaves.Add(tape.Leaf(tensor));
            return _leaves[^1];
        }

        public IEnumerable<float> Gradients() => _leaves.SelectMany(leaf =>
        {
            float[] values = new float[leaf.Shape.Count];
            tape.Device.Download(tape.Gradient(leaf), values);
            return values;
        });

        public void Dispose() => _leaves.ForEach(leaf => leaf.Value.Buffer.Dispose());
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class ParameterStoreTests : IDisposable
{
    private readonly CpuDevice _device = new(1);
    private readonly ParameterStore _store = new();

    public void Dispose()
    {
        _store.Dispose();
        Assert.Equal(0, _device.AllocatedBytes);
        _device.Dispose();
    }

    [Fact]
    public void NamesAreDottedPathsAndUnique()
    {
        var scope = _store.Root.Child("core").Child("gates");
        var bias = scope.Dense("bias", new Shape(1, 3, 1, 1), Initializer.Zeros);
        Assert.Equal("core.gates.bias", bias.Name);
        Assert.Same(bias, _store["core.gates.bias"]);
        Assert.True(_store.Contains("core.gates.bias"));
        var twice = Assert.Throws<ArgumentException>(() =>
            scope.Dense("bias", new Shape(1, 4, 1, 1), Initializer.Zeros));
        Assert.Contains("'core.gates.bias'", twice.Message, StringComparison.Ordinal);
        Assert.Equal(3, _store.Count);
        var missing = Assert.Throws<KeyNotFoundException>(() => _store["core.bias"]);
        Assert.Equal("There is no parameter 'core.bias'.", missing.Message);
    }

    [Fact]
    public void MemoryComesOnceAndAfterAllDeclarations()
    {
        Assert.Throws<InvalidOperationException>(() => _store.Values);
        Assert.Throws<InvalidOperationException>(() => _store.Gradients);
        _store.Root.Dense("a", new Shape(1, 3, 1, 1), Initializer.Zeros);
        _store.Materialize(_device, 1);
        Assert.Throws<InvalidOperationException>(() => _store.Materialize(_device, 1));
        var late = Assert.Throws<InvalidOperationException>(() =>
            _store.Root.Dense("b", new Shape(1, 3, 1, 1), Initializer.Zeros));
        Assert.Equal("Parameter 'b' is declared after the store got its memory.", late.Message);
    }

    [Fact]
    public void EmptyStoreIsAllowed()
    {
        _store.Materialize(_device, 1);
        _store.CompleteGradients();
        Assert.Equal(0, _store.Count);
        using var adam = new Adam(_store);
        adam.Step(1);
        Assert.Equal(0, adam.GradientNorm());
        _device.Pool.Trim();
    }

    [Theory]
    [InlineData(5, 2, 2)]
    [InlineData(70, 1, 1)]
    [InlineData(1, 3, 1)]
    [InlineData(31, 3, 1)]
    [InlineData(32, 3, 1)]
    [InlineData(33, 5, 1)]
    [InlineData(70, 3, 1)]
    public void ConvolutionWeightsLieAsTheKernelsWant(int outputs, int kernel, int stride)
    {
        const int Inputs = 3;
        var shape = new Conv2dShape(1, Inputs, 2 * kernel, 2 * kernel, outputs, kernel, stride);
        _store.Root.Dense("before", new Shape(1, 7, 1, 1), Initializer.Zeros);
        var weight = _store.Root.Convolution("weight", outputs, Inputs, kernel, stride, Initializer.Zeros);
        _store.Root.Dense("after", new Shape(1, 7, 1, 1), Initializer.Zeros);
        _store.Materialize(_device, 1);
        float[] logical = new float[outputs * Inputs * kernel * kernel], memory = new float[logical.Length];
        for (int i = 0; i < logical.Length; i++)
            logical[i] = i + 1;
        _store.Write(weight, logical);
        _device.Download(weight.Value, memory);
        for (int o = 0; o < outputs; o++)
        {
            for (int c = 0; c < Inputs; c++)
            {
                for (int ky = 0; ky < kernel; ky++)
                {
                    for (int kx = 0; kx < kernel; kx++)
                    {
                        int oihw = (((((o * Inputs) + c) * kernel) + ky) * kernel) + kx;
                        Assert.Equal(logical[oihw], memory[shape.WeightIndex(o, c, ky, kx)]);
                    }
                }
            }
        }

        float[] read = new float[logical.Length];
        _store.Read(weight, read);
        Assert.Equal(logical, read);
        Assert.Equal(new float[7], Read("before"));
        Assert.Equal(new float[7], Read("after"));
    }

    [Fact]
    public void ChannelsLastWeightsAreTheMatrixFromAPixelToItsBlock()
    {
        const int Inputs = 5, Outputs = 3, Kernel = 2;
        var weight = _store.Root.ChannelsLast("weight", Inputs, Outputs, Kernel, Initializer.Zeros);
        _store.Materialize(_device, 1);
        float[] logical = new float[Inputs * Outputs * Kernel * Kernel], memory = new float[logical.Length];
        for (int i = 0; i < logical.Length; i++)
            logical[i] = i + 1;
        _store.Write(weight, logical);
        _device.Download(weight.Value, memory);
        for (int c = 0; c < Inputs; c++)
        {
            for (int tap = 0; tap < Kernel * Kernel; tap++)
            {
                for (int o = 0; o < Outputs; o++)
                {
                    Assert.Equal(
                        logical[(((c * Outputs) + o) * Kernel * Kernel) + tap],
                        memory[(((c * Kernel * Kernel) + tap) * Outputs) + o]);
                }
            }
        }

        float[] read = new float[logical.Length];
        _store.Read(weight, read);
        Assert.Equal(logical, read);
    }

    [Fact]
    public void ReadAndWriteRefuseAnotherNumberOfValues()
    {
        var bias = _store.Root.Dense("bias", new Shape(1, 3, 1, 1), Initializer.Zeros);
        _store.Materialize(_device, 1);
        var write = Assert.Throws<ShapeException>(() => _store.Write(bias, [1f, 2f]));
        Assert.Equal("Parameter 'bias' (1, 3, 1, 1) has 3 values, not 2.", write.Message);
        Assert.Throws<ShapeException>(() => _store.Read(bias, new float[4]));
    }

    [Fact]
    public void InitialValuesDependOnNameAndSeedAlone()
    {
        float[] alone = Initial(7, "w"), withOthers = Initial(7, "a", "w", "z"), otherOrder = Initial(7, "z", "w", "a");
        Assert.Equal(alone, withOthers);
        Assert.Equal(alone, otherOrder);
        Assert.NotEqual(alone, Initial(8, "w"));

        float[] Initial(ulong seed, params string[] names)
        {
            using var store = new ParameterStore();
            foreach (string name in names)
                store.Root.Convolution(name, 4, 3, 3, 1, Initializer.TruncatedNormal(27));
            store.Materialize(_device, seed);
            float[] values = new float[108];
            store.Read(store["w"], values);
            if (names.Length > 1)
            {
                float[] other = new float[108];
                store.Read(store["a"], other);
                Assert.NotEqual(values, other);
            }

            return values;
        }
    }

    [Fact]
    public void TruncatedNormalHasItsDeviationAndBounds()
    {
        const int FanIn = 400;
        var weight = _store.Root.Convolution("w", 64, 32, 3, 1, Initializer.TruncatedNormal(FanIn));
        _store.Materialize(_device, 5);
        float[] values = Read("w");
        double count = weight.Shape.Count, deviation = 1 / Math.Sqrt(FanIn);
        double mean = values.Sum(x => (double)x) / count;
        double spread = Math.Sqrt(values.Sum(x => (x - mean) * (x - mean)) / count);
        Assert.All(values, x => Assert.True(Math.Abs(x) <= 2 * deviation * (1 + 1e-6)));
        Assert.Contains(values, x => Math.Abs(x) > 1.9 * deviation);
        Assert.Equal(0, mean / deviation, 5 / Math.Sqrt(count));
        // A normal distribution truncated at two deviations has variance 1 − 2·2·φ(2)/(2Φ(2) − 1) = 0.7737.
        Assert.Equal(0.8796, spread / deviation, 5 / Math.Sqrt(2 * count));
    }

    [Fact]
    public void RangeFillsItsElementsOnly()
    {
        _store.Root.Dense("b", new Shape(1, 6, 1, 1), Initializer.Range(1f, 2, 2));
        _store.Materialize(_device, 5);
        Assert.Equal([0f, 0f, 1f, 1f, 0f, 0f], Read("b"));
    }

    private float[] Read(string name)
    {
        float[] values = new float[_store[name].Shape.Count];
        _store.Read(_store[name], values);
        return values;
    }
}

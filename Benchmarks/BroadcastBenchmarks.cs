using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("Bias gradients, sums over contexts, tiling and channel copies, against a scalar sum over rows")]
public unsafe class BroadcastBenchmarks : IKernelBenchmarks
{
    private const int Images = 8, Channels = 256, Side = 8, Elements = Images * Channels * Side * Side;
    private static readonly BroadcastShape Bias = new(1, Channels, 1, 1, Images, Channels, Side, Side);
    private static readonly BroadcastShape Tile = new(Images, Channels, 1, 1, Images, Channels, Side, Side);
    private static readonly BroadcastShape Scalar = new(1, 1, 1, 1, Images, Channels, Side, Side);
    private CpuWorkspace _workspace = null!;
    private Floats _large = null!, _small = null!, _half = null!;

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        (_large, _small, _half) = (
            new Floats(Elements), new Floats(Images * Channels),
            new Floats(Elements / 2));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        _large.Dispose();
        _small.Dispose();
        _half.Dispose();
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method) => method switch
    {
        nameof(TilePixels) => Work.PerElement(Elements, flops: 0, floats: 1),
        nameof(CopyHalfTheChannels) => Work.PerElement(Elements / 2, flops: 0, floats: 2),
        _ => Work.PerElement(Elements, flops: 1, floats: 1),
    };

    [Benchmark(Baseline = true)]
    public void NaiveBiasGradient()
    {
        for (int c = 0; c < Channels; c++)
        {
            float sum = 0;
            for (int row = 0; row < Images * Side * Side; row++)
                sum += _large.Pointer[(row * Channels) + c];
            _small.Pointer[c] = sum;
        }
    }

    [Benchmark]
    public void BiasGradient() => BroadcastKernels.Sum(_workspace, _small.Pointer, 0, _large.Pointer, Bias, 1);

    [Benchmark]
    public void PoolPixels() =>
        BroadcastKernels.Sum(_workspace, _small.Pointer, 0, _large.Pointer, Tile, 1f / (Side * Side));

    [Benchmark]
    public void SumAll() => BroadcastKernels.Sum(_workspace, _small.Pointer, 0, _large.Pointer, Scalar, 1);

    [Benchmark]
    public void TilePixels() => BroadcastKernels.Broadcast(_workspace, _large.Pointer, 0, _small.Pointer, Tile, 1);

    [Benchmark]
    public void CopyHalfTheChannels() => ChannelKernels.Copy(
        _workspace, _half.Pointer, Channels / 2, 0, 0, _large.Pointer, Channels, Channels / 2, Channels / 2,
        Images * Side * Side);
}

using BenchmarkDotNet.Attributes;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

/// <summary>Bias gradients, sums over contexts, tiling and channel copies, against a scalar sum over rows.</summary>
[MemoryDiagnoser]
public unsafe class BroadcastBenchmarks : IDisposable
{
    private const int Images = 8, Channels = 256, Side = 8;
    private static readonly BroadcastShape Bias = new(1, Channels, 1, 1, Images, Channels, Side, Side);
    private static readonly BroadcastShape Tile = new(Images, Channels, 1, 1, Images, Channels, Side, Side);
    private static readonly BroadcastShape Scalar = new(1, 1, 1, 1, Images, Channels, Side, Side);
    private CpuWorkspace _workspace = null!;
    private Floats _large = null!, _small = null!, _half = null!;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        (_large, _small, _half) = (
            new Floats(Images * Channels * Side * Side), new Floats(Images * Channels),
            new Floats(Images * Channels * Side * Side / 2));
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

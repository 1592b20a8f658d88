using BenchmarkDotNet.Attributes;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Benchmarks;

/// <summary>
/// Posterior sample and divergence with regenerated noise, against a scalar loop that draws the same noise.
/// </summary>
[MemoryDiagnoser]
public unsafe class GaussianLatentBenchmarks : IDisposable
{
    private static readonly PhiloxKey Key = new(1, 2, 3);
    private CpuWorkspace _workspace = null!;
    private Floats _posterior = null!, _prior = null!, _z = null!, _kl = null!, _dPosterior = null!, _dPrior = null!;

    /// <summary>Pixels of the batch: 8x8 at batch 8, and 16x16 at batch 36.</summary>
    [Params(512, 9216)]
    public int Rows { get; set; }

    /// <summary>Channels of the latent.</summary>
    [Params(3, 64)]
    public int Channels { get; set; }

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        long count = (long)Rows * Channels;
        (_posterior, _prior, _dPosterior, _dPrior) = (
            new Floats(2 * count), new Floats(2 * count), new Floats(2 * count), new Floats(2 * count));
        (_z, _kl) = (new Floats(count), new Floats(count));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _posterior, _prior, _z, _kl, _dPosterior, _dPrior })
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void NaiveForward()
    {
        for (int row = 0; row < Rows; row++)
        {
            float* q = _posterior.Pointer + (2L * row * Channels), p = _prior.Pointer + (2L * row * Channels);
            for (int j = 0; j < Channels; j++)
            {
                long at = ((long)row * Channels) + j;
                float distance = q[j] - p[j], lq = q[Channels + j], lp = p[Channels + j];
                _z.Pointer[at] = q[j] + (MathF.Exp(0.5f * lq) * Philox.Normal(Key, (uint)at));
                _kl.Pointer[at] = 0.5f * (lp - lq + MathF.Exp(lq - lp) + (distance * distance * MathF.Exp(-lp)) - 1f);
            }
        }
    }

    [Benchmark]
    public void Forward() => GaussianLatentKernels.Forward(
        _workspace, _z.Pointer, _kl.Pointer, _posterior.Pointer, _prior.Pointer, Key, Rows, Channels);

    [Benchmark]
    public void Backward() => GaussianLatentKernels.Backward(
        _workspace, _dPosterior.Pointer, 0, _dPrior.Pointer, 0, _z.Pointer, _kl.Pointer, _posterior.Pointer,
        _prior.Pointer, Key, Rows, Channels);
}

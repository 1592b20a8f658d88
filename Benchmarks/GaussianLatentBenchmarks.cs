using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Benchmarks;

[Description("Posterior sample and divergence with regenerated noise, against a scalar loop that draws the same noise")]
public unsafe class GaussianLatentBenchmarks : IKernelBenchmarks
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

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
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

    /// <summary>The noise is integer arithmetic and does not count.</summary>
    public Work WorkOf(string method) => method == nameof(Backward)
        ? Work.PerElement((double)Rows * Channels, flops: 23, floats: 10)
        : Work.PerElement((double)Rows * Channels, flops: 16, floats: 6);

    [Benchmark(Baseline = true)]
    public void NaiveForward() => new PlainGaussianLatent
    {
        Posterior = _posterior.Pointer,
        Prior = _prior.Pointer,
        Z = _z.Pointer,
        Kl = _kl.Pointer,
        Key = Key,
        Channels = Channels,
    }.Run(0, Rows);

    [Benchmark]
    public void Forward() => GaussianLatentKernels.Forward(
        _workspace, _z.Pointer, _kl.Pointer, _posterior.Pointer, _prior.Pointer, Key, Rows, Channels);

    [Benchmark]
    public void Backward() => GaussianLatentKernels.Backward(
        _workspace,
        new GaussianLatentGradients
        {
            DPosterior = _dPosterior.Pointer,
            DPrior = _dPrior.Pointer,
            Dz = _z.Pointer,
            DKl = _kl.Pointer,
            Posterior = _posterior.Pointer,
            Prior = _prior.Pointer,
            Key = Key,
            Rows = Rows,
            Channels = Channels,
        });
}

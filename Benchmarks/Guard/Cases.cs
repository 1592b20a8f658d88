using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>
/// The guarded cases: a method of a benchmark class against plain code on the same threads. To add one, add a line to
/// <see cref="All"/>, and commit its figures with <c>check --update</c>.
/// </summary>
internal static unsafe class Cases
{
    private static readonly Conv2dShape Recurrent = new(8, 64, 8, 8, 256, 5, 1);

    /// <summary>Makes each case on its own, so that only one at a time holds memory.</summary>
    public static IReadOnlyList<Func<Peaks, GuardCase>> All { get; } =
    [
        peaks => Convolution("conv 5x5 64-256 8x8 batch 8, forward", peaks, nameof(Conv2dBenchmarks.Forward)),
        peaks => Convolution("conv 5x5 64-256 8x8 batch 8, dx", peaks, nameof(Conv2dBenchmarks.BackwardInput)),
        peaks => Convolution("conv 5x5 64-256 8x8 batch 8, dw", peaks, nameof(Conv2dBenchmarks.BackwardWeight)),
        peaks => Sum("sum 5x5 inference 8x8, forward", peaks, 1, nameof(ConvolutionSumBenchmarks.Forward)),
        peaks => Sum("sum 5x5 inference 8x8, cell", peaks, 1, nameof(ConvolutionSumBenchmarks.LstmCell)),
        peaks => Sum("sum 5x5 inference 8x8, dx", peaks, 1, nameof(ConvolutionSumBenchmarks.BackwardInput)),
        peaks => Sum("sum 5x5 inference 8x8, dw", peaks, 1, nameof(ConvolutionSumBenchmarks.BackwardWeight)),
        peaks => Sum("sum 3x3 inference 8x8, forward", peaks, 2, nameof(ConvolutionSumBenchmarks.Forward)),
        peaks => Sum("sum 3x3 inference 8x8, dw", peaks, 2, nameof(ConvolutionSumBenchmarks.BackwardWeight)),
        peaks => Product("gemm 512x512x512", peaks, m: 512, k: 512, n: 512),
        peaks => Product("gemm 512x64x1024", peaks, m: 512, k: 64, n: 1024),
        peaks => Gates("lstm gates 512x64, forward", peaks, nameof(LstmCellBenchmarks.Forward)),
        peaks => Gates("lstm gates 512x64, backward", peaks, nameof(LstmCellBenchmarks.Backward)),
        peaks => Adam("adam 4M", peaks, 1 << 22),
        peaks => Latent("gaussian latent 2048x64", peaks, rows: 2048, channels: 64),
        peaks => Sigmoid("sigmoid 1M", peaks, 1 << 20),
        peaks => Gather("gather 24x1024 4 of 8x8, 24 channels, forward", peaks, 0, nameof(GatherBenchmarks.Forward)),
        peaks => Gather("gather 24x1024 4 of 8x8, 24 channels, dx", peaks, 0, nameof(GatherBenchmarks.Backward)),
        peaks => Gather("gather 8x4096 8 of 1024, 32 channels, forward", peaks, 3, nameof(GatherBenchmarks.Forward)),
        peaks => Gather("gather 8x4096 8 of 1024, 32 channels, dx", peaks, 3, nameof(GatherBenchmarks.Backward)),
        peaks => TrainingStep("training step tiny", peaks, "tiny"),
    ];

    // Every pass has as many operations as the forward pass, whose plain loop stands for all of them.
    private static GuardCase Convolution(string name, Peaks peaks, string method)
    {
        var benchmarks = new Conv2dBenchmarks { Threads = peaks.Pool.Threads, Place = new(name, Recurrent) };
        benchmarks.Allocate();
        var one = Recurrent with { N = 1 };
        var (x, y) = (new Floats((long)one.C * one.H * one.W), new Floats((long)one.K * one.OutH * one.OutW));
        var bias = new Floats(one.K);
        var w = new Floats((long)one.K * one.C * one.Kernel * one.Kernel);
        var loop = new PlainConv2d { X = x.Pointer, W = w.Pointer, Y = y.Pointer, Bias = bias.Pointer, Shape = one };
        return Case(
            name, benchmarks, method, () => RowLoop.OnAllThreads(peaks.Pool, loop.Rows, loop), x, w, y, bias) with
        {
            BaselinePart = 1.0 / Recurrent.N,
        };
    }

    // The forward direct kernels are the baseline: equally bound by arithmetic, and equally parallel.
    private static GuardCase Sum(string name, Peaks peaks, int layer, string method)
    {
        var benchmarks = new ConvolutionSumBenchmarks
        {
            Threads = peaks.Pool.Threads,
            Place = ConvolutionSumBenchmarks.Layers.ElementAt(layer),
        };
        benchmarks.Allocate();
        return Case(name, benchmarks, method, benchmarks.Direct);
    }

    private static GuardCase Product(string name, Peaks peaks, int m, int k, int n)
    {
        const int part = 16;
        var benchmarks = new GemmBenchmarks { Threads = peaks.Pool.Threads, Size = (m, n, k) };
        benchmarks.Allocate();
        var (a, b, c) = (new Floats((long)m * k), new Floats((long)k * n), new Floats((long)m * n));
        var loop = new PlainGemm { A = a.Pointer, B = b.Pointer, C = c.Pointer, N = n, K = k };
        return Case(
            name, benchmarks, nameof(GemmBenchmarks.Multiply),
            () => RowLoop.OnAllThreads(peaks.Pool, m / part, loop), a, b, c) with
        {
            BaselinePart = 1.0 / part,
        };
    }

    // The plain forward loop is the baseline of both directions.
    private static GuardCase Gates(string name, Peaks peaks, string method)
    {
        const int rows = 512, hidden = 64;
        var benchmarks = new LstmCellBenchmarks { Threads = peaks.Pool.Threads, Size = (rows, hidden) };
        benchmarks.Allocate();
        var gates = new Floats(4L * rows * hidden);
        var (cell, next, output) = (new Floats(rows * hidden), new Floats(rows * hidden), new Floats(rows * hidden));
        var loop = new PlainLstmCell
        {
            Gates = gates.Pointer,
            Cell = cell.Pointer,
            Next = next.Pointer,
            HiddenState = output.Pointer,
            Hidden = hidden,
        };
        return Case(
            name, benchmarks, method, () => RowLoop.OnAllThreads(peaks.Pool, rows, loop), gates, cell, next,
            output);
    }

    private static GuardCase Adam(string name, Peaks peaks, int count)
    {
        var benchmarks = new AdamStepBenchmarks { Threads = peaks.Pool.Threads, Count = count };
        benchmarks.Allocate();
        var (values, gradients) = (new Floats(count), new Floats(count));
        var (first, second) = (new Floats(count), new Floats(count));
        second.Fill(1e-3f);
        var loop = new AdamInPasses
        {
            Values = values.Pointer,
            Gradients = gradients.Pointer,
            First = first.Pointer,
            Second = second.Pointer,
        };
        return Case(name, benchmarks, nameof(AdamStepBenchmarks.Update), Passes, values, gradients, first, second) with
        {
            Limit = Resource.Memory,
        };

        void Passes()
        {
            for (int pass = 0; pass < AdamInPasses.Passes; pass++)
            {
                loop.Pass = pass;
                RowLoop.OnAllThreads(peaks.Pool, count / AdamInPasses.RowLength, loop);
            }
        }
    }

    private static GuardCase Latent(string name, Peaks peaks, int rows, int channels)
    {
        const int part = 2;
        var benchmarks = new GaussianLatentBenchmarks
        {
            Threads = peaks.Pool.Threads,
            Rows = rows,
            Channels = channels,
        };
        benchmarks.Allocate();
        long count = (long)rows * channels;
        var (posterior, prior) = (new Floats(2 * count), new Floats(2 * count));
        var (z, kl) = (new Floats(count), new Floats(count));
        var loop = new PlainGaussianLatent
        {
            Posterior = posterior.Pointer,
            Prior = prior.Pointer,
            Z = z.Pointer,
            Kl = kl.Pointer,
            Key = new PhiloxKey(1, 2, 3),
            Channels = channels,
        };
        return Case(
            name, benchmarks, nameof(GaussianLatentBenchmarks.Forward),
            () => RowLoop.OnAllThreads(peaks.Pool, rows / part, loop), posterior, prior, z, kl) with
        {
            BaselinePart = 1.0 / part,
        };
    }

    private static GuardCase Sigmoid(string name, Peaks peaks, int count)
    {
        var benchmarks = new PointwiseBenchmarks { Threads = peaks.Pool.Threads, Count = count };
        benchmarks.Allocate();
        var (x, y) = (new Floats(count), new Floats(count));
        var loop = new PlainSigmoid { X = x.Pointer, Y = y.Pointer };
        return Case(
            name, benchmarks, nameof(PointwiseBenchmarks.Sigmoid),
            () => RowLoop.OnAllThreads(peaks.Pool, count, loop), x, y);
    }

    // Both directions have the products of the forward one, whose plain loop stands for both.
    private static GuardCase Gather(string name, Peaks peaks, int place, string method)
    {
        var benchmarks = new GatherBenchmarks
        {
            Threads = peaks.Pool.Threads,
            Place = GatherBenchmarks.Places.ElementAt(place),
        };
        benchmarks.Allocate();
        var loop = benchmarks.Plain;
        return Case(name, benchmarks, method, () => RowLoop.OnAllThreads(peaks.Pool, loop.AllRows, loop));
    }

    // No plain code does a whole step: the step's multiply-adds at the peak rate stand for it, so the ratio is the
    // share of the peak, which is low for so small a model.
    private static GuardCase TrainingStep(string name, Peaks peaks, string preset)
    {
        var benchmarks = new TrainingStepBenchmarks { Threads = peaks.Pool.Threads, Preset = preset };
        benchmarks.Create();
        var guarded = Case(name, benchmarks, nameof(TrainingStepBenchmarks.Step), peaks.MultiplyAdd);
        return guarded with { BaselinePart = peaks.MultiplyAddWork.Flops / guarded.Work.Flops, Floor = 0.01 };
    }

    private static GuardCase Case<TBenchmarks>(
        string name, TBenchmarks benchmarks, string method, Action baseline, params IDisposable[] owned)
        where TBenchmarks : class, IKernelBenchmarks => new()
        {
            Name = name,
            Work = benchmarks.WorkOf(method),
            Run = typeof(TBenchmarks).GetMethod(method)!.CreateDelegate<Action>(benchmarks),
            Baseline = baseline,
            Owned = [benchmarks, .. owned],
        };
}

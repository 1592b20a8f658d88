using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Direct convolution and its two gradients, in register tiles over rearranged images.</summary>
/// <remarks>
/// Images are dense NHWC, weights are laid out by <see cref="Conv2dShape.WeightIndex"/>. beta is 0 (overwrite; the old
/// value is not read) or 1 (accumulate). Operands and results must not overlap, except for the addend. Results are
/// bit-identical for any number of threads. A transposed convolution is <see cref="BackwardInput"/>.
/// </remarks>
public static unsafe class DirectConv2d
{
    /// <summary>
    /// y = f(addend + x ∗ w + bias), where (x ∗ w)[n,oy,ox,k] =
    /// Σ x[n, oy·Stride + ky - Padding, ox·Stride + kx - Padding, c] · w[k,c,ky,kx].
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="y">The result, (N, K, OutH, OutW).</param>
    /// <param name="addend">Same shape as y, may be y itself; null for none.</param>
    /// <param name="x">The images, (N, C, H, W).</param>
    /// <param name="w">The weights, (K, C, Kernel, Kernel).</param>
    /// <param name="bias">K values, or null for none.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="activation">The activation f.</param>
    /// <exception cref="ArgumentException">The shape is not supported.</exception>
    public static void Forward<TActivation>(
        CpuWorkspace workspace, float* y, float* addend, float* x, float* w, float* bias, in Conv2dShape shape,
        TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        Check(shape);
        var plan = PlanForward<TActivation>(shape, workspace.Pool.Threads, out var size);
        workspace.Reserve(size);
        plan.Source = PackInput(workspace, x, shape, alignedChannels: false);
        plan.Weights.Memory = w;
        plan.Bias = bias;
        plan.Output = y;
        plan.Addend = addend;
        plan.Activation = activation;
        plan.Attach(workspace);
        workspace.Pool.For(plan.Items, ref plan);
    }

    /// <summary>
    /// dx = beta·dx + the gradient with respect to x, the adjoint of <see cref="Forward"/> without bias and f:
    /// Σ dy[n,oy,ox,k] · w[k,c,ky,kx] over all products with x[n,iy,ix,c].
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="dx">The result, (N, C, H, W).</param>
    /// <param name="beta">0 or 1.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, OutH, OutW).</param>
    /// <param name="w">The weights, (K, C, Kernel, Kernel).</param>
    /// <param name="shape">The sizes of the forward convolution.</param>
    /// <exception cref="ArgumentException">The shape is not supported, or beta is neither 0 nor 1.</exception>
    public static void BackwardInput(
        CpuWorkspace workspace, float* dx, float beta, float* dy, float* w, in Conv2dShape shape)
    {
        Check(shape);
        CheckBeta(beta);
        var plan = PlanBackwardInput(shape, workspace.Pool.Threads, out var size);
        workspace.Reserve(size);
        plan.Source = plan.SourcePadded ? PackInput(workspace, dy, Adjoint(shape), alignedChannels: false) : dy;
        plan.Weights.Memory = w;
        plan.Output = dx;
        plan.Addend = beta == 0f ? null : dx;
        plan.Attach(workspace);
        workspace.Pool.For(plan.Items, ref plan);
    }

    /// <summary>
    /// dw = beta·dw + Σ x[n, oy·Stride + ky - Padding, ox·Stride + kx - Padding, c] · dy[n,oy,ox,k].
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="dw">The result, (K, C, Kernel, Kernel).</param>
    /// <param name="beta">0 or 1.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, OutH, OutW).</param>
    /// <param name="x">The images, (N, C, H, W).</param>
    /// <param name="shape">The sizes of the forward convolution.</param>
    /// <exception cref="ArgumentException">The shape is not supported, or beta is neither 0 nor 1.</exception>
    public static void BackwardWeight(
        CpuWorkspace workspace, float* dw, float beta, float* dy, float* x, in Conv2dShape shape)
    {
        Check(shape);
        CheckBeta(beta);
        workspace.Reserve(BackwardWeightScratch(shape));
        var rows = RowsOf(shape);
        var blocks = new PackBlocks
        {
            To = workspace.Gradients,
            From = dy,
            Images = rows.Images,
            Channels = shape.K,
            Pixels = rows.Pixels,
            Lines = rows.Lines,
        };
        int rowCount = rows.Lines * rows.Pixels * rows.Images;
        workspace.Pool.For(Ceiling.Divide(rowCount, PackBlocks.RowsPerItem), ref blocks);
        var item = new DirectConv2dWeightGradient
        {
            Source = PackInput(workspace, x, shape, alignedChannels: true),
            Gradients = workspace.Gradients,
            SourceStride = IsDirect(shape, alignedChannels: true) ? shape.C : PackedStride(rows.Channels),
            Lines = rows.Lines,
            Pixels = rows.Pixels,
            Images = rows.Images,
            Kernel = rows.Kernel,
            Channels = rows.Channels,
            Columns = shape.K,
            Output = dw,
            Accumulate = beta != 0f,
            Level = workspace.Level,
        };
        item.Divide(workspace.Pool.Threads);
        workspace.Pool.For(item.Items, ref item);
    }

    /// <summary>The scratch memory of <see cref="Forward"/> with <paramref name="threads"/> threads.</summary>
    public static ScratchSize ForwardScratch(in Conv2dShape shape, int threads)
    {
        Check(shape);
        _ = PlanForward<Identity>(shape, threads, out var size);
        return size;
    }

    /// <summary>The scratch memory of <see cref="BackwardInput"/> with <paramref name="threads"/> threads.</summary>
    public static ScratchSize BackwardInputScratch(in Conv2dShape shape, int threads)
    {
        Check(shape);
        _ = PlanBackwardInput(shape, threads, out var size);
        return size;
    }

    /// <summary>The scratch memory of <see cref="BackwardWeight"/>, for any number of threads.</summary>
    public static ScratchSize BackwardWeightScratch(in Conv2dShape shape)
    {
        Check(shape);
        long blocks = Ceiling.Divide(shape.K, MicroKernel.Columns);
        long rows = (long)shape.N * shape.OutH * shape.OutW;
        return new ScratchSize(PackedFloats(shape, alignedChannels: true), blocks * rows * MicroKernel.Columns, 0);
    }

    private static void Check(in Conv2dShape shape)
    {
        if (!shape.IsSupported)
        {
            throw new ArgumentException(
                $"The convolution {shape} is not supported: all sizes must be positive, and either the stride is 1 and "
                + "the kernel odd, or the stride equals the kernel and divides height and width.");
        }
    }

    private static void CheckBeta(float beta)
    {
        if (beta is not (0f or 1f))
            throw new ArgumentException($"beta is 0 or 1, not {beta}.");
    }

    private static ImplicitGemm<TActivation> PlanForward<TActivation>(
        in Conv2dShape shape, int threads, out ScratchSize size)
        where TActivation : unmanaged, IFusedActivation
    {
        var rows = RowsOf(shape);
        bool direct = IsDirect(shape, alignedChannels: false);
        var plan = new ImplicitGemm<TActivation>
        {
            SourceStride = direct ? shape.C : PackedStride(rows.Channels),
            SourcePadded = !direct,
            Lines = rows.Lines,
            Pixels = rows.Pixels,
            Images = rows.Images,
            Kernel = rows.Kernel,
            Weights = new GemmWeights { Stride = shape.K, Depth = rows.Channels, Columns = shape.K },
            Divisor = rows.Images,
            Segment = shape.K,
            LineStride = (nint)rows.Pixels * shape.K,
            QuotientStride = shape.K,
            RemainderStride = (nint)rows.Lines * rows.Pixels * shape.K,
        };
        plan.Divide(threads);
        size = new ScratchSize(PackedFloats(shape, alignedChannels: false), 0, plan.PerWorkerFloats);
        return plan;
    }

    private static ImplicitGemm<Identity> PlanBackwardInput(in Conv2dShape shape, int threads, out ScratchSize size)
    {
        ImplicitGemm<Identity> plan;
        if (shape.Stride == 1)
        {
            plan = PlanForward<Identity>(Adjoint(shape), threads, out size);
            (plan.Weights.Transposed, plan.Weights.Stride) = (true, shape.K);
            return plan;
        }

        // A row of dy times the weights is a patch of dx, whose lines are contiguous runs of Stride · C numbers.
        int run = shape.Stride * shape.C;
        plan = new ImplicitGemm<Identity>
        {
            SourceStride = shape.K,
            Lines = 1,
            Pixels = shape.N * shape.OutH * shape.OutW,
            Images = 1,
            Kernel = 1,
            Weights = new GemmWeights
            {
                Stride = shape.K,
                Transposed = true,
                Depth = shape.K,
                Columns = shape.Stride * run,
            },
            Divisor = shape.OutW,
            QuotientStride = (nint)shape.W * run,
            RemainderStride = run,
            Segment = run,
            SegmentStride = (nint)shape.W * shape.C,
        };
        plan.Divide(threads);
        size = new ScratchSize(0, 0, plan.PerWorkerFloats);
        return plan;
    }

    // At stride 1 the input gradient is a convolution of dy with the channel roles exchanged and the taps reversed.
    private static Conv2dShape Adjoint(in Conv2dShape shape) => shape with { C = shape.K, K = shape.C };

    private static (int Lines, int Pixels, int Images, int Kernel, int Channels) RowsOf(in Conv2dShape shape) =>
        shape.Padding > 0
            ? (shape.H, shape.W, shape.N, shape.Kernel, shape.C)
            : (1, shape.N * shape.OutH * shape.OutW, 1, 1, shape.Stride * shape.Stride * shape.C);

    // A pointwise convolution reads the images in place. A weight gradient reads eight channels at a time, and the
    // excess ones must not lie past the last pixel.
    private static bool IsDirect(in Conv2dShape shape, bool alignedChannels) =>
        shape is { Kernel: 1 } && (!alignedChannels || shape.C % MicroKernel.Rows == 0);

    private static int PackedStride(int channels) =>
        Ceiling.Multiple(channels, MicroKernel.Rows);

    // Tiles of eight rows read up to seven rows past the last one.
    private static long PackedFloats(in Conv2dShape shape, bool alignedChannels)
    {
        if (IsDirect(shape, alignedChannels))
            return 0;
        var rows = RowsOf(shape);
        int halo = rows.Kernel - 1;
        long count = (long)(rows.Lines + halo) * (rows.Pixels + halo) * rows.Images;
        return (count + MicroKernel.Rows - 1) * PackedStride(rows.Channels);
    }

    private static float* PackInput(CpuWorkspace workspace, float* x, in Conv2dShape shape, bool alignedChannels)
    {
        if (IsDirect(shape, alignedChannels))
            return x;
        if (shape.Padding > 0)
        {
            var padded = new PackPadded
            {
                To = workspace.Activations,
                From = x,
                Images = shape.N,
                Channels = shape.C,
                Height = shape.H,
                Width = shape.W,
                Padding = shape.Padding,
                Stride = PackedStride(shape.C),
            };
            workspace.Pool.For(shape.H + (2 * shape.Padding), ref padded);
        }
        else
        {
            var patches = new PackPatches
            {
                To = workspace.Activations,
                From = x,
                Channels = shape.C,
                Width = shape.W,
                Patch = shape.Stride,
                Stride = PackedStride(shape.Stride * shape.Stride * shape.C),
            };
            workspace.Pool.For(shape.N * shape.OutH, ref patches);
        }

        return workspace.Activations;
    }
}

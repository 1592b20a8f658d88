using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Broadcasting along axes, and its adjoint, reduction over them.</summary>
public static class BroadcastKernels
{
    private static readonly KernelHandle<BroadcastArgs> Repeat = new(BroadcastForward);
    private static readonly KernelHandle<SumArgs> SumRun = new(SumOfRun);
    private static readonly KernelHandle<SumArgs> SumAxes = new(SumOfAxes);
    private static readonly KernelHandle<SumArgs> SumSquares = new(SumOfSquares);

    /// <summary>large = beta·large + scale·small, with small broadcast along its axes of length 1.</summary>
    public static void Broadcast(
        GpuContext context, GpuArray large, float beta, GpuArray small, in BroadcastShape shape, float scale)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            Repeat, (long)shape.N * shape.C * shape.H * shape.W,
            new BroadcastArgs
            {
                Large = large.View,
                Small = small.View,
                C = shape.C,
                H = shape.H,
                W = shape.W,
                StepN = shape.SmallN == 1 ? 0 : shape.SmallC * shape.SmallH * shape.SmallW,
                StepH = shape.SmallH == 1 ? 0 : shape.SmallC * shape.SmallW,
                StepW = shape.SmallW == 1 ? 0 : shape.SmallC,
                StepC = shape.SmallC == 1 ? 0 : 1,
                Scale = scale,
                Beta = beta,
            });
    }

    /// <summary>small = beta·small + scale·(large summed over the axes where small has length 1).</summary>
    /// <remarks>
    /// Strided partial sums, then sums of those: the order is a function of the shape and the device, and neighbouring
    /// items read neighbouring elements. An item has eight loads in flight; with one at a time it would wait for memory
    /// at every addition.
    /// </remarks>
    public static void Sum(
        GpuContext context, GpuArray small, float beta, GpuArray large, in BroadcastShape shape, float scale)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rn = shape.SmallN == 1 ? shape.N : 1, rc = shape.SmallC == 1 ? shape.C : 1;
        int rh = shape.SmallH == 1 ? shape.H : 1, rw = shape.SmallW == 1 ? shape.W : 1;
        int outputs = shape.SmallN * shape.SmallC * shape.SmallH * shape.SmallW, terms = rn * rc * rh * rw;
        var args = new SumArgs
        {
            X = large.View,
            Outputs = outputs,
            Terms = terms,
            N = rn,
            H = rh,
            W = rw,
            C = rc,
            SmallH = shape.SmallH,
            SmallW = shape.SmallW,
            SmallC = shape.SmallC,
        };
        bool run = IsRun(shape, ref args.Inner);
        Reduce(context, run ? SumRun : SumAxes, small, beta, args, scale);
    }

    /// <summary>Σ x² in single precision, in the one element of <paramref name="sum"/>.</summary>
    internal static void SumOfSquares(GpuContext context, GpuArray sum, GpuArray x, long count)
    {
        var args = new SumArgs { X = x.View, Outputs = 1, Terms = checked((int)count), Inner = 1 };
        // A processor core prefetches contiguous reads by itself; on a GPU, neighbours read neighbouring elements.
        args.IsContiguous = context.Tiles == TileFamily.Register ? 1 : 0;
        Reduce(context, SumSquares, sum, 0f, args, 1f);
    }

    private static void Reduce(
        GpuContext context, KernelHandle<SumArgs> kernel, GpuArray sum, float beta, SumArgs args, float scale)
    {
        int outputs = args.Outputs;
        int parts = Math.Clamp(context.BusyItems / outputs, 1, (args.Terms + 31) / 32);
        args.Parts = parts;
        int slot = ScratchSlots.Sums;
        // Repeated, so that no item adds more than a few hundred values.
        while (parts > 1)
        {
            var partial = context.Scratch(slot, (long)parts * outputs);
            args.Y = partial.View;
            args.Scale = 1f;
            args.Beta = 0f;
            context.Launch(kernel, (long)parts * outputs, args);
            kernel = SumRun;
            slot = slot == ScratchSlots.Sums ? ScratchSlots.MoreSums : ScratchSlots.Sums;
            args = new SumArgs { X = partial.View, Outputs = outputs, Terms = parts, Inner = outputs };
            parts = args.Parts = parts > 512 ? (parts + 255) / 256 : 1;
        }

        args.Y = sum.View;
        args.Scale = scale;
        args.Beta = beta;
        context.Launch(kernel, outputs, args);
    }

    /// <summary>
    /// True if the reduction axes are adjacent in memory [n][h][w][c]: element r of output (outer, inner) is
    /// x[(outer·terms + r)·inner length + inner].
    /// </summary>
    private static bool IsRun(in BroadcastShape shape, ref int inner)
    {
        ReadOnlySpan<(int Small, int Large)> axes =
            [(shape.SmallN, shape.N), (shape.SmallH, shape.H), (shape.SmallW, shape.W), (shape.SmallC, shape.C)];
        inner = 1;
        int phase = 0;
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            if (axes[i].Large == 1)
                continue;
            bool summed = axes[i].Small == 1;
            if (summed && phase == 2)
                return false;
            if (summed)
                phase = 1;
            else if (phase == 0)
                inner *= axes[i].Large;
            else
                phase = 2;
        }

        return true;
    }

    private static void BroadcastForward(Index1D index, BroadcastArgs args)
    {
        int i = index, c = i % args.C, rest = i / args.C, w = rest % args.W;
        rest /= args.W;
        int h = rest % args.H, n = rest / args.H;
        float value = args.Scale
            * args.Small[(n * args.StepN) + (h * args.StepH) + (w * args.StepW) + (c * args.StepC)];
        args.Large[i] = args.Beta != 0f ? (args.Beta * args.Large[i]) + value : value;
    }

    private static void SumOfRun(Index1D index, SumArgs args)
    {
        int i = index, part = i / args.Outputs, output = i - (part * args.Outputs);
        int inner = output % args.Inner, outer = output / args.Inner;
        int at = (((outer * args.Terms) + part) * args.Inner) + inner, step = args.Parts * args.Inner;
        float sum = 0f;
        int r = part;
        for (; r + (7 * args.Parts) < args.Terms; r += 8 * args.Parts, at += 8 * step)
        {
            float a = args.X[at], b = args.X[at + step], c = args.X[at + (2 * step)], d = args.X[at + (3 * step)];
            float e = args.X[at + (4 * step)], f = args.X[at + (5 * step)], g = args.X[at + (6 * step)];
            float h = args.X[at + (7 * step)];
            sum = sum + a + b + c + d + e + f + g + h;
        }

        for (; r < args.Terms; r += args.Parts, at += step)
            sum += args.X[at];
        Write(i, sum, args);
    }

    private static void SumOfSquares(Index1D index, SumArgs args)
    {
        int r = index, step = args.Parts, end = args.Terms;
        if (args.IsContiguous != 0)
        {
            int length = ((args.Terms - 1) / args.Parts) + 1;
            r = length * index;
            step = 1;
            end = length < args.Terms - r ? r + length : args.Terms;
        }

        float a = 0f, b = 0f, c = 0f, d = 0f, e = 0f, f = 0f, g = 0f, h = 0f;
        for (; r + (7 * step) < end; r += 8 * step)
        {
            float x0 = args.X[r], x1 = args.X[r + step], x2 = args.X[r + (2 * step)], x3 = args.X[r + (3 * step)];
            float x4 = args.X[r + (4 * step)], x5 = args.X[r + (5 * step)], x6 = args.X[r + (6 * step)];
            float x7 = args.X[r + (7 * step)];
            (a, b, c, d) = (a + (x0 * x0), b + (x1 * x1), c + (x2 * x2), d + (x3 * x3));
            (e, f, g, h) = (e + (x4 * x4), f + (x5 * x5), g + (x6 * x6), h + (x7 * x7));
        }

        for (; r < end; r += step)
            a += args.X[r] * args.X[r];
        Write(index, ((a + b) + (c + d)) + ((e + f) + (g + h)), args);
    }

    private static void SumOfAxes(Index1D index, SumArgs args)
    {
        int i = index, part = i / args.Outputs, output = i - (part * args.Outputs);
        int c = output % args.SmallC, rest = output / args.SmallC, w = rest % args.SmallW;
        rest /= args.SmallW;
        int h = rest % args.SmallH, n = rest / args.SmallH;
        // Lengths in the large array: each axis has its full length in one of the two factors, and 1 in the other.
        int lengthC = args.SmallC * args.C, lengthW = args.SmallW * args.W, lengthH = args.SmallH * args.H;
        float sum = 0f;
        for (int r = part; r < args.Terms; r += args.Parts)
        {
            int rc = r % args.C, left = r / args.C, rw = left % args.W;
            left /= args.W;
            int rh = left % args.H, rn = left / args.H;
            sum += args.X[(((((n + rn) * lengthH) + h + rh) * lengthW) + w + rw) * lengthC + c + rc];
        }

        Write(i, sum, args);
    }

    private static void Write(int i, float sum, SumArgs args) =>
        args.Y[i] = args.Beta != 0f ? (args.Beta * args.Y[i]) + (args.Scale * sum) : args.Scale * sum;

    internal struct BroadcastArgs
    {
        public ArrayView<float> Large, Small;
        public int C, H, W, StepN, StepH, StepW, StepC;
        public float Scale, Beta;
    }

    internal struct SumArgs
    {
        public ArrayView<float> Y, X;
        public int Outputs, Terms, Parts, Inner, IsContiguous;
        public int N, H, W, C, SmallH, SmallW, SmallC;
        public float Scale, Beta;
    }
}

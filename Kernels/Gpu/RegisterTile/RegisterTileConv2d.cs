using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions for OpenCL processors: rows are pixels, columns outputs, depth is taps by channels.</summary>
/// <remarks>
/// Images first get a border of zeros, so that taps need no bounds checks; weights are copied into panels of 16 outputs
/// with the channels of a tap side by side, unless there are too few pixels to pay for it.
/// </remarks>
internal static partial class RegisterTileConv2d
{
    // Pixels from which packing pays off: copying a weight costs as much as some hundred multiply-adds.
    public const int PackedFrom = 256;

    /// <summary>y = activation(<paramref name="sum"/>)</summary>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        Accumulate(context, y, sum, shape);
        // An extra launch costs less than inlining the activation 128 times, once per output of a tile.
        if (typeof(TActivation) != typeof(Identity))
            PointwiseKernels.Unary(context, y, y, Outputs(shape), activation);
    }

    /// <summary>The cell whose gates are <paramref name="sum"/>; gates may be absent if they are not needed.</summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, in SumInputs sum,
        in Conv2dShape shape)
    {
        var sums = gates.Exists ? gates : context.Scratch(ScratchSlots.Gates, Outputs(shape));
        Accumulate(context, sums, sum, shape);
        ConvLstmKernels.Forward(
            context, cellNext, hidden, sums, cell, (long)shape.N * shape.OutH * shape.OutW, shape.K / GateOrder.Gates);
    }

    private static void Accumulate(GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape)
    {
        var (addend, bias) = (sum.Addend, sum.Bias);
        if (sum.Table.Exists)
        {
            Conv2dStart.Launch(context, y, sum, shape);
            (addend, bias) = (y, default);
        }

        foreach (ref readonly var term in sum.Terms)
        {
            var own = shape with { C = term.Channels, Kernel = term.Kernel };
            Convolve(context, y, addend, term.X, term.W, bias, own);
            (addend, bias) = (y, default);
        }
    }

    private static long Outputs(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.K;

    /// <summary>y = addend + x ∗ w + bias; addend (may be y itself) and bias may be absent.</summary>
    private static void Convolve(
        GpuContext context, GpuArray y, GpuArray addend, GpuArray x, GpuArray w, GpuArray bias, in Conv2dShape shape)
    {
        var args = new RegisterTileProduct.Args
        {
            Rows = shape.N * shape.OutH * shape.OutW,
            RowsOfC = RowMap.Dense(shape.K),
            PanelsOfC = PanelMap.Dense(RegisterTile.Columns),
        };
        bool packed = args.Rows >= PackedFrom;
        if (shape.Padding == 0)
        {
            args.A = x.View;
            args.RowsOfA = Patches(shape);
            (args.Middle, args.MiddleA) = (shape.Stride, (long)shape.W * shape.C);
            (args.Outer, args.Inner, args.InnerA) = (1, shape.Stride * shape.C, 1);
            int depth = shape.Stride * args.Inner;
            if (packed || shape.K % RegisterTile.Columns != 0)
                PackMatrix(context, ref args, w, depth, shape.K, transposed: false);
            else
                (args.B, args.StepB, args.PanelsOfB) = (w.View, shape.K, PanelMap.Dense(RegisterTile.Columns));
            Launch(context, args, y, addend, bias, 0, shape.K);
            return;
        }

        var images = PaddedImages.Of(context, x, shape.N, shape.C, shape.H, shape.W, shape.Padding);
        args.A = images.Array.View;
        args.RowsOfA = images.Pixels(shape);
        int whole = packed ? 0 : shape.K / Conv2dShape.WeightBlock * Conv2dShape.WeightBlock;
        if (whole > 0)
        {
            // In the layout of the weights: the taps of a channel are side by side.
            var direct = args;
            (direct.Outer, direct.OuterA) = (shape.C, 1);
            (direct.Middle, direct.MiddleA) = (shape.Kernel, images.LineStep);
            (direct.Inner, direct.InnerA) = (shape.Kernel, images.PixelStep);
            (direct.B, direct.StepB) = (w.View, Conv2dShape.WeightBlock);
            direct.PanelsOfB = PanelMap.Weights(BlockOfWeights(shape));
            Launch(context, direct, y, addend, bias, 0, whole);
        }

        if (whole == shape.K)
            return;
        (args.Outer, args.OuterA) = (shape.Kernel, images.LineStep);
        (args.Middle, args.MiddleA) = (shape.Kernel, images.PixelStep);
        (args.Inner, args.InnerA) = (shape.C, 1);
        PackWeights(context, ref args, w, shape, whole);
        Launch(context, args, y, addend, bias, whole, shape.K - whole);
    }

    /// <summary>dx = (or +=) the adjoint of the convolution with respect to x, applied to dy.</summary>
    public static void BackwardInput(
        GpuContext context, GpuArray dx, bool add, GpuArray dy, GpuArray w, in Conv2dShape shape)
    {
        var addend = add ? dx : default;
        if (shape.Padding == 0)
        {
            // A row of dy yields a patch of dx, whose lines are not contiguous.
            var patch = new RegisterTileProduct.Args
            {
                Rows = shape.N * shape.OutH * shape.OutW,
                A = dy.View,
                RowsOfA = RowMap.Dense(shape.K),
                RowsOfC = Patches(shape),
                PanelsOfC = PanelMap.Dense(RegisterTile.Columns),
                Outer = 1,
                Middle = 1,
                Inner = shape.K,
                InnerA = 1,
            };
            int line = shape.Stride * shape.C;
            for (int ky = 0; ky < shape.Kernel; ky++)
            {
                PackMatrix(context, ref patch, w.Skip((long)ky * line * shape.K), shape.K, line, transposed: true);
                long skip = (long)ky * shape.W * shape.C;
                Launch(context, patch, dx.Skip(skip), add ? dx.Skip(skip) : default, default, 0, line);
            }

            return;
        }

        // A convolution of dy with the channel roles exchanged and the taps reversed.
        var images = PaddedImages.Of(context, dy, shape.N, shape.K, shape.H, shape.W, shape.Padding);
        var args = new RegisterTileProduct.Args
        {
            Rows = shape.N * shape.H * shape.W,
            A = images.Array.View,
            RowsOfA = images.Pixels(shape),
            RowsOfC = RowMap.Dense(shape.C),
            PanelsOfC = PanelMap.Dense(RegisterTile.Columns),
            Outer = shape.Kernel,
            OuterA = images.LineStep,
            Middle = shape.Kernel,
            MiddleA = images.PixelStep,
            Inner = shape.K,
            InnerA = 1,
        };
        PackAdjoint(context, ref args, w, shape);
        Launch(context, args, dx, addend, default, 0, shape.C);
    }

    private static void Launch(
        GpuContext context, RegisterTileProduct.Args args, GpuArray c, GpuArray addend, GpuArray bias, int first,
        int columns)
    {
        args.C = c.Skip(first).View;
        args.Addend = addend.Exists ? addend.Skip(first).View : args.C;
        args.Bias = bias.Exists ? bias.Skip(first).View : args.C;
        args.ReadAddend = addend.Exists ? 1 : 0;
        args.ReadBias = bias.Exists ? 1 : 0;
        args.Columns = columns;
        RegisterTileProduct.Launch(context, args);
    }

    /// <summary>Offsets of the patches of x.</summary>
    private static RowMap Patches(in Conv2dShape shape) => new()
    {
        Width = shape.OutW,
        Height = shape.OutH,
        StepX = (long)shape.Stride * shape.C,
        StepY = (long)shape.Stride * shape.W * shape.C,
        StepN = (long)shape.H * shape.W * shape.C,
    };

    private static long BlockOfWeights(in Conv2dShape shape) =>
        (long)Conv2dShape.WeightBlock * shape.C * shape.Kernel * shape.Kernel;

    /// <summary>Images with a border of zeros; steps in floats.</summary>
    private readonly record struct PaddedImages(GpuArray Array, long PixelStep, long LineStep, long ImageStep)
    {
        public static PaddedImages Of(GpuContext context, GpuArray x, int n, int c, int h, int w, int padding)
        {
            // Pixels at a power-of-two distance would evict each other from the caches.
            long pixel = c % 64 == 0 ? c + 16 : c;
            long line = pixel * (w + (2 * padding)), image = line * (h + (2 * padding));
            var array = context.Scratch(ScratchSlots.Operand, image * n);
            RegisterTilePacking.Images(
                context,
                new RegisterTilePacking.ImageArgs
                {
                    To = array.View,
                    From = x.View,
                    N = n,
                    C = c,
                    H = h,
                    W = w,
                    Padding = padding,
                    PixelStride = pixel,
                });
            return new PaddedImages(array, pixel, line, image);
        }

        /// <summary>Offsets of the pixels' first taps.</summary>
        public RowMap Pixels(in Conv2dShape shape) => new()
        {
            Width = shape.OutW,
            Height = shape.OutH,
            StepX = PixelStep,
            StepY = LineStep,
            StepN = ImageStep,
        };
    }
}

using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <content>The gradient with respect to w: rows are taps by channels, columns outputs, depth is pixels.</content>
internal static partial class RegisterTileConv2d
{
    // This many pixels of a panel of dy stay in the second-level cache while the channels stream past.
    private const int PixelsPerPass = 2048;

    /// <summary>dw = (or +=) the adjoint of the convolution with respect to w, applied to dy.</summary>
    /// <remarks>
    /// Passes over parts of the pixels follow one another, each accumulating into dw; if dw is too small to keep the
    /// device busy, they run side by side and their partial sums are added in order.
    /// </remarks>
    public static void BackwardWeight(
        GpuContext context, GpuArray dw, bool add, GpuArray dy, GpuArray x, in Conv2dShape shape)
    {
        int line = shape.OutW, lines = shape.OutH, taps = shape.Kernel * shape.Kernel;
        var args = new RegisterTileProduct.Args { Rows = taps * shape.C, Inner = line };
        PackMatrix(context, ref args, dy, shape.N * lines * line, shape.K, transposed: false);
        var a = x;
        if (shape.Padding == 0)
        {
            args.RowsOfA = new RowMap
            {
                Width = shape.Stride * shape.C,
                Height = shape.Stride,
                StepX = 1,
                StepY = (long)shape.W * shape.C,
            };
            var patches = Patches(shape);
            (args.OuterA, args.MiddleA, args.InnerA) = (patches.StepN, patches.StepY, patches.StepX);
        }
        else
        {
            var images = PaddedImages.Of(context, x, shape.N, shape.C, shape.H, shape.W, shape.Padding);
            a = images.Array;
            args.RowsOfA = new RowMap
            {
                Width = shape.C,
                Height = shape.Kernel,
                StepX = 1,
                StepY = images.PixelStep,
                StepN = images.LineStep,
            };
            (args.OuterA, args.MiddleA, args.InnerA) = (images.ImageStep, images.LineStep, images.PixelStep);
        }

        int linesPerPass = Math.Clamp(PixelsPerPass / line, 1, lines);
        int imagesPerPass = linesPerPass < lines ? 1 : Math.Clamp(PixelsPerPass / (lines * line), 1, shape.N);
        int splits = RegisterTileProduct.Tiles(args.Rows, shape.K) < context.BusyItems ? shape.N / imagesPerPass : 1;
        var pass = new WeightPass(context, shape, a, args.B, args.OuterA, args.MiddleA);
        int done = 0;
        if (splits > 1)
        {
            done = splits * imagesPerPass;
            long count = (long)args.Rows * shape.K;
            var partials = context.Scratch(ScratchSlots.Products, splits * count);
            args.SplitA = imagesPerPass * args.OuterA;
            args.SplitB = (long)imagesPerPass * lines * line * RegisterTile.Columns;
            args.SplitC = count;
            for (int first = 0; first < lines; first += linesPerPass)
            {
                (args.Outer, args.Middle) = (imagesPerPass, Math.Min(linesPerPass, lines - first));
                pass.Run(args, partials, first > 0, 0, first, splits);
            }

            PartialSums.Add(context, dw, add ? dw : default, partials, checked((int)count), splits);
            add = true;
        }

        for (; done < shape.N; done += args.Outer)
        {
            args.Outer = Math.Min(imagesPerPass, shape.N - done);
            for (int first = 0; first < lines; first += args.Middle, add = true)
            {
                args.Middle = Math.Min(linesPerPass, lines - first);
                pass.Run(args, dw, add, done, first, 1);
            }
        }
    }

    /// <summary>Products over some lines of some images, for the whole blocks of weights and the narrow one.</summary>
    private readonly record struct WeightPass(
        GpuContext Context, Conv2dShape Shape, GpuArray A, ArrayView<float> B, long ImageStep, long LineStep)
    {
        public void Run(RegisterTileProduct.Args args, GpuArray dw, bool add, int image, int line, int splits)
        {
            args.A = A.Skip((image * ImageStep) + (line * LineStep)).View;
            args.ReadAddend = add ? 1 : 0;
            long pixel = ((((long)image * Shape.OutH) + line) * Shape.OutW) * RegisterTile.Columns;
            int narrow = Shape.Padding == 0 ? 0 : Shape.K % Conv2dShape.WeightBlock, whole = Shape.K - narrow;
            for (int from = 0; from < Shape.K; from += args.Columns)
            {
                args.Columns = from < whole ? whole : narrow;
                long skip = (from / RegisterTile.Columns * args.PanelsOfB.Half) + pixel;
                args.B = B.SubView(skip, B.Length - skip);
                args.C = args.Addend = args.Bias = dw.Skip((long)from * args.Rows).View;
                int block = Math.Min(args.Columns, Conv2dShape.WeightBlock);
                (args.RowsOfC, args.PanelsOfC) = Shape.Padding == 0
                    ? (RowMap.Dense(Shape.K), PanelMap.Dense(RegisterTile.Columns))
                    : (Weights(block), PanelMap.Weights(BlockOfWeights(Shape)));
                RegisterTileProduct.Launch(Context, args, splits);
            }
        }

        private RowMap Weights(int block) => new()
        {
            Width = Shape.C,
            Height = Shape.Kernel,
            StepX = (long)Shape.Kernel * Shape.Kernel * block,
            StepY = block,
            StepN = (long)Shape.Kernel * block,
        };
    }
}

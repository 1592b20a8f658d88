using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Gradients with respect to inputs and weights.</content>
internal static partial class SharedTileConv2d
{
    // A part of fewer pixels takes longer to write and add than to sum.
    private const int FewestPixels = 256;

    private static readonly SharedTileKernel<TapWalk, GatheredPixels, WeightRows, SumEpilogue<Identity>> Input = new();
    private static readonly SharedTileKernel<LinearWalk, MatrixRows, MatrixRows, PatchEpilogue> Patches = new();
    private static readonly SharedTileKernel<LinearWalk, TapPixels, MatrixColumns, WeightGradientEpilogue> Weight = new();

    /// <summary>dx = (or +=) the adjoint of the convolution with respect to x, applied to dy.</summary>
    public static void BackwardInput(
        GpuContext context, GpuArray dx, bool add, GpuArray dy, GpuArray w, in Conv2dShape shape)
    {
        if (shape.Stride != 1)
        {
            BackwardPatches(context, dx, add, dy, w, shape);
            return;
        }

        // The adjoint gathers dy as the convolution gathers x, with the taps reversed.
        var images = SharedTileImages.Of(shape);
        var term = Term(dy, w, shape.K, shape.Kernel, 1);
        var inputs = new SumInputs { Addend = add ? dx : default, TableKernel = 1 };
        var args = new SharedTileArgs<TapWalk, GatheredPixels, WeightRows, SumEpilogue<Identity>>
        {
            Walk = TapWalk.Of(term),
            Left = new GatheredPixels { Images = images },
            Right = new WeightRows { C = shape.C, AlignedW = IsAligned(w, shape.K) },
            Epilogue = Sums(inputs, dx, images.Pixels, shape.C, BorderTable.Of(inputs, dx, shape), default(Identity)),
            Slices = term.Slices,
        };
        Input.Launch(context, args, images.Pixels, shape.C);
    }

    /// <summary>dw = (or +=) the adjoint of the convolution with respect to w, applied to dy.</summary>
    public static void BackwardWeight(
        GpuContext context, GpuArray dw, bool add, GpuArray dy, GpuArray x, in Conv2dShape shape)
    {
        var term = Term(x, dw, shape.C, shape.Kernel, shape.Stride);
        int rows = term.Taps * TapPixels.PaddedChannels(term.Channels);
        var tile = SharedTileShapes.Choose(rows, shape.K, 1);
        BackwardWeight(context, dw, add, dy, x, shape, tile, Parts(context, shape, rows, tile));
    }

    /// <summary>The same in <paramref name="parts"/> parts, each the sum over some of the pixels.</summary>
    internal static void BackwardWeight(
        GpuContext context, GpuArray dw, bool add, GpuArray dy, GpuArray x, in Conv2dShape shape, SharedTileShape tile,
        int parts)
    {
        var images = SharedTileImages.Of(shape);
        var term = Term(x, dw, shape.C, shape.Kernel, shape.Stride);
        int rows = term.Taps * TapPixels.PaddedChannels(term.Channels), part = Part(images.Pixels, parts);
        parts = Ceiling.Divide(images.Pixels, part);
        int count = checked(term.Taps * term.Channels * shape.K);
        var target = parts == 1 ? dw : context.Scratch(ScratchSlots.Products, (long)parts * count);
        var args = new SharedTileArgs<LinearWalk, TapPixels, MatrixColumns, WeightGradientEpilogue>
        {
            Walk = new LinearWalk { Length = images.Pixels, Part = part },
            Left = new TapPixels { Term = term, Images = images },
            Right = new MatrixColumns { Source = dy.View, Outer = shape.K, Aligned = IsAligned(dy, shape.K) },
            Epilogue = new WeightGradientEpilogue
            {
                Dw = target.View,
                Term = term,
                K = shape.K,
                Add = add && parts == 1 ? 1 : 0,
                Aligned = IsAligned(target, shape.K),
            },
            Slices = part / SharedTile.Depth,
        };
        Weight.Launch(context, args, rows, shape.K, tile, parts);
        if (parts > 1)
            PartialSums.Add(context, dw, add ? dw : default, target, count, parts);
    }

    // x split into patches is a matrix; so is its gradient, written back to where the patches were.
    private static void BackwardPatches(
        GpuContext context, GpuArray dx, bool add, GpuArray dy, GpuArray w, in Conv2dShape shape)
    {
        int pixels = SharedTileImages.Of(shape).Pixels, length = shape.Kernel * shape.C;
        int columns = shape.Kernel * length;
        var args = new SharedTileArgs<LinearWalk, MatrixRows, MatrixRows, PatchEpilogue>
        {
            Walk = LinearWalk.Whole(shape.K),
            Left = new MatrixRows { Source = dy.View, Outer = pixels, Aligned = IsAligned(dy, shape.K) },
            Right = new MatrixRows { Source = w.View, Outer = columns, Aligned = IsAligned(w, shape.K) },
            Epilogue = new PatchEpilogue
            {
                X = dx.View,
                Patches = pixels,
                PatchesAcross = shape.OutW,
                PatchRows = shape.Kernel,
                RowLength = length,
                Add = add ? 1 : 0,
                Aligned = IsAligned(dx, length),
            },
            Slices = Ceiling.Divide(shape.K, SharedTile.Depth),
        };
        Patches.Launch(context, args, pixels, columns);
    }

    /// <summary>As many parts as keep the device busy.</summary>
    private static int Parts(GpuContext context, in Conv2dShape shape, int rows, SharedTileShape tile)
    {
        var (tileRows, tileColumns) = SharedTileShapes.Size(tile);
        long tiles = Ceiling.Divide(rows, tileRows) * Ceiling.Divide(shape.K, tileColumns);
        long pixels = (long)shape.N * shape.OutH * shape.OutW, items = tiles * tileRows * tileColumns / 64;
        return (int)Math.Clamp(context.BusyItems / items, 1, Math.Max(1, pixels / FewestPixels));
    }

    /// <summary>Pixels per part: whole slices.</summary>
    private static int Part(int pixels, int parts) =>
        Ceiling.Divide(Ceiling.Divide(pixels, parts), SharedTile.Depth) * SharedTile.Depth;

    private static int IsAligned(GpuArray array, int length) => array.IsAligned && length % Quad.Length == 0 ? 1 : 0;
}

using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Gradients of convolutions with few input or output channels, as products with taps as columns.</summary>
/// <remarks>
/// <para>
/// A tile has at least 64 columns: three channels would leave 61 of them idle, for every tap. With taps and channels as
/// columns the tile is full. Few inputs: the gradient of every tap, p[pixel][c, tap] = Σ over outputs of dy·w, is one
/// product; <see cref="Fold"/> then sums the taps of a pixel. Few outputs: <see cref="Unfold"/> writes to every pixel
/// the gradients of all outputs that it contributes to, [pixel][tap, k], and both gradients are products with that.
/// </para>
/// <para>Weights of at most 32 outputs are [c][tap][k] (<see cref="Conv2dShape.WeightIndex"/>).</para>
/// </remarks>
internal static class TensorCoreFewChannels
{
    /// <summary>One item per element of dx.</summary>
    public static readonly KernelHandle<FoldArgs> Fold = new(FoldTaps);

    /// <summary>One item per chunk.</summary>
    public static readonly KernelHandle<UnfoldArgs> Unfold = new(UnfoldTaps);

    /// <summary>Arguments of <see cref="Fold"/>.</summary>
    internal struct FoldArgs
    {
        /// <summary>dx, its addend, and the gradients of its taps, [pixel][c][tap].</summary>
        public ArrayView<float> Dx, Addend, Taps;

        public int Channels, Kernel, Height, Width, HasAddend;
    }

    /// <summary>Arguments of <see cref="Unfold"/>.</summary>
    internal struct UnfoldArgs
    {
        /// <summary>dy, [pixel][k].</summary>
        public ArrayView<float> Source;

        /// <summary>[pixel][chunk], whose chunks hold [tap][k] side by side.</summary>
        public ArrayView<Chunk> Packed;

        public int Channels, Kernel, Height, Width, Chunks, Bf16;
    }

    /// <summary>Whether taps and channels as columns need at most half the tile columns of channels alone.</summary>
    public static bool Pays(int channels, in Conv2dShape shape)
    {
        int taps = shape.Kernel * shape.Kernel;
        return shape.Padding > 0
            && 2 * 128 * Ceiling.Divide(channels * taps, 128) <= 64 * taps * Ceiling.Divide(channels, 64);
    }

    /// <summary>The product whose columns are taps and input channels.</summary>
    public static Conv2dShape Inputs(in Conv2dShape shape) =>
        new(shape.N * shape.H * shape.W, shape.C * shape.Kernel * shape.Kernel, 1, 1, shape.K, 1, 1);

    /// <summary>The product whose outputs are taps and output channels.</summary>
    public static Conv2dShape Outputs(in Conv2dShape shape) =>
        new(shape.N * shape.H * shape.W, shape.C, 1, 1, shape.K * shape.Kernel * shape.Kernel, 1, 1);

    private static void FoldTaps(Index1D index, FoldArgs args)
    {
        int i = index, pixel = i / args.Channels, c = i - (pixel * args.Channels), line = pixel / args.Width;
        int x = pixel - (line * args.Width), y = line % args.Height, padding = args.Kernel / 2, kernel = args.Kernel;
        int columns = args.Channels * kernel * kernel;
        float sum = args.HasAddend != 0 ? args.Addend[i] : 0f;
        for (int ky = 0; ky < kernel; ky++)
        {
            int down = padding - ky, toY = y + down;
            if (toY < 0 || toY >= args.Height)
                continue;
            for (int kx = 0; kx < kernel; kx++)
            {
                int right = padding - kx, toX = x + right;
                int to = pixel + (down * args.Width) + right;
                if (toX >= 0 && toX < args.Width)
                    sum += args.Taps[(to * columns) + (((c * kernel) + ky) * kernel) + kx];
            }
        }

        args.Dx[i] = sum;
    }

    private static void UnfoldTaps(Index1D index, UnfoldArgs args)
    {
        int i = index, pixel = i / args.Chunks, line = pixel / args.Width, x = pixel - (line * args.Width);
        int y = line % args.Height, at = (i - (pixel * args.Chunks)) * (args.Bf16 != 0 ? 8 : 4);
        float a = Tap(args, pixel, y, x, at), b = Tap(args, pixel, y, x, at + 1);
        float c = Tap(args, pixel, y, x, at + 2), d = Tap(args, pixel, y, x, at + 3);
        Chunk chunk = default;
        if (args.Bf16 != 0)
        {
            float e = Tap(args, pixel, y, x, at + 4), f = Tap(args, pixel, y, x, at + 5);
            float g = Tap(args, pixel, y, x, at + 6), h = Tap(args, pixel, y, x, at + 7);
            chunk.First = TensorCorePacking.Bf16Pair(a, b);
            chunk.Second = TensorCorePacking.Bf16Pair(c, d);
            chunk.Third = TensorCorePacking.Bf16Pair(e, f);
            chunk.Fourth = TensorCorePacking.Bf16Pair(g, h);
        }
        else
        {
            chunk.First = TensorCorePacking.Tf32(a);
            chunk.Second = TensorCorePacking.Tf32(b);
            chunk.Third = TensorCorePacking.Tf32(c);
            chunk.Fourth = TensorCorePacking.Tf32(d);
        }

        args.Packed[index] = chunk;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Tap(in UnfoldArgs args, int pixel, int y, int x, int number)
    {
        int tap = number / args.Channels, k = number - (tap * args.Channels), ky = tap / args.Kernel;
        int down = (args.Kernel / 2) - ky, right = (args.Kernel / 2) - tap + (ky * args.Kernel);
        int toY = y + down, toX = x + right;
        bool inside = ky < args.Kernel && toY >= 0 && toY < args.Height && toX >= 0 && toX < args.Width;
        return inside ? args.Source[((pixel + (down * args.Width) + right) * args.Channels) + k] : 0f;
    }
}

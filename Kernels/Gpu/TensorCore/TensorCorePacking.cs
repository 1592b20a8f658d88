using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Copies operands into the precision and order of the tensor-core kernels.</summary>
/// <remarks>
/// <para>
/// Images become [pixel][chunk], weights [column][tap][chunk] with chunks of 16 bytes: four tf32 or eight bf16 values,
/// the last chunk of a pixel padded with zeros. Every copy of the main loop then moves 16 aligned bytes, for any number
/// of channels and offset of the tensor, no operand is rounded more than once, and both kinds of operand are read by
/// ldmatrix, which cannot transpose 32-bit values.
/// </para>
/// <para>
/// A copy reads 4 bytes and writes 4 (tf32) or 2 (bf16) per value, once; the main loop reads each value of an image
/// (taps · columns / 128) times, so for 5 by 5 taps and 512 outputs the copies are about 2 % of its traffic. Patches
/// become pixels with taps · channels, so that their convolution is a matrix product.
/// </para>
/// </remarks>
internal static class TensorCorePacking
{
    /// <summary>Threads of a thread block (group) that transposes weights.</summary>
    public const int Threads = 256;

    /// <summary>Side of the square that such a group transposes.</summary>
    public const int Side = 32;

    /// <summary>Packed weights have a multiple of this many columns, so that tiles need no bounds check.</summary>
    public const int ColumnMultiple = 128;

    public static readonly KernelHandle<ImageArgs> Images = new(PackImages);
    public static readonly KernelHandle<WeightArgs> Adjoint = new(PackAdjointWeights);
    public static readonly GroupKernelHandle<WeightArgs> Weights = new(PackWeights);

    /// <summary>Arguments of <see cref="PackImages"/>; one item per chunk.</summary>
    internal struct ImageArgs
    {
        public ArrayView<float> Source;
        public ArrayView<Chunk> Packed;

        /// <summary>Channels and chunks of a source pixel, side of a patch, width of the result in pixels.</summary>
        public int Channels, Chunks, Patch, Width, Bf16;
    }

    /// <summary>Arguments of weight packing; for the adjoint, one item per chunk.</summary>
    internal struct WeightArgs
    {
        public ArrayView<float> Source;
        public ArrayView<Chunk> Packed;

        /// <summary>Sizes of the convolution.</summary>
        public int Outputs, Channels, Taps;

        /// <summary>Chunks of one tap, and of a column's line.</summary>
        public int Chunks, LineChunks;

        /// <summary>1 if weights are in blocks of 32 outputs, 0 if they are in the order of patches.</summary>
        public int Blocked, Bf16;
    }

    /// <summary>Grid of <see cref="Weights"/>: outputs, channels, and taps plus the end of the line, if any.</summary>
    public static Index3D Grid(in WeightArgs args)
    {
        int numbers = Numbers(args.Bf16), tail = args.LineChunks - (args.Taps * args.Chunks);
        return new Index3D(
            TensorCoreProblem.PaddedColumns(args.Outputs) / Side,
            Ceiling.Divide(Math.Max(args.Chunks, tail) * numbers, Side), args.Taps + (tail > 0 ? 1 : 0));
    }

    /// <summary>The packed bits of two bf16 values, the first one in the low half; ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Bf16Pair(float low, float high) => Bf16(low) | (Bf16(high) << 16);

    /// <summary>The bits of a tf32 value: 10 bits of significand are kept, ties away from zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Tf32(float value)
    {
        uint bits = Interop.FloatAsInt(value), magnitude = bits & 0x7FFFFFFFu;
        // Infinity stays; a NaN keeps one bit of its payload, so that it stays a NaN.
        uint rounded = magnitude > 0x7F800000u ? 0x7FC00000u : (magnitude + 0x1000u) & 0xFFFFE000u;
        return (bits & 0x80000000u) | (magnitude == 0x7F800000u ? magnitude : rounded);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Bf16(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        uint rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        return (bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : rounded;
    }

    private static void PackImages(Index1D index, ImageArgs args)
    {
        int perPixel = args.Patch * args.Patch * args.Chunks, pixel = index / perPixel, chunk = index - (pixel * perPixel);
        int from = pixel;
        if (args.Patch != 1)
        {
            int tap = chunk / args.Chunks, y = tap / args.Patch, line = pixel / args.Width;
            from = (((line * args.Patch) + y) * args.Width * args.Patch) + ((pixel - (line * args.Width)) * args.Patch)
                + tap - (y * args.Patch);
            chunk -= tap * args.Chunks;
        }

        args.Packed[index] = Read(
            args.Source, ((long)from * args.Channels) + (chunk * Numbers(args.Bf16)),
            args.Channels - (chunk * Numbers(args.Bf16)), args.Bf16);
    }

    // Columns are input channels (of a tap, for patches), channels are outputs, taps are reversed.
    private static void PackAdjointWeights(Index1D index, WeightArgs args)
    {
        int column = index / args.LineChunks, chunk = index - (column * args.LineChunks);
        int tap = chunk / args.Chunks, k = (chunk - (tap * args.Chunks)) * Numbers(args.Bf16);
        int left = args.Outputs - k;
        long at;
        if (args.Blocked != 0)
        {
            if (tap >= args.Taps || column >= args.Channels)
                left = 0;
            int first = k - (k % Conv2dShape.WeightBlock), rest = args.Outputs - first;
            int width = rest < Conv2dShape.WeightBlock ? rest : Conv2dShape.WeightBlock;
            at = ((((long)first * args.Channels) + ((long)column * width)) * args.Taps)
                + ((args.Taps - 1 - tap) * width) + k - first;
        }
        else
        {
            if (tap >= 1 || column >= args.Channels * args.Taps)
                left = 0;
            at = ((long)column * args.Outputs) + k;
        }

        args.Packed[index] = Read(args.Source, at, left, args.Bf16);
    }

    // Transposes a square of outputs by channels of one tap through shared memory: outputs are adjacent where it is
    // read, channels where it is written. After the last tap come the zeros that fill a line.
    private static void PackWeights(WeightArgs args)
    {
        var square = SharedMemory.Allocate<float>(Side * (Side + 1));
        int thread = Group.IdxX, across = thread % Side, down = thread / Side;
        int firstOutput = ILGPU.Grid.IdxX * Side, firstChannel = ILGPU.Grid.IdxY * Side, tap = ILGPU.Grid.IdxZ;
        int output = firstOutput + across, rest = args.Outputs - firstOutput;
        int width = rest < Conv2dShape.WeightBlock ? rest : Conv2dShape.WeightBlock;
        for (int row = down; row < Side; row += Threads / Side)
        {
            int c = firstChannel + row;
            float value = 0f;
            if (c < args.Channels && output < args.Outputs && tap < args.Taps)
            {
                value = args.Source[args.Blocked != 0
                    ? ((((long)firstOutput * args.Channels) + ((long)c * width)) * args.Taps) + (tap * width) + across
                    : ((((long)tap * args.Channels) + c) * args.Outputs) + output];
            }

            square[(row * (Side + 1)) + across] = value;
        }

        Group.Barrier();
        int numbers = Numbers(args.Bf16), squareChunks = Side / numbers;
        int chunks = tap < args.Taps ? args.Chunks : args.LineChunks - (args.Taps * args.Chunks);
        for (int i = thread; i < Side * squareChunks; i += Threads)
        {
            int row = i / squareChunks, chunk = i - (row * squareChunks), at = (chunk * numbers * (Side + 1)) + row;
            int within = (firstChannel / numbers) + chunk;
            if (within >= chunks)
                continue;
            Chunk packed = default;
            const int step = Side + 1;
            if (args.Bf16 != 0)
            {
                packed.First = Bf16Pair(square[at], square[at + step]);
                packed.Second = Bf16Pair(square[at + (2 * step)], square[at + (3 * step)]);
                packed.Third = Bf16Pair(square[at + (4 * step)], square[at + (5 * step)]);
                packed.Fourth = Bf16Pair(square[at + (6 * step)], square[at + (7 * step)]);
            }
            else
            {
                packed.First = Tf32(square[at]);
                packed.Second = Tf32(square[at + step]);
                packed.Third = Tf32(square[at + (2 * step)]);
                packed.Fourth = Tf32(square[at + (3 * step)]);
            }

            args.Packed[((long)(firstOutput + row) * args.LineChunks) + (tap * args.Chunks) + within] = packed;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Numbers(int bf16) => bf16 != 0 ? 8 : 4;

    // The values from an offset on, zero beyond those left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Chunk Read(ArrayView<float> from, long at, int left, int bf16)
    {
        Chunk chunk = default;
        if (bf16 != 0)
        {
            chunk.First = Bf16Pair(Number(from, at, 0, left), Number(from, at, 1, left));
            chunk.Second = Bf16Pair(Number(from, at, 2, left), Number(from, at, 3, left));
            chunk.Third = Bf16Pair(Number(from, at, 4, left), Number(from, at, 5, left));
            chunk.Fourth = Bf16Pair(Number(from, at, 6, left), Number(from, at, 7, left));
        }
        else
        {
            chunk.First = Tf32(Number(from, at, 0, left));
            chunk.Second = Tf32(Number(from, at, 1, left));
            chunk.Third = Tf32(Number(from, at, 2, left));
            chunk.Fourth = Tf32(Number(from, at, 3, left));
        }

        return chunk;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Number(ArrayView<float> from, long at, int i, int left) => i < left ? from[at + i] : 0f;
}

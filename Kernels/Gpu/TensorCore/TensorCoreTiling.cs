using Gqn.Native.Kernels.Gpu.Generated;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Tiles of the tensor-core kernels.</summary>
internal enum TensorCoreTiling
{
    /// <summary>128 rows, a block of pixels that stays, by 128 columns; not of weight gradients.</summary>
    HaloLarge,

    /// <summary>The same by 64 columns.</summary>
    HaloMedium,

    /// <summary>128 rows by 128 columns.</summary>
    Large,

    /// <summary>128 rows by 64 columns; not of weight gradients.</summary>
    Medium,

    /// <summary>64 rows by 64 columns.</summary>
    Small,
}

/// <summary>Chooses tiles and launches their kernels.</summary>
internal static class TensorCoreLaunch
{
    // What a multiprocessor keeps of its shared memory for each group.
    private const int ReservedPerGroup = 1024;

    /// <summary>Stages of the ring: as many as let two groups share a multiprocessor, else as many as fit one.</summary>
    /// <param name="limits">Of the device.</param>
    /// <param name="block">Bytes before the ring.</param>
    /// <param name="stage">Bytes of a stage.</param>
    /// <param name="sums">Bytes of the sums, which take the place of both.</param>
    /// <param name="bytes">Bytes of the whole.</param>
    /// <returns>0 where not even two stages fit.</returns>
    public static int Ring(SharedMemoryLimits limits, int block, int stage, int sums, out int bytes)
    {
        bytes = 0;
        for (int groups = 2; groups >= 1; groups--)
        {
            for (int ring = 4; ring >= 2; ring--)
            {
                bytes = TensorCoreShared.Start + Math.Max(block + (ring * stage), sums);
                if (bytes <= limits.Group && groups * (bytes + ReservedPerGroup) <= limits.Multiprocessor)
                    return ring;
            }
        }

        return 0;
    }

    /// <summary>A forward convolution or a gradient by the input.</summary>
    public static void Forward<TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args)
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        int haloStages = HaloFits(device.SharedLimits) ? HaloStages(args) : 0;
        var schedule = TensorCoreSchedule.Forward(
            args.Rows, args.Columns, args.Stages, haloStages, device.Multiprocessors);
        (args.WholeTiles, args.Parts, args.PartStages) = (schedule.WholeTiles, schedule.Parts, schedule.PartStages);
        switch (schedule.Tiling, device.IsBf16)
        {
            case (TensorCoreTiling.HaloLarge, false):
                Halo<Halo128x128Tf32, Slice16x128, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloLarge, true):
                Halo<Halo128x128Bf16, Slice16x128, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloMedium, false):
                Halo<Halo128x64Tf32, Slice16x64, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloMedium, true):
                Halo<Halo128x64Bf16, Slice16x64, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.Large, false):
                Forward<Linewise128x128Tf32, Slice16x128, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Large, true):
                Forward<Linewise128x128Bf16, Slice16x128, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Medium, false):
                Forward<Linewise128x64Tf32, Slice16x64, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Medium, true):
                Forward<Linewise128x64Bf16, Slice16x64, TEpilogue>(device, args);
                break;
            case (_, false):
                Forward<Linewise64x64Tf32, Slice16x64, TEpilogue>(device, args);
                break;
            default:
                Forward<Linewise64x64Bf16, Slice16x64, TEpilogue>(device, args);
                break;
        }
    }

    /// <summary>A gradient by the weights in so many parts.</summary>
    public static void WeightGradient<TEpilogue>(
        ITensorCoreDevice device, TensorCoreArgs args, TensorCoreTiling tiling, int parts)
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        switch (tiling, device.IsBf16)
        {
            case (TensorCoreTiling.Large, false):
                WeightGradient<Crosswise128x128Tf32, TEpilogue>(device, args, parts);
                break;
            case (TensorCoreTiling.Large, true):
                WeightGradient<Crosswise128x128Bf16, TEpilogue>(device, args, parts);
                break;
            case (_, false):
                WeightGradient<Crosswise64x64Tf32, TEpilogue>(device, args, parts);
                break;
            default:
                WeightGradient<Crosswise64x64Bf16, TEpilogue>(device, args, parts);
                break;
        }
    }

    private static void Forward<TTile, TSlice, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args)
        where TTile : struct, ITensorCoreStageTile
        where TSlice : struct, ITensorCoreSlice
        where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile, TSlice, TEpilogue>(
            device, TensorCoreForward<TTile, TEpilogue>.Handle, args, 0, TensorCoreShared.StageBytes<TTile>());

    private static void Halo<TTile, TSlice, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args, int stages)
        where TTile : struct, ITensorCoreHaloTile
        where TSlice : struct, ITensorCoreSlice
        where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile, TSlice, TEpilogue>(
            device, TensorCoreHalo<TTile, TEpilogue>.Handle, args with { Stages = stages, IsBlock = 1 },
            2 * HaloBlock.Bytes, TTile.Columns * TensorCoreShared.LineBytes);

    private static void WeightGradient<TTile, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args, int parts)
        where TTile : struct, ITensorCoreStageTile where TEpilogue : struct, ITensorCoreEpilogue
    {
        int tiles = Tiles<TTile>(ref args);
        int bytes = Shared<TTile>(device, ref args, 0, TensorCoreShared.StageBytes<TTile>());
        args.Partial = Partial(device, 0);
        device.Launch(
            TensorCoreWeightGradient<TTile, TEpilogue>.Handle, new Index3D(checked(tiles * parts), 1, 1),
            TensorCoreShared.Threads, args, bytes);
    }

    private static void Run<TTile, TSlice, TEpilogue>(
        ITensorCoreDevice device, GroupKernelHandle<TensorCoreArgs> kernel, TensorCoreArgs args, int block, int stage)
        where TTile : struct, ITensorCoreTile
        where TSlice : struct, ITensorCoreSlice
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        int tiles = Tiles<TTile>(ref args), cut = tiles - args.WholeTiles;
        int bytes = Shared<TTile>(device, ref args, block, stage);
        args.Partial = Partial(device, (long)cut * args.Parts * TTile.Rows * TTile.Columns);
        args.TileRows = TTile.Rows;
        device.Launch(
            kernel, new Index3D(checked(args.WholeTiles + (cut * args.Parts)), 1, 1), TensorCoreShared.Threads, args,
            bytes);
        if (cut == 0)
            return;
        device.Launch(
            TensorCorePartialSums<TSlice, TEpilogue>.Handle, new Index3D(cut * (TTile.Rows / TSlice.Rows), 1, 1),
            TensorCoreShared.Threads, args, TensorCoreShared.Start + TensorCoreShared.SumBytes<TSlice>());
    }

    // Where nothing is cut it must be some memory, too.
    private static ArrayView<Quad> Partial(ITensorCoreDevice device, long count) =>
        device.Scratch(ScratchSlots.Products, Math.Max(count, Quad.Length)).View.Cast<Quad>();

    private static int Tiles<TTile>(ref TensorCoreArgs args) where TTile : struct, ITensorCoreTile
    {
        args.ColumnTiles = TensorCoreProblem.Tiles(args.Columns, TTile.Columns);
        return checked(TensorCoreProblem.Tiles(args.Rows, TTile.Rows) * args.ColumnTiles);
    }

    // The ring, and the bytes of shared memory with it.
    private static int Shared<TTile>(ITensorCoreDevice device, ref TensorCoreArgs args, int block, int stage)
        where TTile : struct, ITensorCoreTile
    {
        args.Ring = Ring(device.SharedLimits, block, stage, TensorCoreShared.SumBytes<TTile>(), out int bytes);
        return args.Ring != 0
            ? bytes
            : throw new GpuException(
                $"Tensor-core kernels need {bytes} bytes of shared memory, and the device gives a group "
                + $"{device.SharedLimits.Group}; use --precision fp32.");
    }

    // Stages of blocks of pixels: whole lines for each tap. 0 where images are not made of blocks or taps reach further.
    private static int HaloStages(in TensorCoreArgs args)
    {
        if (args.Width % HaloBlock.Width != 0 || args.Height % HaloBlock.Height != 0)
            return 0;
        int sum = 0;
        return Add(args.Term0, ref sum) && Add(args.Term1, ref sum) && Add(args.Term2, ref sum)
            && Add(args.Term3, ref sum)
            ? sum
            : 0;

        static bool Add(in TensorCoreTerm term, ref int sum)
        {
            sum += term.Kernel * term.Kernel * TensorCoreProblem.Tiles(term.Chunks, TensorCoreShared.LineChunks);
            return term.Stages == 0 || term.Kernel is 3 or 5;
        }
    }

    // Two groups with three stages of 128 columns: with one, nobody computes while the other waits.
    private static bool HaloFits(SharedMemoryLimits limits)
    {
        int bytes = TensorCoreShared.Start + (2 * HaloBlock.Bytes) + (3 * 128 * TensorCoreShared.LineBytes);
        return bytes <= limits.Group && 2 * (bytes + ReservedPerGroup) <= limits.Multiprocessor;
    }
}

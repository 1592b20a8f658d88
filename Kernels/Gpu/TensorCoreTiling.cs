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

    // Blocks of pixels are worth it while they do not lengthen the inner dimension, in whole lines for each tap, by more.
    private const double MostHaloStages = 1.25;

    /// <summary>Rows and columns of a tile.</summary>
    public static (int Rows, int Columns) Size(TensorCoreTiling tiling) => tiling switch
    {
        TensorCoreTiling.HaloLarge or TensorCoreTiling.Large => (128, 128),
        TensorCoreTiling.HaloMedium or TensorCoreTiling.Medium => (128, 64),
        _ => (64, 64),
    };

    /// <summary>The tile with which the busiest multiprocessor is done first.</summary>
    /// <remarks>
    /// Smaller tiles leave less of the last round idle and load more per product. The shares are estimates of the rate
    /// that a tile lets tensor cores reach on sm_90, from the bytes that it fetches from the second-level cache and from
    /// shared memory (<see cref="ITensorCoreTile"/>).
    /// </remarks>
    public static TensorCoreTiling Choose(int rows, int columns, int multiprocessors, bool halo, bool weightGradient)
    {
        var best = TensorCoreTiling.Large;
        double least = double.MaxValue;
        for (var tiling = TensorCoreTiling.HaloLarge; tiling <= TensorCoreTiling.Small; tiling++)
        {
            if ((weightGradient && tiling == TensorCoreTiling.Medium) || (!halo && tiling < TensorCoreTiling.Large))
                continue;
            var (tileRows, tileColumns) = Size(tiling);
            long groups = (long)TensorCoreProblem.Tiles(rows, tileRows) * TensorCoreProblem.Tiles(columns, tileColumns);
            double share = tiling switch
            {
                TensorCoreTiling.HaloLarge => 1,
                TensorCoreTiling.HaloMedium => 0.75,
                TensorCoreTiling.Large => 0.6,
                TensorCoreTiling.Medium => 0.4,
                _ => 0.3,
            };
            // The pixels of a weight gradient can be cut until all multiprocessors are busy.
            double rounds = weightGradient
                ? (double)groups / multiprocessors
                : (groups + multiprocessors - 1) / multiprocessors;
            double time = rounds * tileRows * tileColumns / share;
            if (time < least)
                (best, least) = (tiling, time);
        }

        return best;
    }

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
        int haloStages = HaloStages(args);
        bool halo = haloStages > 0 && haloStages <= MostHaloStages * args.Stages && HaloFits(device.SharedLimits);
        var tiling = Choose(args.Rows, args.Columns, device.Multiprocessors, halo, weightGradient: false);
        switch (tiling, device.IsBf16)
        {
            case (TensorCoreTiling.HaloLarge, false):
                Halo<Halo128x128Tf32, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloLarge, true):
                Halo<Halo128x128Bf16, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloMedium, false):
                Halo<Halo128x64Tf32, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.HaloMedium, true):
                Halo<Halo128x64Bf16, TEpilogue>(device, args, haloStages);
                break;
            case (TensorCoreTiling.Large, false):
                Forward<Linewise128x128Tf32, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Large, true):
                Forward<Linewise128x128Bf16, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Medium, false):
                Forward<Linewise128x64Tf32, TEpilogue>(device, args);
                break;
            case (TensorCoreTiling.Medium, true):
                Forward<Linewise128x64Bf16, TEpilogue>(device, args);
                break;
            case (_, false):
                Forward<Linewise64x64Tf32, TEpilogue>(device, args);
                break;
            default:
                Forward<Linewise64x64Bf16, TEpilogue>(device, args);
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

    private static void Forward<TTile, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args)
        where TTile : struct, ITensorCoreStageTile where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile>(
            device, TensorCoreForward<TTile, TEpilogue>.Handle, args, 1, 0, TensorCoreShared.StageBytes<TTile>());

    private static void Halo<TTile, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args, int stages)
        where TTile : struct, ITensorCoreHaloTile where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile>(
            device, TensorCoreHalo<TTile, TEpilogue>.Handle, args with { Stages = stages }, 1, 2 * HaloBlock.Bytes,
            TTile.Columns * TensorCoreShared.LineBytes);

    private static void WeightGradient<TTile, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args, int parts)
        where TTile : struct, ITensorCoreStageTile where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile>(
            device, TensorCoreWeightGradient<TTile, TEpilogue>.Handle, args, parts, 0,
            TensorCoreShared.StageBytes<TTile>());

    private static void Run<TTile>(
        ITensorCoreDevice device, GroupKernelHandle<TensorCoreArgs> kernel, TensorCoreArgs args, int parts, int block,
        int stage)
        where TTile : struct, ITensorCoreTile
    {
        args.Ring = Ring(device.SharedLimits, block, stage, TensorCoreShared.SumBytes<TTile>(), out int bytes);
        if (args.Ring == 0)
        {
            throw new GpuException(
                $"Tensor-core kernels need {bytes} bytes of shared memory, and the device gives a group "
                + $"{device.SharedLimits.Group}; use --precision fp32.");
        }

        args.ColumnTiles = TensorCoreProblem.Tiles(args.Columns, TTile.Columns);
        int groups = checked(TensorCoreProblem.Tiles(args.Rows, TTile.Rows) * args.ColumnTiles * parts);
        device.Launch(kernel, new Index3D(groups, 1, 1), TensorCoreShared.Threads, args, bytes);
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

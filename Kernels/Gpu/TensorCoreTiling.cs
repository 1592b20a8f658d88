using Gqn.Native.Kernels.Gpu.Generated;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Tiles of the tensor-core kernels.</summary>
internal enum TensorCoreTiling
{
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

    /// <summary>Rows and columns of a tile.</summary>
    public static (int Rows, int Columns) Size(TensorCoreTiling tiling) => tiling switch
    {
        TensorCoreTiling.Large => (128, 128),
        TensorCoreTiling.Medium => (128, 64),
        _ => (64, 64),
    };

    /// <summary>The tile with which the busiest multiprocessor is done first.</summary>
    /// <remarks>
    /// Smaller tiles leave less of the last round idle and load more per product; the shares are those of shared memory's
    /// cycles (<see cref="ITensorCoreTile"/>).
    /// </remarks>
    public static TensorCoreTiling Choose(int rows, int columns, int multiprocessors, bool weightGradient)
    {
        var best = TensorCoreTiling.Large;
        double least = double.MaxValue;
        for (var tiling = TensorCoreTiling.Large; tiling <= TensorCoreTiling.Small; tiling++)
        {
            if (weightGradient && tiling == TensorCoreTiling.Medium)
                continue;
            var (tileRows, tileColumns) = Size(tiling);
            long groups = (long)TensorCoreProblem.Tiles(rows, tileRows) * TensorCoreProblem.Tiles(columns, tileColumns);
            double share = tiling switch
            {
                TensorCoreTiling.Large => 1,
                TensorCoreTiling.Medium => 0.75,
                _ => 0.55,
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
    public static int Ring<TTile>(SharedMemoryLimits limits) where TTile : struct, ITensorCoreTile
    {
        for (int groups = 2; groups >= 1; groups--)
        {
            for (int ring = 4; ring >= 2; ring--)
            {
                int bytes = TensorCoreShared.Bytes<TTile>(ring);
                if (bytes <= limits.Group && groups * (bytes + ReservedPerGroup) <= limits.Multiprocessor)
                    return ring;
            }
        }

        throw new GpuException(
            $"Tensor-core kernels need {TensorCoreShared.Bytes<TTile>(2)} bytes of shared memory, and the device gives a "
            + $"group {limits.Group}; use --precision fp32.");
    }

    /// <summary>A forward convolution or a gradient by the input.</summary>
    public static void Forward<TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args)
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        var tiling = Choose(args.Rows, args.Columns, device.Multiprocessors, weightGradient: false);
        switch (tiling, device.IsBf16)
        {
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
        where TTile : struct, ITensorCoreTile where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile>(device, TensorCoreForward<TTile, TEpilogue>.Handle, args, 1);

    private static void WeightGradient<TTile, TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args, int parts)
        where TTile : struct, ITensorCoreTile where TEpilogue : struct, ITensorCoreEpilogue =>
        Run<TTile>(device, TensorCoreWeightGradient<TTile, TEpilogue>.Handle, args, parts);

    private static void Run<TTile>(
        ITensorCoreDevice device, GroupKernelHandle<TensorCoreArgs> kernel, TensorCoreArgs args, int parts)
        where TTile : struct, ITensorCoreTile
    {
        args.Ring = Ring<TTile>(device.SharedLimits);
        args.ColumnTiles = TensorCoreProblem.Tiles(args.Columns, TTile.Columns);
        int groups = checked(TensorCoreProblem.Tiles(args.Rows, TTile.Rows) * args.ColumnTiles * parts);
        device.Launch(
            kernel, new Index3D(groups, 1, 1), TensorCoreShared.Threads, args, TensorCoreShared.Bytes<TTile>(args.Ring));
    }
}

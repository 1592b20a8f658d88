using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Chooses tiles and launches their kernels.</summary>
internal static class TensorCoreLaunch
{
    // Shared memory in bytes that a multiprocessor reserves for each thread block (group).
    private const int ReservedPerGroup = 1024;

    /// <summary>Stages of the ring buffer: as many as fit with two groups per multiprocessor, else with one.</summary>
    /// <param name="limits">Limits of the device.</param>
    /// <param name="block">Bytes before the ring buffer.</param>
    /// <param name="stage">Bytes of a stage.</param>
    /// <param name="sums">Bytes of the sums, which reuse the memory of both.</param>
    /// <param name="bytes">Bytes in total.</param>
    /// <returns>0 if not even two stages fit.</returns>
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

    /// <summary>A forward convolution or a gradient with respect to the input.</summary>
    public static void Forward<TEpilogue>(ITensorCoreDevice device, TensorCoreArgs args)
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        int haloStages = HaloFits(device.SharedLimits) ? HaloStages(args) : 0;
        var schedule = TensorCoreSchedule.Forward(
            args.Rows, args.Columns, args.Stages, haloStages, device.Multiprocessors);
        (args.WholeTiles, args.Parts, args.PartStages) = (schedule.WholeTiles, schedule.Parts, schedule.PartStages);
        var kernel = TensorCoreKernels<TEpilogue>.Of(schedule.Tiling, device.IsBf16);
        if (kernel.IsHalo)
            (args.Stages, args.IsBlock) = (haloStages, 1);
        args.TileRows = kernel.Rows;
        int tiles = Tiles(kernel, ref args), cut = tiles - args.WholeTiles;
        args.Partial = Partial(device, (long)cut * args.Parts * kernel.Rows * kernel.Columns);
        int bytes = Shared(device, kernel, ref args);
        device.Launch(
            kernel.Handle, new Index3D(checked(args.WholeTiles + (cut * args.Parts)), 1, 1), TensorCoreShared.Threads,
            args, bytes);
        if (cut == 0)
            return;
        device.Launch(
            kernel.PartialSums!, new Index3D(cut * (kernel.Rows / kernel.SliceRows), 1, 1), TensorCoreShared.Threads,
            args, TensorCoreShared.Start + kernel.SliceBytes);
    }

    /// <summary>A gradient with respect to the weights, in <paramref name="parts"/> parts.</summary>
    public static void WeightGradient<TEpilogue>(
        ITensorCoreDevice device, TensorCoreArgs args, TensorCoreTiling tiling, int parts)
        where TEpilogue : struct, ITensorCoreEpilogue
    {
        var kernel = TensorCoreWeightKernels<TEpilogue>.Of(tiling, device.IsBf16);
        int tiles = Tiles(kernel, ref args);
        args.Partial = Partial(device, 0);
        int bytes = Shared(device, kernel, ref args);
        device.Launch(
            kernel.Handle, new Index3D(checked(tiles * parts), 1, 1), TensorCoreShared.Threads, args, bytes);
    }

    // Must be some memory even if no tile is split.
    private static ArrayView<Quad> Partial(ITensorCoreDevice device, long count) =>
        device.Scratch(ScratchSlots.Products, Math.Max(count, Quad.Length)).View.Cast<Quad>();

    private static int Tiles(TensorCoreKernel kernel, ref TensorCoreArgs args)
    {
        args.ColumnTiles = Ceiling.Divide(args.Columns, kernel.Columns);
        return checked(Ceiling.Divide(args.Rows, kernel.Rows) * args.ColumnTiles);
    }

    // Sets the number of stages; returns the bytes of shared memory.
    private static int Shared(ITensorCoreDevice device, TensorCoreKernel kernel, ref TensorCoreArgs args)
    {
        args.Ring = Ring(device.SharedLimits, kernel.BlockBytes, kernel.StageBytes, kernel.SumBytes, out int bytes);
        return args.Ring != 0
            ? bytes
            : throw new GpuException(
                $"Tensor-core kernels need {bytes} bytes of shared memory, and the device gives a group "
                + $"{device.SharedLimits.Group}; use --precision fp32.");
    }

    // Stages of blocks of pixels: whole lines for each tap. 0 if images do not consist of blocks or taps reach further.
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
            sum += term.Kernel * term.Kernel * Ceiling.Divide(term.Chunks, TensorCoreShared.LineChunks);
            return term.Stages == 0 || term.Kernel is 3 or 5;
        }
    }

    // Two groups must fit, with three stages of 128 columns: a single one could not compute while it waits.
    private static bool HaloFits(SharedMemoryLimits limits)
    {
        int bytes = TensorCoreShared.Start + (2 * HaloBlock.Bytes) + (3 * 128 * TensorCoreShared.LineBytes);
        return bytes <= limits.Group && 2 * (bytes + ReservedPerGroup) <= limits.Multiprocessor;
    }
}

using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Sums of convolutions and their gradients on NVIDIA's tensor cores: tf32 or bf16, fp32 sums.</summary>
/// <remarks>
/// Operands are first copied in the precision of the context (<see cref="TensorCorePacking"/>). Results are
/// bit-identical in every run on one device. What is not supported is left to the portable kernels, in fp32.
/// </remarks>
internal static partial class TensorCoreConv2d
{
    /// <summary>Whether the device and its precision call for these kernels, and they support all terms.</summary>
    /// <param name="context">The device.</param>
    /// <param name="terms">The terms of a sum; none is constant.</param>
    /// <param name="shape">Shape of the result; each term has its own channels and kernel.</param>
    public static bool Supports(
        GpuContext context, ReadOnlySpan<Conv2dOperand> terms, in Conv2dShape shape)
    {
        if (!AreWanted(context))
            return false;
        foreach (ref readonly var term in terms)
        {
            if (!TensorCoreProblem.Supports(Own(shape, term)))
                return false;
        }

        return true;
    }

    /// <summary>y = activation(<paramref name="sum"/>)</summary>
    /// <param name="device">The device.</param>
    /// <param name="y">(N, K, OutH, OutW)</param>
    /// <param name="sum">A sum approved by <see cref="Supports"/>.</param>
    /// <param name="shape">Shape of the result; each term has its own channels and kernel.</param>
    /// <param name="activation">Applied to the sum.</param>
    public static void Forward<TActivation>(
        ITensorCoreDevice device, GpuArray y, in SumInputs sum, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        _ = activation;
        TensorCoreLaunch.Forward<ActivationEpilogue<TActivation>>(device, Prepare(device, y, sum, shape));
    }

    /// <summary>
    /// The cell whose gates are <paramref name="sum"/>, in <see cref="GateOrder"/>; <paramref name="gates"/>, if it
    /// exists, receives the activated gates. An absent cell is zero.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="cellNext">c′, (N, K / 4, H, W)</param>
    /// <param name="hidden">h, (N, K / 4, H, W)</param>
    /// <param name="gates">(N, K, H, W), or absent.</param>
    /// <param name="cell">c, or absent.</param>
    /// <param name="sum">A sum approved by <see cref="Supports"/>.</param>
    /// <param name="shape">Shape of the gates; each term has its own channels and kernel.</param>
    public static void ForwardLstmCell(
        ITensorCoreDevice device, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, in SumInputs sum,
        in Conv2dShape shape)
    {
        var args = Prepare(device, gates.Exists ? gates : hidden, sum, shape);
        args.HasGates = gates.Exists ? 1 : 0;
        args.CellNext = cellNext.View;
        args.Hidden = hidden.View;
        args.Cell = cell.ViewOr(hidden);
        args.HasCell = cell.Exists ? 1 : 0;
        TensorCoreLaunch.Forward<LstmCellEpilogue>(device, args);
    }

    // Packs the operands of all terms and describes their sum.
    private static TensorCoreArgs Prepare(ITensorCoreDevice device, GpuArray y, in SumInputs sum, in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(device.IsBf16);
        long imageChunks = 0, weightChunks = 0;
        foreach (ref readonly var term in sum.Terms)
        {
            var own = Own(shape, term);
            imageChunks += Aligned(problem.ImageChunks(own));
            weightChunks += TensorCoreProblem.WeightChunks(shape.K, problem.Weights(own).LineChunks);
        }

        var packedImages = Chunks(device, ScratchSlots.Operand, imageChunks);
        var packedWeights = Chunks(device, ScratchSlots.SecondOperand, weightChunks);
        var args = TensorCoreProblem.Forward(shape) with { TableKernel = sum.TableKernel };
        long firstImage = 0, firstWeight = 0;
        int count = 0;
        foreach (ref readonly var term in sum.Terms)
        {
            var own = Own(shape, term);
            var images = packedImages.SubView(firstImage, problem.ImageChunks(own));
            Pack(device, images, term.X, problem.Images(own), images.Length);
            firstImage += Aligned(images.Length);

            var pack = problem.Weights(own);
            pack.Source = term.W.View;
            pack.Packed = packedWeights.SubView(
                firstWeight, TensorCoreProblem.WeightChunks(shape.K, pack.LineChunks));
            device.Launch(TensorCorePacking.Weights, TensorCorePacking.Grid(pack), TensorCorePacking.Threads, pack, 0);
            firstWeight += pack.Packed.Length;
            TensorCoreProblem.Add(ref args, count++, problem.Term(own) with
            {
                Images = Address(images),
                Weights = Address(pack.Packed),
            });
        }

        SetMemory(ref args, y, sum.Addend, sum.Table, sum.Bias);
        return args;
    }

    private static bool AreWanted(GpuContext context) =>
        context.HasTensorCores && context.Precision is MatrixPrecision.Tf32 or MatrixPrecision.Bf16;

    private static void Pack(
        ITensorCoreDevice device, ArrayView<Chunk> packed, GpuArray source, TensorCorePacking.ImageArgs args, long chunks)
    {
        args.Source = source.View;
        args.Packed = packed;
        device.Launch(TensorCorePacking.Images, chunks, args);
    }

    private static void SetMemory(
        ref TensorCoreArgs args, GpuArray y, GpuArray addend, GpuArray table, GpuArray bias)
    {
        args.Y = y.View;
        args.Addend = addend.ViewOr(y);
        args.Table = table.ViewOr(y);
        args.Bias = bias.ViewOr(y);
        args.Cell = args.CellNext = args.Hidden = y.View;
        args.HasAddend = addend.Exists ? 1 : 0;
        args.HasTable = table.Exists ? 1 : 0;
        args.HasBias = bias.Exists ? 1 : 0;
    }

    private static ArrayView<Chunk> Chunks(ITensorCoreDevice device, int slot, long count) =>
        device.Scratch(slot, count * 4).View.Cast<Chunk>().SubView(0, count);

    private static ulong Address(ArrayView<Chunk> view) => (ulong)view.LoadEffectiveAddressAsPtr();

    // Rounds up to 256 bytes, the alignment of allocated memory.
    private static long Aligned(long chunks) => (chunks + 15) / 16 * 16;

    private static Conv2dShape Own(in Conv2dShape shape, in Conv2dOperand term) =>
        term.Kernel == shape.Kernel || shape.Stride == 1
            ? shape with { C = term.Channels, Kernel = term.Kernel }
            : throw new ArgumentException($"A term with a kernel of {term.Kernel} pixels does not fit {shape}.");
}

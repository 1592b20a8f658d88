using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Sums of convolutions and their gradients on NVIDIA's tensor cores, in tf32 or bf16; sums are fp32.</summary>
/// <remarks>
/// Operands are copied in the precision of the context first (<see cref="TensorCorePacking"/>). Results have the same
/// bytes in every run on one device. What is not supported belongs to the portable kernels, in fp32.
/// </remarks>
internal static class TensorCoreConvolution
{
    private static readonly KernelHandle<PartArgs> PartSum = new(SumParts);

    /// <summary>Whether the context's device and precision want these kernels and the sizes fit them.</summary>
    public static bool Supports(GpuContext context, in Conv2dShape shape) =>
        context.HasTensorCores && context.Precision is MatrixPrecision.Tf32 or MatrixPrecision.Bf16
        && TensorCoreProblem.Supports(shape);

    /// <summary>y = activation(addend + Σ x ∗ w + values of border classes + bias)</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">(N, K, OutH, OutW)</param>
    /// <param name="addend">As large as y, perhaps y itself; absent for zero.</param>
    /// <param name="terms">One or more, none of them constant.</param>
    /// <param name="table">Values of border classes of constant terms; absent for zero.</param>
    /// <param name="tableKernel">The side of the filter whose classes they are.</param>
    /// <param name="bias">K numbers; absent for zero.</param>
    /// <param name="shape">Shape of the result; channels and kernel of each term are its own.</param>
    /// <param name="activation">Applied to the sum.</param>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, GpuArray addend, ReadOnlySpan<ConvolutionOperand> terms, GpuArray table,
        int tableKernel, GpuArray bias, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IUnaryOp
    {
        _ = activation;
        addend = AllButLast(context, y, addend, ref terms, shape);
        var args = Sum(context, y, addend, terms, table, tableKernel, bias, shape);
        TensorCoreLaunch.Forward<ActivationEpilogue<TActivation>>(context, args, IsBf16(context));
    }

    /// <summary>
    /// The cell on the gates addend + Σ x ∗ w + values of border classes + bias in <see cref="GateOrder"/>; receives the
    /// activated gates where <paramref name="gates"/> exists. An absent cell is zero.
    /// </summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, GpuArray addend,
        ReadOnlySpan<ConvolutionOperand> terms, GpuArray table, int tableKernel, GpuArray bias, in Conv2dShape shape)
    {
        if (terms.Length > TensorCoreProblem.MaxTerms)
        {
            var sums = gates.Exists
                ? gates
                : context.Scratch(ScratchSlots.Gates, (long)shape.N * shape.OutH * shape.OutW * shape.K);
            addend = AllButLast(context, sums, addend, ref terms, shape);
        }

        var args = Sum(context, gates.Exists ? gates : hidden, addend, terms, table, tableKernel, bias, shape);
        args.HasGates = gates.Exists ? 1 : 0;
        args.CellNext = cellNext.View;
        args.Hidden = hidden.View;
        args.Cell = cell.ViewOr(hidden);
        args.HasCell = cell.Exists ? 1 : 0;
        TensorCoreLaunch.Forward<LstmCellEpilogue>(context, args, IsBf16(context));
    }

    /// <summary>The gradients of the inputs and weights that the operands ask for, one after another.</summary>
    /// <param name="context">The device.</param>
    /// <param name="terms">None of them constant.</param>
    /// <param name="dy">The gradient by y, (N, K, OutH, OutW).</param>
    /// <param name="shape">Shape of the forward convolution; channels and kernel of each term are its own.</param>
    public static void Backward(
        GpuContext context, ReadOnlySpan<ConvolutionOperand> terms, GpuArray dy, in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(IsBf16(context));
        long gradientChunks = Aligned(problem.GradientChunks(shape)), imageChunks = 0;
        foreach (ref readonly var term in terms)
        {
            if (term.Dw.Exists)
                imageChunks = Math.Max(imageChunks, problem.ImageChunks(Own(shape, term)));
        }

        // One packed dy for all; behind it the images of one term at a time.
        var packed = Chunks(context, ScratchSlots.Operand, gradientChunks + imageChunks);
        Pack(context, packed, dy, problem.Gradients(shape), problem.GradientChunks(shape));
        foreach (ref readonly var term in terms)
        {
            var own = Own(shape, term);
            if (term.Dx.Exists)
                BackwardInput(context, problem, term, packed, own);
            if (!term.Dw.Exists)
                continue;
            var images = packed.SubView(gradientChunks, problem.ImageChunks(own));
            Pack(context, images, term.X, problem.Images(own), images.Length);
            BackwardWeight(context, problem, term, images, packed, own);
        }
    }

    private static void BackwardInput(
        GpuContext context, TensorCoreProblem problem, in ConvolutionOperand term, ArrayView<Chunk> dy,
        in Conv2dShape shape)
    {
        var args = TensorCoreProblem.BackwardInput(shape);
        var adjoint = problem.AdjointWeights(shape);
        adjoint.Source = term.W.View;
        adjoint.Packed = Chunks(
            context, ScratchSlots.SecondOperand, TensorCoreProblem.WeightChunks(args.Columns, adjoint.LineChunks));
        context.Launch(TensorCorePacking.Adjoint, adjoint.Packed.Length, adjoint);
        TensorCoreProblem.Add(ref args, 0, problem.AdjointTerm(shape) with
        {
            Images = Address(dy),
            Weights = Address(adjoint.Packed),
        });
        SetMemory(ref args, term.Dx, term.AddDx ? term.Dx : default, default, default);
        TensorCoreLaunch.Forward<ActivationEpilogue<Identity>>(context, args, problem.IsBf16);
    }

    private static void BackwardWeight(
        GpuContext context, TensorCoreProblem problem, in ConvolutionOperand term, ArrayView<Chunk> images,
        ArrayView<Chunk> dy, in Conv2dShape shape)
    {
        int rows = problem.BackwardWeight(shape, 1).Rows;
        var tiling = TensorCoreLaunch.Choose(rows, shape.K, context.Multiprocessors, weightGradient: true);
        var (tileRows, tileColumns) = TensorCoreLaunch.Size(tiling);
        int parts = problem.Parts(shape, tileRows, tileColumns, context.Multiprocessors);
        var args = problem.BackwardWeight(shape, parts);
        args.Term0.Images = Address(images);
        args.Term0.Weights = Address(dy);
        if (parts == 1)
        {
            SetMemory(ref args, term.Dw, term.AddDw ? term.Dw : default, default, default);
            TensorCoreLaunch.WeightGradient<ActivationEpilogue<Identity>>(
                context, args, problem.IsBf16, tiling, parts);
            return;
        }

        var partial = context.Scratch(ScratchSlots.WeightGradient, (long)parts * args.PartStride);
        SetMemory(ref args, partial, default, default, default);
        TensorCoreLaunch.WeightGradient<ActivationEpilogue<Identity>>(context, args, problem.IsBf16, tiling, parts);
        context.Launch(
            PartSum, args.PartStride,
            new PartArgs
            {
                Sum = term.Dw.View,
                Parts = partial.View,
                Count = parts,
                Stride = args.PartStride,
                Add = term.AddDw ? 1 : 0,
            });
    }

    // Terms that one launch has no room for, into y; what is left has that as addend.
    private static GpuArray AllButLast(
        GpuContext context, GpuArray y, GpuArray addend, ref ReadOnlySpan<ConvolutionOperand> terms,
        in Conv2dShape shape)
    {
        while (terms.Length > TensorCoreProblem.MaxTerms)
        {
            var args = Sum(context, y, addend, terms[..TensorCoreProblem.MaxTerms], default, 1, default, shape);
            TensorCoreLaunch.Forward<ActivationEpilogue<Identity>>(context, args, IsBf16(context));
            terms = terms[TensorCoreProblem.MaxTerms..];
            addend = y;
        }

        return addend;
    }

    // Packs the operands of all terms and describes their sum.
    private static TensorCoreArgs Sum(
        GpuContext context, GpuArray y, GpuArray addend, ReadOnlySpan<ConvolutionOperand> terms, GpuArray table,
        int tableKernel, GpuArray bias, in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(IsBf16(context));
        long imageChunks = 0, weightChunks = 0;
        foreach (ref readonly var term in terms)
        {
            var own = Own(shape, term);
            imageChunks += Aligned(problem.ImageChunks(own));
            weightChunks += TensorCoreProblem.WeightChunks(shape.K, problem.Weights(own).LineChunks);
        }

        var packedImages = Chunks(context, ScratchSlots.Operand, imageChunks);
        var packedWeights = Chunks(context, ScratchSlots.SecondOperand, weightChunks);
        var args = TensorCoreProblem.Forward(shape) with { TableKernel = tableKernel };
        long firstImage = 0, firstWeight = 0;
        for (int i = 0; i < terms.Length; i++)
        {
            var own = Own(shape, terms[i]);
            var images = packedImages.SubView(firstImage, problem.ImageChunks(own));
            Pack(context, images, terms[i].X, problem.Images(own), images.Length);
            firstImage += Aligned(images.Length);

            var pack = problem.Weights(own);
            pack.Source = terms[i].W.View;
            pack.Packed = packedWeights.SubView(
                firstWeight, TensorCoreProblem.WeightChunks(shape.K, pack.LineChunks));
            context.Launch(TensorCorePacking.Weights, TensorCorePacking.Grid(pack), TensorCorePacking.Threads, pack);
            firstWeight += pack.Packed.Length;
            TensorCoreProblem.Add(ref args, i, problem.Term(own) with
            {
                Images = Address(images),
                Weights = Address(pack.Packed),
            });
        }

        SetMemory(ref args, y, addend, table, bias);
        return args;
    }

    private static void Pack(
        GpuContext context, ArrayView<Chunk> packed, GpuArray source, TensorCorePacking.ImageArgs args, long chunks)
    {
        args.Source = source.View;
        args.Packed = packed;
        context.Launch(TensorCorePacking.Images, chunks, args);
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

    private static ArrayView<Chunk> Chunks(GpuContext context, int slot, long count) =>
        context.Scratch(slot, count * 4).View.Cast<Chunk>().SubView(0, count);

    private static ulong Address(ArrayView<Chunk> view) => (ulong)view.LoadEffectiveAddressAsPtr();

    // To 256 bytes, as memory is allocated.
    private static long Aligned(long chunks) => (chunks + 15) / 16 * 16;

    private static bool IsBf16(GpuContext context) => context.Precision == MatrixPrecision.Bf16;

    private static Conv2dShape Own(in Conv2dShape shape, in ConvolutionOperand term) =>
        term.Kernel == shape.Kernel || shape.Stride == 1
            ? shape with { C = term.Channels, Kernel = term.Kernel }
            : throw new ArgumentException($"A term with a kernel of {term.Kernel} pixels does not fit {shape}.");

    private static void SumParts(Index1D index, PartArgs args)
    {
        int at = index;
        float sum = args.Add != 0 ? args.Sum[at] : 0f;
        for (int part = 0, from = at; part < args.Count; part++, from += args.Stride)
            sum += args.Parts[from];
        args.Sum[at] = sum;
    }

    internal struct PartArgs
    {
        public ArrayView<float> Sum, Parts;
        public int Count, Stride, Add;
    }
}

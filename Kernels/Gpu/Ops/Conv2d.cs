using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Sums of convolutions into one output, and the ConvLSTM cell on top of them.</summary>
/// <remarks>
/// Nothing is concatenated: each input has its own weights. Spatially constant inputs first become a table of border
/// classes, the others go to the matrix kernels of the device.
/// </remarks>
public static class Conv2dKernels
{
    /// <summary>y = activation(addend + Σ x ∗ w + bias)</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">(N, K, OutH, OutW)</param>
    /// <param name="addend">Same shape as y, may be y itself; absent for zero.</param>
    /// <param name="terms">The convolutions, which may be reordered; may be empty if there is an addend.</param>
    /// <param name="bias">One value per output channel; absent for zero.</param>
    /// <param name="shape">Shape of the result; each term has its own channels and kernel.</param>
    /// <param name="activation">Applied to the sum.</param>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, GpuArray addend, Span<Conv2dOperand> terms, GpuArray bias,
        in Conv2dShape shape, TActivation activation) where TActivation : unmanaged, IFusedActivation
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = Prepare(context, terms, addend, bias, shape);
        if (sum.Terms.IsEmpty)
        {
            Conv2dStart.Launch(context, y, sum, shape);
            if (typeof(TActivation) != typeof(Identity))
                PointwiseKernels.Unary(context, y, y, Outputs(shape), activation);
            return;
        }

        Shorten(context, y, ref sum, shape);
        if (TensorCoreConv2d.Supports(context, sum.Terms, shape))
            TensorCoreConv2d.Forward(context, y, sum, shape, activation);
        else if (context.Tiles == TileFamily.Register)
            RegisterTileConv2d.Forward(context, y, sum, shape, activation);
        else
            SharedTileConv2d.Forward(context, y, sum, shape, activation);
    }

    /// <summary>
    /// The cell on the gates addend + Σ x ∗ w + bias in <see cref="GateOrder"/>; <paramref name="gates"/>, if it
    /// exists, receives the activated gates. An absent cell is zero.
    /// </summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, GpuArray addend,
        Span<Conv2dOperand> terms, GpuArray bias, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = Prepare(context, terms, addend, bias, shape);
        var sums = gates;
        if (!gates.Exists && (sum.Terms.IsEmpty || sum.IsLong))
            sums = context.Scratch(ScratchSlots.Gates, Outputs(shape));
        if (sum.Terms.IsEmpty)
        {
            Conv2dStart.Launch(context, sums, sum, shape);
            ConvLstmKernels.Forward(
                context, cellNext, hidden, sums, cell, (long)shape.N * shape.OutH * shape.OutW,
                shape.K / GateOrder.Gates);
            return;
        }

        Shorten(context, sums, ref sum, shape);
        if (TensorCoreConv2d.Supports(context, sum.Terms, shape))
            TensorCoreConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
        else if (context.Tiles == TileFamily.Register)
            RegisterTileConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
        else
            SharedTileConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
    }

    /// <summary>The gradients of the inputs and weights that the operands request.</summary>
    public static void Backward(
        GpuContext context, ReadOnlySpan<Conv2dOperand> terms, GpuArray dy, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        for (int i = 0; i < terms.Length; i++)
        {
            if (terms[i].IsConstant)
            {
                ConstantMap.Backward(context, terms[i], dy, shape);
                continue;
            }

            // Tensor cores take adjacent terms together, so that dy is packed once for all of them.
            int first = i;
            while (i + 1 < terms.Length && !terms[i + 1].IsConstant)
                i++;
            var maps = terms[first..(i + 1)];
            if (TensorCoreConv2d.Supports(context, maps, shape))
            {
                TensorCoreConv2d.Backward(context, maps, dy, shape);
                continue;
            }

            foreach (ref readonly var map in maps)
                Backward(context, map, dy, shape with { C = map.Channels, Kernel = map.Kernel });
        }
    }

    private static void Backward(
        GpuContext context, in Conv2dOperand term, GpuArray dy, in Conv2dShape shape)
    {
        bool register = context.Tiles == TileFamily.Register;
        if (term.Dx.Exists && register)
            RegisterTileConv2d.BackwardInput(context, term.Dx, term.AddDx, dy, term.W, shape);
        else if (term.Dx.Exists)
            SharedTileConv2d.BackwardInput(context, term.Dx, term.AddDx, dy, term.W, shape);
        if (term.Dw.Exists && register)
            RegisterTileConv2d.BackwardWeight(context, term.Dw, term.AddDw, dy, term.X, shape);
        else if (term.Dw.Exists)
            SharedTileConv2d.BackwardWeight(context, term.Dw, term.AddDw, dy, term.X, shape);
    }

    // The sum with a table in place of its constant inputs, which move to the front.
    private static SumInputs Prepare(
        GpuContext context, Span<Conv2dOperand> terms, GpuArray addend, GpuArray bias, in Conv2dShape shape)
    {
        int constants = 0, kernel = 1;
        for (int i = 0; i < terms.Length; i++)
        {
            var term = terms[i];
            if (!term.IsConstant)
                continue;
            terms[constants..i].CopyTo(terms[(constants + 1)..]);
            terms[constants++] = term;
            kernel = Math.Max(kernel, term.Kernel);
        }

        // One table for all constant inputs: the classes of the largest kernel refine those of the others.
        GpuArray table = default;
        if (constants > 0)
            table = context.Scratch(ScratchSlots.Table, (long)shape.N * ConstantMap.Classes(shape, kernel) * shape.K);
        for (int i = 0; i < constants; i++)
            ConstantMap.Forward(context, table, i > 0, terms[i], shape, kernel);
        return new SumInputs
        {
            Terms = terms[constants..],
            Addend = addend,
            Bias = bias,
            Table = table,
            TableKernel = kernel,
        };
    }

    // The terms that one launch has no room for go into y, which becomes the addend of the others. Register tiles add
    // one term after another anyway.
    private static void Shorten(GpuContext context, GpuArray y, ref SumInputs sum, in Conv2dShape shape)
    {
        for (; sum.IsLong && context.Tiles != TileFamily.Register; sum = sum.Rest(y))
            Forward(context, y, sum.Addend, sum.First.Terms, default, shape, default(Identity));
    }

    private static long Outputs(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.K;
}

/// <summary>What a matrix kernel sums.</summary>
internal readonly ref struct SumInputs
{
    /// <summary>The most terms of one launch.</summary>
    public const int MostTerms = 4;

    /// <summary>The convolutions, except those of constant inputs.</summary>
    public Span<Conv2dOperand> Terms { get; init; }

    /// <summary>Same shape as the result, may be the result itself; absent for zero.</summary>
    public GpuArray Addend { get; init; }

    /// <summary>One value per output channel; absent for zero.</summary>
    public GpuArray Bias { get; init; }

    /// <summary>[n][class][output channel], the sum of all constant inputs; absent for zero.</summary>
    public GpuArray Table { get; init; }

    /// <summary>The kernel size whose <see cref="BorderClasses"/> number the table's rows.</summary>
    public int TableKernel { get; init; }

    /// <summary>True if one launch has no room for all terms.</summary>
    public bool IsLong => Terms.Length > MostTerms;

    /// <summary>The terms of the first launch, with the addend.</summary>
    public SumInputs First => new() { Terms = Terms[..MostTerms], Addend = Addend, TableKernel = 1 };

    /// <summary>The remaining terms, with <paramref name="y"/> as addend.</summary>
    /// <param name="y">The sum of the first terms.</param>
    public SumInputs Rest(GpuArray y) => this with { Terms = Terms[MostTerms..], Addend = y };
}

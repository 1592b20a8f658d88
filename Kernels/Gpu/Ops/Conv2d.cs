using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Sums of convolutions with one output, and the ConvLSTM cell on top of them.</summary>
/// <remarks>
/// Nothing is concatenated: each input has its own weights. Inputs that are the same in every pixel become a table of
/// border classes first, the rest goes to the matrix kernels of the device.
/// </remarks>
public static class Conv2dKernels
{
    /// <summary>y = activation(addend + Σ x ∗ w + bias)</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">(N, K, OutH, OutW)</param>
    /// <param name="addend">As large as y, perhaps y itself; absent for zero.</param>
    /// <param name="terms">The convolutions; none where there is an addend.</param>
    /// <param name="bias">One number per output channel; absent for zero.</param>
    /// <param name="shape">Shape of the result; channels and kernel of each term are its own.</param>
    /// <param name="activation">Applied to the sum.</param>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, GpuArray addend, ReadOnlySpan<Conv2dOperand> terms, GpuArray bias,
        in Conv2dShape shape, TActivation activation) where TActivation : unmanaged, IFusedActivation
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = Prepare(context, terms, addend, bias, shape);
        if (sum.HasNoTerms)
        {
            Conv2dStart.Launch(context, y, sum, shape);
            if (typeof(TActivation) != typeof(Identity))
                PointwiseKernels.Unary(context, y, y, Outputs(shape), activation);
            return;
        }

        if (TensorCoreConv2d.Supports(context, terms, shape))
            TensorCoreConv2d.Forward(context, y, sum, shape, activation);
        else if (context.Tiles == TileFamily.Register)
            RegisterTileConv2d.Forward(context, y, sum, shape, activation);
        else
            SharedTileConv2d.Forward(context, y, sum, shape, activation);
    }

    /// <summary>
    /// The cell on the gates addend + Σ x ∗ w + bias in <see cref="GateOrder"/>; receives the activated gates where
    /// <paramref name="gates"/> exists. An absent cell is zero.
    /// </summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, GpuArray addend,
        ReadOnlySpan<Conv2dOperand> terms, GpuArray bias, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = Prepare(context, terms, addend, bias, shape);
        if (sum.HasNoTerms)
        {
            var sums = gates.Exists ? gates : context.Scratch(ScratchSlots.Gates, Outputs(shape));
            Conv2dStart.Launch(context, sums, sum, shape);
            ConvLstmKernels.Forward(
                context, cellNext, hidden, sums, cell, (long)shape.N * shape.OutH * shape.OutW,
                shape.K / GateOrder.Gates);
            return;
        }

        if (TensorCoreConv2d.Supports(context, terms, shape))
            TensorCoreConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
        else if (context.Tiles == TileFamily.Register)
            RegisterTileConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
        else
            SharedTileConv2d.ForwardLstmCell(context, cellNext, hidden, gates, cell, sum, shape);
    }

    /// <summary>The gradients of the inputs and weights that the operands ask for, one after another.</summary>
    public static void Backward(
        GpuContext context, ReadOnlySpan<Conv2dOperand> terms, GpuArray dy, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        bool tensorCores = TensorCoreConv2d.Supports(context, terms, shape);
        for (int i = 0; i < terms.Length; i++)
        {
            if (terms[i].IsConstant)
            {
                ConstantMap.Backward(context, terms[i], dy, shape);
            }
            else if (tensorCores)
            {
                // Together, so that dy is packed once for all.
                int first = i;
                while (i + 1 < terms.Length && !terms[i + 1].IsConstant)
                    i++;
                TensorCoreConv2d.Backward(context, terms[first..(i + 1)], dy, shape);
            }
            else
            {
                Backward(context, terms[i], dy, Own(shape, terms[i]));
            }
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

    /// <summary>The sum with a table in place of its constant inputs.</summary>
    private static SumInputs Prepare(
        GpuContext context, ReadOnlySpan<Conv2dOperand> terms, GpuArray addend, GpuArray bias,
        in Conv2dShape shape)
    {
        var (table, kernel) = ConstantTerms(context, terms, shape);
        return new SumInputs
        {
            Terms = terms,
            Addend = addend,
            Bias = bias,
            Table = table,
            TableKernel = kernel,
        };
    }

    /// <summary>
    /// One table for all constant inputs: the classes of the largest kernel are finer than those of the others.
    /// </summary>
    private static (GpuArray Table, int Kernel) ConstantTerms(
        GpuContext context, ReadOnlySpan<Conv2dOperand> terms, in Conv2dShape shape)
    {
        int kernel = 0;
        foreach (ref readonly var term in terms)
        {
            if (term.IsConstant)
                kernel = Math.Max(kernel, term.Kernel);
        }

        if (kernel == 0)
            return (default, 1);
        var table = context.Scratch(
            ScratchSlots.Table, (long)shape.N * ConstantMap.Classes(shape, kernel) * shape.K);
        bool add = false;
        foreach (ref readonly var term in terms)
        {
            if (!term.IsConstant)
                continue;
            ConstantMap.Forward(context, table, add, term, shape, kernel);
            add = true;
        }

        return (table, kernel);
    }

    private static long Outputs(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.K;

    private static Conv2dShape Own(in Conv2dShape shape, in Conv2dOperand term) =>
        shape with { C = term.Channels, Kernel = term.Kernel };
}

/// <summary>What a matrix kernel adds up.</summary>
internal readonly ref struct SumInputs
{
    /// <summary>The convolutions; constant inputs among them are in the table already and to be passed over.</summary>
    public ReadOnlySpan<Conv2dOperand> Terms { get; init; }

    /// <summary>As large as the result, perhaps the result itself; absent for zero.</summary>
    public GpuArray Addend { get; init; }

    /// <summary>One number per output channel; absent for zero.</summary>
    public GpuArray Bias { get; init; }

    /// <summary>[n][class][output channel], the sum of all constant inputs; absent for zero.</summary>
    public GpuArray Table { get; init; }

    /// <summary>The kernel whose <see cref="BorderClasses"/> number the table's rows.</summary>
    public int TableKernel { get; init; }

    /// <summary>True where nothing is left to convolve.</summary>
    public bool HasNoTerms
    {
        get
        {
            foreach (ref readonly var term in Terms)
            {
                if (!term.IsConstant)
                    return false;
            }

            return true;
        }
    }
}

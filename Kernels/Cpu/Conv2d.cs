using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Sums of convolutions Σ x ∗ w and their gradients, each part by the kernels that need the fewest operations: constant
/// maps by border classes, the rest jointly by Winograd's algorithm or one by one by direct convolution.
/// </summary>
/// <remarks>
/// C and Kernel of the shape are ignored: each term has its own. Terms with different kernel sizes are accumulated one
/// by one. Results are bit-identical for any number of threads.
/// </remarks>
public static unsafe class Conv2dKernels
{
    /// <summary>y = f(addend + Σ x ∗ w + bias)</summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="y">The result, (N, K, OutH, OutW).</param>
    /// <param name="addend">Same shape as y, may be y itself; null for zero.</param>
    /// <param name="operands">The terms; there may be none.</param>
    /// <param name="bias">K values, or null for none.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="activation">The activation f.</param>
    /// <exception cref="ArgumentException">The shape is not supported.</exception>
    public static void Forward<TActivation>(
        CpuWorkspace workspace, float* y, float* addend, ReadOnlySpan<Conv2dOperand> operands, float* bias,
        in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        if (HaveSeveralKernels(operands))
        {
            int last = operands.Length - 1;
            for (int i = 0; i < last; i++, addend = y)
                Forward(workspace, y, addend, operands.Slice(i, 1), null, shape, default(Identity));
            Forward(workspace, y, addend, operands.Slice(last, 1), bias, shape, activation);
            return;
        }

        workspace.Reserve(ForwardScratch(operands, shape, workspace.Pool.Threads));
        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        float* table = MakeTable(workspace, operands, ref maps, shape);
        var sum = Sum(shape, maps);
        if (UsesWinograd(sum, maps))
        {
            Winograd.Forward(workspace, y, addend, table, maps, bias, sum, activation);
            return;
        }

        if (maps.IsEmpty)
        {
            ConstantMap.Apply(workspace, y, addend, table, bias, Term(shape, operands), activation);
            return;
        }

        if (table is not null)
        {
            ConstantMap.Apply(workspace, y, addend, table, null, sum, default(Identity));
            addend = y;
        }

        for (int i = 0; i < maps.Length; i++, addend = y)
        {
            var term = Term(shape, maps[i]);
            if (i == maps.Length - 1)
                DirectConv2d.Forward(workspace, y, addend, maps[i].X, maps[i].W, bias, term, activation);
            else
                DirectConv2d.Forward(workspace, y, addend, maps[i].X, maps[i].W, null, term, default(Identity));
        }
    }

    /// <summary>
    /// One step of a ConvLSTM from its terms: <see cref="Forward"/> without activation gives the gates in
    /// <see cref="GateOrder"/>, <see cref="ConvLstmKernels.Forward"/> does the rest.
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="cellNext">c′, (N, K / 4, H, W).</param>
    /// <param name="hidden">h, (N, K / 4, H, W).</param>
    /// <param name="gates">The activated gates, (N, K, H, W); null if not needed and <see cref="IsFused"/>.</param>
    /// <param name="cell">c, or null for zero.</param>
    /// <param name="addend">Same shape as the gates; null for zero.</param>
    /// <param name="operands">The terms; there may be none.</param>
    /// <param name="bias">K values, or null for none.</param>
    /// <param name="shape">The sizes, at stride 1.</param>
    public static void ForwardLstmCell(
        CpuWorkspace workspace, float* cellNext, float* hidden, float* gates, float* cell, float* addend,
        ReadOnlySpan<Conv2dOperand> operands, float* bias, in Conv2dShape shape)
    {
        if (!IsFused(operands, shape))
        {
            Forward(workspace, gates, addend, operands, bias, shape, default(Identity));
            long rows = (long)shape.N * shape.H * shape.W;
            ConvLstmKernels.Forward(workspace, cellNext, hidden, gates, cell, rows, shape.K / GateOrder.Gates);
            return;
        }

        workspace.Reserve(ForwardScratch(operands, shape, workspace.Pool.Threads, fused: true));
        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        float* table = MakeTable(workspace, operands, ref maps, shape);
        var epilogue = new WinogradLstmCell
        {
            CellNext = cellNext,
            HiddenState = hidden,
            Gates = gates,
            Cell = cell,
            Addend = addend,
            Table = table,
            Bias = bias,
        };
        var target = new WinogradTarget { Columns = shape.K };
        Winograd.Forward(workspace, ref target, maps, Sum(shape, maps), epilogue);
    }

    /// <summary>Whether <see cref="ForwardLstmCell"/> needs no memory for the gates.</summary>
    public static bool IsFused(ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape)
    {
        if (HaveSeveralKernels(operands))
            return false;
        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        maps = maps[..TakeMaps(operands, maps)];
        return UsesWinograd(Sum(shape, maps), maps);
    }

    /// <summary>The requested gradients of the terms, from the gradient with respect to y.</summary>
    /// <remarks>Terms may share a gradient: the first of them decides whether its old value is kept.</remarks>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="operands">The terms.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, OutH, OutW).</param>
    /// <param name="shape">The sizes of the forward convolution.</param>
    /// <exception cref="ArgumentException">The shape is not supported.</exception>
    public static void Backward(
        CpuWorkspace workspace, ReadOnlySpan<Conv2dOperand> operands, float* dy, in Conv2dShape shape)
    {
        if (HaveSeveralKernels(operands) || ShareGradients(operands))
        {
            for (int i = 0; i < operands.Length; i++)
                Backward(workspace, operands.Slice(i, 1), dy, shape);
            return;
        }

        workspace.Reserve(BackwardScratch(operands, shape, workspace.Pool.Threads));
        bool summed = false;
        foreach (ref readonly var operand in operands)
        {
            if (!operand.IsConstant)
                continue;
            var constant = Term(shape, operand);
            if (!summed)
                ConstantMap.SumClasses(workspace, workspace.Activations, dy, constant);
            summed = true;
            ConstantMap.Backward(
                workspace, operand.Dx, operand.AddDx ? 1f : 0f, operand.Dw, operand.AddDw ? 1f : 0f,
                workspace.Activations, operand.X, operand.W, constant);
        }

        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        maps = maps[..TakeMaps(operands, maps)];
        var sum = Sum(shape, maps);
        if (UsesWinograd(sum, maps))
        {
            Winograd.Backward(workspace, maps, dy, sum);
            return;
        }

        foreach (ref readonly var map in maps)
        {
            var term = Term(shape, map);
            if (map.Dx is not null)
                DirectConv2d.BackwardInput(workspace, map.Dx, map.AddDx ? 1f : 0f, dy, map.W, term);
            if (map.Dw is not null)
                DirectConv2d.BackwardWeight(workspace, map.Dw, map.AddDw ? 1f : 0f, dy, map.X, term);
        }
    }

    /// <summary>
    /// The scratch memory of a forward pass with <paramref name="threads"/> threads; of the operands only the channels,
    /// the kernel size and whether they are constant are read.
    /// </summary>
    public static ScratchSize ForwardScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads) =>
        ForwardScratch(operands, shape, threads, fused: false);

    /// <summary>The scratch memory of <see cref="ForwardLstmCell"/>, likewise.</summary>
    public static ScratchSize ForwardLstmCellScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads) =>
        ForwardScratch(operands, shape, threads, IsFused(operands, shape));

    /// <summary>
    /// The scratch memory of <see cref="Backward"/> with <paramref name="threads"/> threads; of the operands' pointers
    /// only those to the gradients are compared, none is dereferenced.
    /// </summary>
    public static ScratchSize BackwardScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads)
    {
        var size = default(ScratchSize);
        if (HaveSeveralKernels(operands) || ShareGradients(operands))
        {
            for (int i = 0; i < operands.Length; i++)
                size = ScratchSize.Max(size, BackwardScratch(operands.Slice(i, 1), shape, threads));
            return size;
        }

        foreach (ref readonly var operand in operands)
        {
            if (!operand.IsConstant)
                continue;
            var constant = Term(shape, operand);
            size = ScratchSize.Max(size, ConstantMap.BackwardScratch(constant, threads));
            size = ScratchSize.Max(size, new ScratchSize(ConstantMap.TableFloats(constant), 0, 0));
        }

        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        maps = maps[..TakeMaps(operands, maps)];
        var sum = Sum(shape, maps);
        if (UsesWinograd(sum, maps))
            return ScratchSize.Max(size, Winograd.BackwardScratch(maps, sum, threads));
        foreach (ref readonly var map in maps)
        {
            var term = Term(shape, map);
            if (map.Dx is not null)
                size = ScratchSize.Max(size, DirectConv2d.BackwardInputScratch(term, threads));
            if (map.Dw is not null)
                size = ScratchSize.Max(size, DirectConv2d.BackwardWeightScratch(term));
        }

        return size;
    }

    private static ScratchSize ForwardScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads, bool fused)
    {
        var size = default(ScratchSize);
        if (HaveSeveralKernels(operands))
        {
            for (int i = 0; i < operands.Length; i++)
                size = ScratchSize.Max(size, ForwardScratch(operands.Slice(i, 1), shape, threads));
            return size;
        }

        foreach (ref readonly var operand in operands)
        {
            if (!operand.IsConstant)
                continue;
            var constant = Term(shape, operand);
            size = ScratchSize.Max(size, ConstantMap.ForwardScratch(constant, threads));
            size = ScratchSize.Max(size, new ScratchSize(0, ConstantMap.TableFloats(constant), 0));
        }

        Span<Conv2dOperand> maps = stackalloc Conv2dOperand[operands.Length];
        maps = maps[..TakeMaps(operands, maps)];
        var sum = Sum(shape, maps);
        if (fused)
            return ScratchSize.Max(size, Winograd.ForwardScratch<WinogradLstmCell>(maps, sum, threads));
        if (UsesWinograd(sum, maps))
            return ScratchSize.Max(size, Winograd.ForwardScratch(maps, sum, threads));
        foreach (ref readonly var map in maps)
            size = ScratchSize.Max(size, DirectConv2d.ForwardScratch(Term(shape, map), threads));
        return size;
    }

    // The sum of the constant terms as a table of border classes, in scratch memory that forward passes use for nothing
    // else; maps keeps the other terms.
    private static float* MakeTable(
        CpuWorkspace workspace, ReadOnlySpan<Conv2dOperand> operands, ref Span<Conv2dOperand> maps,
        in Conv2dShape shape)
    {
        float* table = null;
        foreach (ref readonly var operand in operands)
        {
            if (!operand.IsConstant)
                continue;
            ConstantMap.Forward(
                workspace, workspace.Gradients, table is null ? 0f : 1f, operand.X, operand.W, Term(shape, operand));
            table = workspace.Gradients;
        }

        maps = maps[..TakeMaps(operands, maps)];
        return table;
    }

    private static int TakeMaps(ReadOnlySpan<Conv2dOperand> operands, Span<Conv2dOperand> maps)
    {
        int count = 0;
        foreach (ref readonly var operand in operands)
        {
            if (!operand.IsConstant)
                maps[count++] = operand;
        }

        return count;
    }

    private static Conv2dShape Term(in Conv2dShape shape, in Conv2dOperand operand) =>
        shape with { C = operand.Channels, Kernel = operand.Kernel };

    private static Conv2dShape Term(in Conv2dShape shape, ReadOnlySpan<Conv2dOperand> operands) =>
        operands.IsEmpty ? shape : Term(shape, operands[0]);

    private static Conv2dShape Sum(in Conv2dShape shape, ReadOnlySpan<Conv2dOperand> maps)
    {
        int channels = 0;
        foreach (ref readonly var map in maps)
            channels += map.Channels;
        return maps.IsEmpty ? shape : shape with { C = channels, Kernel = maps[0].Kernel };
    }

    private static bool UsesWinograd(in Conv2dShape sum, ReadOnlySpan<Conv2dOperand> maps) =>
        !maps.IsEmpty && Winograd.IsFaster(sum);

    private static bool HaveSeveralKernels(ReadOnlySpan<Conv2dOperand> operands)
    {
        foreach (ref readonly var operand in operands)
        {
            if (operand.Kernel != operands[0].Kernel)
                return true;
        }

        return false;
    }

    private static bool ShareGradients(ReadOnlySpan<Conv2dOperand> operands)
    {
        for (int i = 1; i < operands.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                bool same = operands[i].Dx is not null && operands[i].Dx == operands[j].Dx;
                if (same || (operands[i].Dw is not null && operands[i].Dw == operands[j].Dw))
                    return true;
            }
        }

        return false;
    }
}

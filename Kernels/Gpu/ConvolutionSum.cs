using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Sums of convolutions with one output, and the ConvLSTM cell on top of them.</summary>
/// <remarks>
/// Nothing is concatenated: each input has its own weights. Inputs that are the same in every pixel become a table of
/// border classes first, the rest goes to the matrix kernels of the device.
/// </remarks>
public static class ConvolutionSum
{
    private static readonly KernelHandle<StartArgs> StartHandle = new(ConvolutionSumStart);

    /// <summary>y = activation(addend + Σ x ∗ w + bias)</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">(N, K, OutH, OutW)</param>
    /// <param name="addend">As large as y, perhaps y itself; absent for zero.</param>
    /// <param name="terms">The convolutions; none where there is an addend.</param>
    /// <param name="bias">One number per output channel; absent for zero.</param>
    /// <param name="shape">Shape of the result; channels and kernel of each term are its own.</param>
    /// <param name="activation">Applied to the sum.</param>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, GpuArray addend, ReadOnlySpan<ConvolutionOperand> terms, GpuArray bias,
        in Conv2dShape shape, TActivation activation) where TActivation : unmanaged, IUnaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        Accumulate(context, y, addend, terms, bias, shape);
        if (typeof(TActivation) != typeof(Identity))
            PointwiseKernels.Unary(context, y, y, Outputs(shape), activation);
    }

    /// <summary>
    /// The cell on the gates addend + Σ x ∗ w + bias in <see cref="GateOrder"/>; receives the activated gates where
    /// <paramref name="gates"/> exists. An absent cell is zero.
    /// </summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, GpuArray addend,
        ReadOnlySpan<ConvolutionOperand> terms, GpuArray bias, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        var sums = gates.Exists ? gates : context.Scratch(ScratchSlots.Gates, Outputs(shape));
        Accumulate(context, sums, addend, terms, bias, shape);
        LstmCellKernels.Forward(
            context, cellNext, hidden, sums, cell, (long)shape.N * shape.OutH * shape.OutW, shape.K / GateOrder.Gates);
    }

    /// <summary>The gradients of the inputs and weights that the operands ask for, one after another.</summary>
    public static void Backward(
        GpuContext context, ReadOnlySpan<ConvolutionOperand> terms, GpuArray dy, in Conv2dShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (ref readonly var term in terms)
        {
            if (term.IsConstant)
            {
                ConstantMap.Backward(context, term, dy, shape);
                continue;
            }

            var own = Own(shape, term);
            if (term.Dx.Exists)
                PlainConvolution.BackwardInput(context, term.Dx, term.AddDx, dy, term.W, own);
            if (term.Dw.Exists)
                PlainConvolution.BackwardWeight(context, term.Dw, term.AddDw, dy, term.X, own);
        }
    }

    private static void Accumulate(
        GpuContext context, GpuArray y, GpuArray addend, ReadOnlySpan<ConvolutionOperand> terms, GpuArray bias,
        in Conv2dShape shape)
    {
        var (table, kernel) = ConstantTerms(context, terms, shape);
        context.Launch(
            StartHandle, Outputs(shape),
            new StartArgs
            {
                Y = y.View,
                Addend = addend.ViewOr(y),
                Bias = bias.ViewOr(y),
                Table = table.ViewOr(y),
                K = shape.K,
                H = shape.OutH,
                W = shape.OutW,
                Kernel = kernel,
                ReadAddend = addend.Exists ? 1 : 0,
                ReadBias = bias.Exists ? 1 : 0,
                ReadTable = table.Exists ? 1 : 0,
            });
        foreach (ref readonly var term in terms)
        {
            if (!term.IsConstant)
                PlainConvolution.Forward(context, y, term.X, term.W, Own(shape, term));
        }
    }

    /// <summary>
    /// One table for all constant inputs: the classes of the largest kernel are finer than those of the others.
    /// </summary>
    private static (GpuArray Table, int Kernel) ConstantTerms(
        GpuContext context, ReadOnlySpan<ConvolutionOperand> terms, in Conv2dShape shape)
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

    private static Conv2dShape Own(in Conv2dShape shape, in ConvolutionOperand term) =>
        shape with { C = term.Channels, Kernel = term.Kernel };

    private static long Outputs(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.K;

    private static void ConvolutionSumStart(Index1D index, StartArgs args)
    {
        int i = index, pixel = i / args.K, k = i - (pixel * args.K);
        float sum = args.ReadAddend != 0 ? args.Addend[i] : 0f;
        if (args.ReadBias != 0)
            sum += args.Bias[k];
        if (args.ReadTable != 0)
        {
            var rows = new BorderClasses(args.H, args.Kernel);
            var columns = new BorderClasses(args.W, args.Kernel);
            int x = pixel % args.W, rest = pixel / args.W, y = rest % args.H, n = rest / args.H;
            int row = (((n * rows.Count) + rows.Of(y)) * columns.Count) + columns.Of(x);
            sum += args.Table[(row * args.K) + k];
        }

        args.Y[i] = sum;
    }

    internal struct StartArgs
    {
        public ArrayView<float> Y, Addend, Bias, Table;
        public int K, H, W, Kernel, ReadAddend, ReadBias, ReadTable;
    }
}

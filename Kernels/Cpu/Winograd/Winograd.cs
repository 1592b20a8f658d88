using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Sums of padded 3 x 3 and 5 x 5 convolutions by Winograd's F(4x4, 3x3) and F(4x4, 5x5), with 25 % and 16 % of the
/// multiplications of direct convolution.
/// </summary>
/// <remarks>
/// y = Aᵀ Σ [(G w Gᵀ) · (Bᵀ x B)] A for tiles of 4 x 4 outputs (Lavin and Gray 2016). The terms of a sum are
/// accumulated before the output transform, which they share. The rounding error is about ten times that of direct
/// convolution: 3e-6 relative. Images are dense NHWC; weights are in blocks of 32 outputs, [block][input][tap][output].
/// </remarks>
public static unsafe class Winograd
{
    // Images are processed in slabs whose planes stay below this: a large batch then needs no large workspace.
    private const long SlabFloats = 4L << 20;

    /// <summary>
    /// False if the environment variable GQN_WINOGRAD is 0 at process start: all convolutions are then direct, to show
    /// the effect of Winograd's rounding.
    /// </summary>
    public static bool IsEnabled { get; } = Environment.GetEnvironmentVariable("GQN_WINOGRAD") != "0";

    /// <summary>
    /// Whether these kernels need fewer operations than the direct ones, which are better for maps whose sides are far
    /// from a multiple of four and for very few channels.
    /// </summary>
    /// <param name="shape">The sizes; for a sum, C is the total of all terms.</param>
    public static bool IsFaster(in Conv2dShape shape)
    {
        if (!IsEnabled || shape.Stride != 1 || shape.Kernel is not (3 or 5) || (long)shape.C * shape.K < 256)
            return false;
        var tiling = new WinogradTiling(shape, 0, shape.N);
        return 10L * tiling.Count * tiling.Frequencies < 7L * shape.N * shape.H * shape.W * tiling.Taps;
    }

    /// <summary>y = f(addend + Σ x ∗ w + bias)</summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="y">The result, (N, K, H, W).</param>
    /// <param name="addend">Same shape as y, may be y itself; null for zero.</param>
    /// <param name="table">The constant terms, from <see cref="ConstantMap.Forward"/>; null for none.</param>
    /// <param name="operands">The terms; none is constant.</param>
    /// <param name="bias">K values, or null for none.</param>
    /// <param name="shape">The sizes; C is ignored, as each term has its own.</param>
    /// <param name="activation">The activation f.</param>
    public static void Forward<TActivation>(
        CpuWorkspace workspace, float* y, float* addend, float* table, ReadOnlySpan<Conv2dOperand> operands,
        float* bias, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        var target = new WinogradTarget { Output = y, Addend = addend, Columns = shape.K };
        var epilogue = new WinogradActivation<TActivation> { Bias = bias, Table = table, Activation = activation };
        Forward(workspace, ref target, operands, shape, epilogue);
    }

    /// <summary>The requested gradients of the terms, from the gradient with respect to y.</summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="operands">The terms.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, H, W).</param>
    /// <param name="shape">The sizes of the forward convolution; C is ignored.</param>
    public static void Backward(
        CpuWorkspace workspace, ReadOnlySpan<Conv2dOperand> operands, float* dy, in Conv2dShape shape)
    {
        int images = SlabImages(operands, shape);
        for (int first = 0; first < shape.N; first += images)
        {
            var tiling = new WinogradTiling(shape, first, Math.Min(images, shape.N - first));
            BackwardInputs(workspace, operands, dy, shape.K, tiling);
            BackwardWeights(workspace, operands, dy, shape.K, tiling, first > 0);
        }
    }

    /// <summary>
    /// The scratch memory of a forward pass with <paramref name="threads"/> threads; of the operands only the channels
    /// are read.
    /// </summary>
    public static ScratchSize ForwardScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads) =>
        ForwardScratch<WinogradActivation<Identity>>(operands, shape, threads);

    /// <summary>
    /// The scratch memory of <see cref="Backward"/> with <paramref name="threads"/> threads; of the operands only the
    /// channels and the presence of gradients are read.
    /// </summary>
    public static ScratchSize BackwardScratch(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads)
    {
        var tiling = new WinogradTiling(shape, 0, Math.Min(shape.N, SlabImages(operands, shape)));
        int most = MaxPieces(operands, shape.K);
        var pieces = stackalloc WinogradPiece[most];
        var chunks = stackalloc WinogradChunk[most];
        var targets = stackalloc WinogradTarget[operands.Length];
        PlanBackwardInputs(operands, null, shape.K, tiling, threads, pieces, chunks, targets, out var size);
        var gradientPieces = stackalloc WinogradPiece[most];
        var gradientChunks = stackalloc WinogradChunk[most];
        var weights = PlanBackwardWeights(
            operands, null, shape.K, tiling, pieces, chunks, gradientPieces, gradientChunks, out var weightSize);
        return weights.Inputs.PieceCount == 0 ? size : ScratchSize.Max(size, weightSize);
    }

    internal static void Forward<TEpilogue>(
        CpuWorkspace workspace, ref WinogradTarget target, ReadOnlySpan<Conv2dOperand> operands,
        in Conv2dShape shape, TEpilogue epilogue)
        where TEpilogue : unmanaged, IWinogradEpilogue
    {
        int images = SlabImages(operands, shape), most = MaxPieces(operands, 0);
        var pieces = stackalloc WinogradPiece[most];
        var chunks = stackalloc WinogradChunk[most];
        float** weights = stackalloc float*[operands.Length];
        for (int i = 0; i < operands.Length; i++)
            weights[i] = operands[i].W;
        fixed (WinogradTarget* targets = &target)
        {
            for (int first = 0; first < shape.N; first += images)
            {
                var tiling = new WinogradTiling(shape, first, Math.Min(images, shape.N - first));
                var product = PlanForward<TEpilogue>(
                    operands, targets, tiling, workspace.Pool.Threads, pieces, chunks, out var size);
                workspace.Reserve(size);
                product.Weights = weights;
                product.Epilogue = epilogue;
                WinogradPlanes.Compute(workspace, ref product.Planes, workspace.Activations);
                LaneLoop.ForItems(workspace, product.Items, product);
            }
        }
    }

    internal static ScratchSize ForwardScratch<TEpilogue>(
        ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape, int threads)
        where TEpilogue : unmanaged, IWinogradEpilogue
    {
        int most = MaxPieces(operands, 0);
        var pieces = stackalloc WinogradPiece[most];
        var chunks = stackalloc WinogradChunk[most];
        var target = new WinogradTarget { Columns = shape.K };
        var tiling = new WinogradTiling(shape, 0, Math.Min(shape.N, SlabImages(operands, shape)));
        PlanForward<TEpilogue>(operands, &target, tiling, threads, pieces, chunks, out var size);
        return size;
    }

    private static int MaxPieces(ReadOnlySpan<Conv2dOperand> operands, int outputs)
    {
        long channels = outputs;
        foreach (ref readonly var operand in operands)
            channels += operand.Channels;
        return WinogradPlanes.MaxPieces(operands.Length, channels);
    }

    private static int SlabImages(ReadOnlySpan<Conv2dOperand> operands, in Conv2dShape shape)
    {
        long channels = 0;
        foreach (ref readonly var operand in operands)
            channels += operand.Channels;
        var image = new WinogradTiling(shape, 0, 1);
        long floats = (long)image.Count * image.Frequencies * Math.Max(channels, shape.K);
        return (int)Math.Clamp(SlabFloats / floats, 1, shape.N);
    }

    private static WinogradProduct<TEpilogue> PlanForward<TEpilogue>(
        ReadOnlySpan<Conv2dOperand> operands, WinogradTarget* target, in WinogradTiling tiling, int threads,
        WinogradPiece* pieces, WinogradChunk* chunks, out ScratchSize size)
        where TEpilogue : unmanaged, IWinogradEpilogue
    {
        var planes = WinogradPlanes.Begin(tiling, pieces, chunks);
        int widest = 0;
        for (int i = 0; i < operands.Length; i++)
        {
            planes.Add(i, operands[i].X, operands[i].Channels);
            widest = Math.Max(widest, operands[i].Channels);
        }

        planes.End();
        var product = new WinogradProduct<TEpilogue> { Planes = planes, Targets = target, TargetCount = 1 };
        product.Divide(threads);
        size = new ScratchSize(
            planes.Floats, 0, Math.Max(product.PerWorkerFloats, WinogradPlanes.WorkerFloats(widest)));
        return product;
    }

    private static void BackwardInputs(
        CpuWorkspace workspace, ReadOnlySpan<Conv2dOperand> operands, float* dy, int outputs,
        in WinogradTiling tiling)
    {
        int most = MaxPieces(operands, outputs);
        var pieces = stackalloc WinogradPiece[most];
        var chunks = stackalloc WinogradChunk[most];
        var targets = stackalloc WinogradTarget[operands.Length];
        var product = PlanBackwardInputs(
            operands, dy, outputs, tiling, workspace.Pool.Threads, pieces, chunks, targets, out var size);
        if (product.TargetCount == 0)
            return;
        workspace.Reserve(size);
        WinogradPlanes.Compute(workspace, ref product.Planes, workspace.Gradients);
        LaneLoop.ForItems(workspace, product.Items, product);
    }

    private static WinogradProduct<WinogradActivation<Identity>> PlanBackwardInputs(
        ReadOnlySpan<Conv2dOperand> operands, float* dy, int outputs, in WinogradTiling tiling, int threads,
        WinogradPiece* pieces, WinogradChunk* chunks, WinogradTarget* targets, out ScratchSize size)
    {
        var planes = WinogradPlanes.Begin(tiling, pieces, chunks);
        planes.Add(0, dy, outputs);
        planes.End();
        int count = 0;
        foreach (ref readonly var operand in operands)
        {
            if (operand.Dx is null)
                continue;
            targets[count++] = new WinogradTarget
            {
                Output = operand.Dx,
                Addend = operand.AddDx ? operand.Dx : null,
                Weights = operand.W,
                Columns = operand.Channels,
            };
        }

        var product = new WinogradProduct<WinogradActivation<Identity>>
        {
            Planes = planes,
            Targets = targets,
            TargetCount = count,
            Backward = true,
        };
        size = default;
        if (count == 0)
            return product;
        product.Divide(threads);
        size = new ScratchSize(
            0, planes.Floats, Math.Max(product.PerWorkerFloats, WinogradPlanes.WorkerFloats(outputs)));
        return product;
    }

    private static void BackwardWeights(
        CpuWorkspace workspace, ReadOnlySpan<Conv2dOperand> operands, float* dy, int outputs,
        in WinogradTiling tiling, bool accumulate)
    {
        int most = MaxPieces(operands, outputs);
        var pieces = stackalloc WinogradPiece[most];
        var chunks = stackalloc WinogradChunk[most];
        var gradientPieces = stackalloc WinogradPiece[most];
        var gradientChunks = stackalloc WinogradChunk[most];
        var gradient = PlanBackwardWeights(
            operands, dy, outputs, tiling, pieces, chunks, gradientPieces, gradientChunks, out var size);
        if (gradient.Inputs.PieceCount == 0)
            return;
        workspace.Reserve(size);
        float** weights = stackalloc float*[operands.Length];
        bool* adds = stackalloc bool[operands.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            weights[i] = operands[i].Dw;
            adds[i] = operands[i].AddDw || accumulate;
        }

        gradient.Weights = weights;
        gradient.Accumulate = adds;
        WinogradPlanes.Compute(workspace, ref gradient.Inputs, workspace.Activations);
        WinogradPlanes.Compute(workspace, ref gradient.Gradients, workspace.Gradients);
        LaneLoop.ForItems(workspace, gradient.Items, gradient);
    }

    private static WinogradWeightGradient PlanBackwardWeights(
        ReadOnlySpan<Conv2dOperand> operands, float* dy, int outputs, in WinogradTiling tiling,
        WinogradPiece* pieces, WinogradChunk* chunks, WinogradPiece* gradientPieces, WinogradChunk* gradientChunks,
        out ScratchSize size)
    {
        var inputs = WinogradPlanes.Begin(tiling, pieces, chunks);
        int widest = outputs;
        for (int i = 0; i < operands.Length; i++)
        {
            if (operands[i].Dw is null)
                continue;
            inputs.Add(i, operands[i].X, operands[i].Channels);
            widest = Math.Max(widest, operands[i].Channels);
        }

        inputs.End();
        var gradients = WinogradPlanes.Begin(tiling, gradientPieces, gradientChunks);
        gradients.Adjoint = true;
        gradients.AddBlocks(0, dy, outputs);
        gradients.End();
        var gradient = new WinogradWeightGradient { Inputs = inputs, Gradients = gradients };
        size = new ScratchSize(
            inputs.Floats, gradients.Floats,
            Math.Max(WinogradWeightGradient.PerWorkerFloats(inputs), WinogradPlanes.WorkerFloats(widest)));
        return gradient;
    }
}

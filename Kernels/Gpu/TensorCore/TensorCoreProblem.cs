using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The sizes of a convolution as the tensor-core kernels need them; the launcher fills in memory.</summary>
/// <param name="IsBf16">Whether operands are bf16 instead of tf32.</param>
internal readonly record struct TensorCoreProblem(bool IsBf16)
{
    // A row's mask has bits for this many offsets of pixels in each direction: see TensorCoreForward.
    private const int MaxKernel = 15;

    // For a convolution of single pixels, whose sizes are irrelevant but divided by: powers of two are exact.
    private const int AnyWidth = 1 << 16, AnyHeight = 1 << 14;

    // The most parts that a weight gradient's pixels are split into.
    private const int MaxParts = TensorCoreSchedule.MaxParts;

    /// <summary>Values per chunk.</summary>
    public int Numbers => IsBf16 ? 8 : 4;

    /// <summary>Pixels per stage of a weight gradient.</summary>
    private int StagePixels => TensorCoreShared.LineChunks * Numbers;

    /// <summary>Whether the sizes fit the kernels' integers and masks.</summary>
    public static bool Supports(in Conv2dShape shape)
    {
        long outputs = (long)shape.N * shape.OutH * shape.OutW, inputs = (long)shape.N * shape.H * shape.W;
        long weights = (long)shape.K * shape.C * shape.Kernel * shape.Kernel;
        bool single = shape.Padding == 0;
        return shape.IsSupported
            && (single || (shape.Kernel <= MaxKernel && shape.H > 1 && shape.W > 1))
            && Math.Max(Math.Max(outputs * shape.K, inputs * shape.C), MaxParts * weights) < int.MaxValue
            && (single ? outputs < 1 << 30 : outputs * Math.Max(shape.H, shape.W) < uint.MaxValue);
    }

    /// <summary>Chunks of a pixel with <paramref name="channels"/> channels.</summary>
    public int Chunks(int channels) => Ceiling.Divide(channels, Numbers);

    /// <summary>A term of the forward convolution.</summary>
    public TensorCoreTerm Term(in Conv2dShape shape) => shape.Padding == 0
        ? Term(shape.Kernel * shape.Kernel * Chunks(shape.C), 1)
        : Term(Chunks(shape.C), shape.Kernel);

    /// <summary>The only term of the gradient with respect to the input, which reduces over outputs.</summary>
    public TensorCoreTerm AdjointTerm(in Conv2dShape shape) =>
        Term(Chunks(shape.K), shape.Padding == 0 ? 1 : shape.Kernel);

    /// <summary>Arguments for y from the images, still without terms.</summary>
    public static TensorCoreArgs Forward(in Conv2dShape shape) => new()
    {
        Rows = shape.N * shape.OutH * shape.OutW,
        Columns = shape.K,
        Height = shape.OutH,
        Width = shape.OutW,
        TableKernel = 1,
    };

    /// <summary>Arguments for dx from dy, still without the term.</summary>
    public static TensorCoreArgs BackwardInput(in Conv2dShape shape)
    {
        bool patches = shape.Padding == 0 && shape.Stride > 1;
        return Forward(shape) with
        {
            Columns = patches ? shape.Kernel * shape.Kernel * shape.C : shape.C,
            Channels = shape.C,
            Patch = patches ? shape.Stride : 0,
        };
    }

    /// <summary>Arguments for dw from the images and dy, in <paramref name="parts"/> parts.</summary>
    public TensorCoreArgs BackwardWeight(in Conv2dShape shape, int parts)
    {
        bool single = shape.Padding == 0;
        int height = single ? AnyHeight : shape.H, width = single ? AnyWidth : shape.W;
        int taps = shape.Kernel * shape.Kernel, stages = WeightStages(shape);
        return new()
        {
            // Here the term's stages are the chunks of a pixel of dy.
            Term0 = Term(shape) with { Stages = Chunks(shape.K) },
            Rows = taps * Chunks(shape.C) * Numbers,
            Columns = shape.K,
            Pixels = shape.N * shape.OutH * shape.OutW,
            Height = height,
            Width = width,
            HeightReciprocal = Reciprocal(height),
            WidthReciprocal = Reciprocal(width),
            Stages = Ceiling.Divide(stages, parts),
            PartStride = checked((int)((long)taps * shape.C * shape.K)),
            Channels = shape.C,
            Taps = taps,
            Blocked = single ? 0 : 1,
        };
    }

    /// <summary>Tiles and parts of a weight gradient.</summary>
    public TensorCoreSchedule WeightSchedule(in Conv2dShape shape, int multiprocessors) =>
        TensorCoreSchedule.WeightGradient(
            shape.Kernel * shape.Kernel * Chunks(shape.C) * Numbers, shape.K, WeightStages(shape), multiprocessors);

    /// <summary>Adds a term, and its stages to the total.</summary>
    public static void Add(ref TensorCoreArgs args, int index, in TensorCoreTerm term)
    {
        switch (index)
        {
            case 0:
                args.Term0 = term;
                break;
            case 1:
                args.Term1 = term;
                break;
            case 2:
                args.Term2 = term;
                break;
            default:
                args.Term3 = term;
                break;
        }

        args.Stages += term.Stages;
    }

    /// <summary>How the images of a term are packed.</summary>
    public TensorCorePacking.ImageArgs Images(in Conv2dShape shape) => new()
    {
        Channels = shape.C,
        Chunks = Chunks(shape.C),
        Patch = shape.Stride,
        Width = shape.OutW,
        Bf16 = IsBf16 ? 1 : 0,
    };

    /// <summary>How dy is packed.</summary>
    public TensorCorePacking.ImageArgs Gradients(in Conv2dShape shape) =>
        new() { Channels = shape.K, Chunks = Chunks(shape.K), Patch = 1, Width = shape.OutW, Bf16 = IsBf16 ? 1 : 0 };

    /// <summary>How the weights of a term are packed.</summary>
    public TensorCorePacking.WeightArgs Weights(in Conv2dShape shape)
    {
        int taps = shape.Kernel * shape.Kernel;
        return new()
        {
            Outputs = shape.K,
            Channels = shape.C,
            Taps = taps,
            Chunks = Chunks(shape.C),
            LineChunks = Term(shape).Stages * TensorCoreShared.LineChunks,
            Blocked = shape.Padding == 0 ? 0 : 1,
            Bf16 = IsBf16 ? 1 : 0,
        };
    }

    /// <summary>How the weights are packed for the gradient with respect to the input.</summary>
    public TensorCorePacking.WeightArgs AdjointWeights(in Conv2dShape shape) => Weights(shape) with
    {
        Chunks = Chunks(shape.K),
        LineChunks = AdjointTerm(shape).Stages * TensorCoreShared.LineChunks,
    };

    /// <summary>Number of chunks of a term's packed images.</summary>
    public long ImageChunks(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.Stride * shape.Stride
        * Chunks(shape.C);

    /// <summary>Number of chunks of packed dy.</summary>
    public long GradientChunks(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * Chunks(shape.K);

    /// <summary>Number of chunks of packed weights, with <paramref name="lineChunks"/> per column.</summary>
    public static long WeightChunks(int columns, int lineChunks) => (long)PaddedColumns(columns) * lineChunks;

    /// <summary>Columns of packed weights, padding included.</summary>
    public static int PaddedColumns(int columns) =>
        Ceiling.Divide(columns, TensorCorePacking.ColumnMultiple) * TensorCorePacking.ColumnMultiple;

    private static TensorCoreTerm Term(int chunks, int kernel) => new()
    {
        Chunks = chunks,
        Kernel = kernel,
        Stages = Ceiling.Divide(kernel * kernel * chunks, TensorCoreShared.LineChunks),
    };

    private static uint Reciprocal(int divisor) => (uint)Ceiling.Divide(1L << 32, divisor);

    private int WeightStages(in Conv2dShape shape) => Ceiling.Divide(shape.N * shape.OutH * shape.OutW, StagePixels);
}

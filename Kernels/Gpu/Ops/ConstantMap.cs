using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions of spatially constant inputs, as tables of one row per border class.</summary>
/// <remarks>
/// Forward: products per tap p[n][tap][k] = Σ_c x[n][c]·w[k][c][tap], and for each pair of row and column class the sum
/// of the taps inside the image. Backward is the exact adjoint: sums of dy over the pixels of each class, from them the
/// sums per tap over the pixels for which the tap lies inside, then two small products.
/// </remarks>
internal static class ConstantMap
{
    private static readonly KernelHandle<ProductArgs> TapProducts = new(ConstantMapTapProducts);
    private static readonly KernelHandle<TableArgs> Table = new(ConstantMapTable);
    private static readonly KernelHandle<ClassArgs> ClassSums = new(ConstantMapClassSums);
    private static readonly KernelHandle<TapArgs> TapSums = new(ConstantMapTapSums);
    private static readonly KernelHandle<InputArgs> BackwardInput = new(ConstantMapBackwardInput);
    private static readonly KernelHandle<WeightArgs> BackwardWeight = new(ConstantMapBackwardWeight);

    /// <summary>table [n][class][k] = (or +=) the convolution of a constant map; class = row class · columns + column
    /// class of <paramref name="classKernel"/>, which is at least the operand's kernel.</summary>
    public static void Forward(
        GpuContext context, GpuArray table, bool add, in Conv2dOperand operand, in Conv2dShape shape,
        int classKernel)
    {
        int taps = operand.Kernel * operand.Kernel;
        var products = context.Scratch(ScratchSlots.Taps, (long)shape.N * taps * shape.K);
        context.Launch(
            TapProducts, (long)shape.N * taps * shape.K,
            new ProductArgs
            {
                Products = products.View,
                X = operand.X.View,
                W = operand.W.View,
                C = operand.Channels,
                K = shape.K,
                Taps = taps,
                Block = Block(operand, shape),
            });
        int classes = Classes(shape, classKernel);
        context.Launch(
            Table, (long)shape.N * classes * shape.K,
            new TableArgs
            {
                Table = table.View,
                Products = products.View,
                K = shape.K,
                Kernel = operand.Kernel,
                ClassKernel = classKernel,
                H = shape.OutH,
                W = shape.OutW,
                Add = add ? 1 : 0,
            });
    }

    /// <summary>Rows of the table per image.</summary>
    public static int Classes(in Conv2dShape shape, int kernel) =>
        new BorderClasses(shape.OutH, kernel).Count * new BorderClasses(shape.OutW, kernel).Count;

    /// <summary>dx [n][c] and dw of a constant map from dy [n][h][w][k].</summary>
    public static void Backward(GpuContext context, in Conv2dOperand operand, GpuArray dy, in Conv2dShape shape)
    {
        int kernel = operand.Kernel, taps = kernel * kernel, classes = Classes(shape, kernel);
        var sums = context.Scratch(ScratchSlots.Table, (long)shape.N * classes * shape.K);
        context.Launch(
            ClassSums, (long)shape.N * classes * shape.K,
            new ClassArgs
            {
                Sums = sums.View,
                Dy = dy.View,
                K = shape.K,
                Kernel = kernel,
                H = shape.OutH,
                W = shape.OutW,
            });
        var tapSums = context.Scratch(ScratchSlots.Taps, (long)shape.N * taps * shape.K);
        context.Launch(
            TapSums, (long)shape.N * taps * shape.K,
            new TapArgs
            {
                TapSums = tapSums.View,
                ClassSums = sums.View,
                K = shape.K,
                Kernel = kernel,
                H = shape.OutH,
                W = shape.OutW,
            });
        if (operand.Dx.Exists)
        {
            // One item per input channel would be few items with long sums: split by block of outputs and row of taps.
            int blocks = (shape.K + Block(operand, shape) - 1) / Block(operand, shape);
            var partial = context.Scratch(ScratchSlots.Partial, (long)shape.N * operand.Channels * blocks * kernel);
            context.Launch(
                BackwardInput, (long)shape.N * operand.Channels * blocks * kernel,
                new InputArgs
                {
                    Partial = partial.View,
                    TapSums = tapSums.View,
                    W = operand.W.View,
                    C = operand.Channels,
                    K = shape.K,
                    Kernel = kernel,
                    Block = Block(operand, shape),
                    Inputs = shape.N * operand.Channels,
                });
            BroadcastKernels.Sum(
                context, operand.Dx, operand.AddDx ? 1f : 0f, partial,
                new BroadcastShape(1, shape.N * operand.Channels, 1, 1, blocks * kernel, shape.N * operand.Channels, 1, 1),
                1f);
        }

        if (operand.Dw.Exists)
        {
            context.Launch(
                BackwardWeight, (long)taps * operand.Channels * shape.K,
                new WeightArgs
                {
                    Dw = operand.Dw.View,
                    TapSums = tapSums.View,
                    X = operand.X.View,
                    N = shape.N,
                    C = operand.Channels,
                    K = shape.K,
                    Taps = taps,
                    Block = Block(operand, shape),
                    Add = operand.AddDw ? 1 : 0,
                });
        }
    }

    /// <summary>Outputs whose weights are contiguous: all of them if the kernel is 1.</summary>
    private static int Block(in Conv2dOperand operand, in Conv2dShape shape) =>
        operand.Kernel == 1 ? shape.K : Conv2dShape.WeightBlock;

    private static void ConstantMapTapProducts(Index1D index, ProductArgs args)
    {
        int i = index, k = i % args.K, rest = i / args.K, tap = rest % args.Taps, n = rest / args.Taps;
        int within = k % args.Block, first = k - within, left = args.K - first;
        int width = left < args.Block ? left : args.Block;
        int w = (first * args.C * args.Taps) + (tap * width) + within, step = args.Taps * width, x = n * args.C;
        float sum = 0f;
        for (int c = 0; c < args.C; c++, w += step)
            sum += args.X[x + c] * args.W[w];
        args.Products[i] = sum;
    }

    private static void ConstantMapTable(Index1D index, TableArgs args)
    {
        var rows = new BorderClasses(args.H, args.ClassKernel);
        var columns = new BorderClasses(args.W, args.ClassKernel);
        int i = index, k = i % args.K, rest = i / args.K, columnCount = columns.Count;
        int column = rest % columnCount;
        rest /= columnCount;
        int rowCount = rows.Count, row = rest % rowCount, n = rest / rowCount;
        // All pixels of a class see the same taps, so the first represents them.
        int y = rows.First(row), x = columns.First(column), padding = args.Kernel / 2;
        float sum = 0f;
        for (int ky = 0; ky < args.Kernel; ky++)
        {
            int iy = y + ky - padding;
            for (int kx = 0; kx < args.Kernel; kx++)
            {
                int ix = x + kx - padding;
                if (iy >= 0 && iy < args.H && ix >= 0 && ix < args.W)
                    sum += args.Products[(((((n * args.Kernel) + ky) * args.Kernel) + kx) * args.K) + k];
            }
        }

        args.Table[i] = args.Add != 0 ? args.Table[i] + sum : sum;
    }

    private static void ConstantMapClassSums(Index1D index, ClassArgs args)
    {
        var rows = new BorderClasses(args.H, args.Kernel);
        var columns = new BorderClasses(args.W, args.Kernel);
        int i = index, k = i % args.K, rest = i / args.K, columnCount = columns.Count;
        int column = rest % columnCount;
        rest /= columnCount;
        int rowCount = rows.Count, row = rest % rowCount, n = rest / rowCount;
        int lastY = rows.Last(row), firstX = columns.First(column), lastX = columns.Last(column);
        float sum = 0f;
        for (int y = rows.First(row); y <= lastY; y++)
        {
            int at = (((((n * args.H) + y) * args.W) + firstX) * args.K) + k, x = firstX, step = args.K;
            // Four loads in flight: the inner class is most of the image, for one item.
            for (; x + 3 <= lastX; x += 4, at += 4 * step)
            {
                float a = args.Dy[at], b = args.Dy[at + step], c = args.Dy[at + (2 * step)], d = args.Dy[at + (3 * step)];
                sum = sum + a + b + c + d;
            }

            for (; x <= lastX; x++, at += step)
                sum += args.Dy[at];
        }

        args.Sums[i] = sum;
    }

    private static void ConstantMapTapSums(Index1D index, TapArgs args)
    {
        var rows = new BorderClasses(args.H, args.Kernel);
        var columns = new BorderClasses(args.W, args.Kernel);
        int i = index, k = i % args.K, rest = i / args.K, kx = rest % args.Kernel;
        rest /= args.Kernel;
        int ky = rest % args.Kernel, n = rest / args.Kernel;
        int columnCount = columns.Count, rowCount = rows.Count;
        int lastRow = rows.LastClass(ky), firstColumn = columns.FirstClass(kx), lastColumn = columns.LastClass(kx);
        float sum = 0f;
        for (int row = rows.FirstClass(ky); row <= lastRow; row++)
        {
            for (int column = firstColumn; column <= lastColumn; column++)
                sum += args.ClassSums[((((n * rowCount) + row) * columnCount) + column) * args.K + k];
        }

        args.TapSums[i] = sum;
    }

    private static void ConstantMapBackwardInput(Index1D index, InputArgs args)
    {
        int i = index, part = i / args.Inputs, input = i - (part * args.Inputs), c = input % args.C, n = input / args.C;
        int block = part / args.Kernel, ky = part - (block * args.Kernel);
        int first = block * args.Block, left = args.K - first, width = left < args.Block ? left : args.Block;
        int taps = args.Kernel * args.Kernel, tap = ky * args.Kernel;
        int w = (((first * args.C) + (c * width)) * taps) + (tap * width);
        int s = (((n * taps) + tap) * args.K) + first;
        float sum = 0f;
        for (int kx = 0; kx < args.Kernel; kx++, s += args.K, w += width)
        {
            for (int k = 0; k < width; k++)
                sum += args.TapSums[s + k] * args.W[w + k];
        }

        args.Partial[i] = sum;
    }

    private static void ConstantMapBackwardWeight(Index1D index, WeightArgs args)
    {
        int i = index, k = i % args.K, rest = i / args.K, tap = rest % args.Taps, c = rest / args.Taps;
        int within = k % args.Block, first = k - within, left = args.K - first;
        int width = left < args.Block ? left : args.Block;
        int w = (((first * args.C) + (c * width)) * args.Taps) + (tap * width) + within;
        float sum = 0f;
        int s = (tap * args.K) + k, step = args.Taps * args.K;
        for (int n = 0; n < args.N; n++, s += step)
            sum += args.X[(n * args.C) + c] * args.TapSums[s];
        args.Dw[w] = args.Add != 0 ? args.Dw[w] + sum : sum;
    }

    internal struct ProductArgs
    {
        public ArrayView<float> Products, X, W;
        public int C, K, Taps, Block;
    }

    internal struct TableArgs
    {
        public ArrayView<float> Table, Products;
        public int K, Kernel, ClassKernel, H, W, Add;
    }

    internal struct ClassArgs
    {
        public ArrayView<float> Sums, Dy;
        public int K, Kernel, H, W;
    }

    internal struct TapArgs
    {
        public ArrayView<float> TapSums, ClassSums;
        public int K, Kernel, H, W;
    }

    internal struct InputArgs
    {
        public ArrayView<float> Partial, TapSums, W;
        public int C, K, Kernel, Block, Inputs;
    }

    internal struct WeightArgs
    {
        public ArrayView<float> Dw, TapSums, X;
        public int N, C, K, Taps, Block, Add;
    }
}

using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Tables and gradients by border classes, against the convolution of the map itself.</summary>
public sealed unsafe class ConstantMapTests
{
    private static readonly Conv2dShape[] Shapes = [.. AllSizes()];

    public static TheoryData<SimdLevel> Levels => SimdLevels.Available;

    [Theory]
    [MemberData(nameof(Levels))]
    public void TableHoldsTheConvolution(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(2, level);
        foreach (var shape in Shapes)
        {
            using var operands = new Operands(shape);
            double[] expected = operands.DefineForward();
            using var oldMap = operands.Expand(operands.Sums);
            for (float beta = 0; beta <= 1; beta++)
            {
                using var table = beta == 0 ? new GuardedArray(operands.Sums.Length) : operands.Sums.Copy();
                SimdLevels.PoisonScratch(workspace);
                ConstantMap.Forward(workspace, table.Pointer, beta, operands.X.Pointer, operands.W.Pointer, shape);
                using var map = operands.Expand(table);
                Check(map, Operands.Plus(expected, beta == 0 ? null : oldMap), shape, $"table, beta {beta}");
                Assert.True(table.GuardsIntact(), $"{shape}: wrote beyond the table");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void GradientsAreThoseOfTheConvolution(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(2, level);
        foreach (var shape in Shapes)
        {
            using var operands = new Operands(shape);
            var (dxExpected, dwExpected) = operands.DefineGradients();
            using var sums = new GuardedArray(operands.Sums.Length);
            ConstantMap.SumClasses(workspace, sums.Pointer, operands.Dy.Pointer, shape);
            Assert.True(sums.GuardsIntact(), $"{shape}: wrote beyond the class sums");
            foreach (var (betaX, betaW) in ((float, float)[])[(0, 0), (1, 0), (0, 1), (1, 1)])
            {
                using var dx = betaX == 0 ? new GuardedArray(operands.X.Length) : operands.X.Copy();
                using var dw = betaW == 0 ? new GuardedArray(operands.W.Length) : operands.W.Copy();
                SimdLevels.PoisonScratch(workspace);
                ConstantMap.Backward(
                    workspace, dx.Pointer, betaX, dw.Pointer, betaW, sums.Pointer, operands.X.Pointer,
                    operands.W.Pointer, shape);
                Check(dx, Operands.Plus(dxExpected, betaX == 0 ? null : operands.X), shape, $"dx, beta {betaX}");
                Check(dw, Operands.Plus(dwExpected, betaW == 0 ? null : operands.W), shape, $"dw, beta {betaW}");

                using var dxAlone = betaX == 0 ? new GuardedArray(operands.X.Length) : operands.X.Copy();
                using var dwAlone = betaW == 0 ? new GuardedArray(operands.W.Length) : operands.W.Copy();
                ConstantMap.Backward(
                    workspace, dxAlone.Pointer, betaX, null, 0, sums.Pointer, null, operands.W.Pointer, shape);
                ConstantMap.Backward(
                    workspace, null, 0, dwAlone.Pointer, betaW, sums.Pointer, operands.X.Pointer, null, shape);
                Assert.True(dxAlone.Span.SequenceEqual(dx.Span), $"{shape}: dx differs without dw");
                Assert.True(dwAlone.Span.SequenceEqual(dw.Span), $"{shape}: dw differs without dx");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void BytesAreTheSameForAnyNumberOfThreads(SimdLevel level)
    {
        using var one = new CpuWorkspace(1, level);
        using var two = new CpuWorkspace(2, level);
        using var three = new CpuWorkspace(3, level);
        foreach (var shape in Shapes)
        {
            using var operands = new Operands(shape);
            float[] expected = operands.Run(one);
            foreach (var workspace in (CpuWorkspace[])[two, three])
            {
                Assert.True(
                    expected.AsSpan().SequenceEqual(operands.Run(workspace)),
                    $"{shape} with {workspace.Pool.Threads} threads");
            }
        }
    }

    [Fact]
    public void ScratchIsWhatTheFormulasSay()
    {
        foreach (var shape in Shapes)
        {
            using var workspace = new CpuWorkspace(2);
            using var operands = new Operands(shape);
            operands.Run(workspace);
            var size = ScratchSize.Max(
                ConstantMap.ForwardScratch(shape, 2), ConstantMap.BackwardScratch(shape, 2));
            Assert.Equal(size.Bytes(2), workspace.ScratchBytes);
        }
    }

    [Fact]
    public void AllocatesNothingAfterTheFirstCall()
    {
        var shape = new Conv2dShape(2, 7, 8, 8, 70, 5, 1);
        using var workspace = new CpuWorkspace(2);
        using var operands = new Operands(shape);
        using var sums = new GuardedArray(operands.Sums.Length);
        using var dx = new GuardedArray(operands.X.Length);
        using var dw = new GuardedArray(operands.W.Length);
        for (int i = 0; i < 100; i++)
            Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step()
        {
            ConstantMap.Forward(workspace, sums.Pointer, 0, operands.X.Pointer, operands.W.Pointer, shape);
            ConstantMap.SumClasses(workspace, sums.Pointer, operands.Dy.Pointer, shape);
            ConstantMap.Backward(
                workspace, dx.Pointer, 0, dw.Pointer, 0, sums.Pointer, operands.X.Pointer, operands.W.Pointer, shape);
        }
    }

    [Fact]
    public void BadArgumentsAreRefused()
    {
        using var workspace = new CpuWorkspace(1);
        var shape = new Conv2dShape(1, 1, 4, 4, 1, 2, 2);
        Assert.Throws<ArgumentException>(() => ConstantMap.Forward(workspace, null, 0, null, null, shape));
        Assert.Throws<ArgumentException>(() => ConstantMap.SumClasses(workspace, null, null, shape));
        Assert.Throws<ArgumentException>(() => ConstantMap.Backward(
            workspace, null, 0, null, 0.5f, null, null, null, shape with { Kernel = 3, Stride = 1 }));
    }

    private static void Check(GuardedArray actual, double[] expected, Conv2dShape shape, string what)
    {
        double error = actual.ErrorAgainst(expected);
        Assert.True(error <= 1e-5, $"{shape}, {what}: error {error}");
        Assert.True(actual.GuardsIntact(), $"{shape}, {what}: wrote beyond the result");
    }

    // Every height with every width and kernel; images, channels and outputs cycle through their values alongside.
    private static IEnumerable<Conv2dShape> AllSizes()
    {
        int[] sides = [1, 2, 3, 5, 8, 16], images = [1, 2, 3], channels = [1, 7, 64], outputs = [1, 20, 33, 256];
        int i = 0;
        foreach (int kernel in (int[])[3, 5])
        {
            foreach (int h in sides)
            {
                foreach (int w in sides)
                {
                    yield return new(images[i % 3], channels[i / 3 % 3], h, w, outputs[i / 9 % 4], kernel, 1);
                    // 36 combinations and 36 sizes: steps of 7 pair them differently for the two kernels.
                    i += 7;
                }
            }

            i++;
        }

        yield return new(2, 70, 8, 8, 96, 5, 1);
        yield return new(9, 7, 6, 5, 40, 3, 1);
        yield return new(3, 5, 4, 7, 33, 1, 1);
    }

    /// <summary>Random operands, and the convolution of the map by its definition.</summary>
    private sealed class Operands : IDisposable
    {
        private readonly Conv2dShape _shape;
        private readonly BorderClasses _rows, _columns;

        public Operands(Conv2dShape shape)
        {
            _shape = shape;
            (_rows, _columns) = (new(shape.H, shape.Kernel), new(shape.W, shape.Kernel));
            X = GuardedArray.Normal((long)shape.N * shape.C, 1);
            W = GuardedArray.Normal((long)shape.K * shape.C * shape.Kernel * shape.Kernel, 2);
            Dy = GuardedArray.Normal((long)shape.N * shape.H * shape.W * shape.K, 3);
            Sums = GuardedArray.Normal((long)shape.N * _rows.Count * _columns.Count * shape.K, 4);
        }

        public GuardedArray X { get; }

        public GuardedArray W { get; }

        public GuardedArray Dy { get; }

        /// <summary>Large enough for a table or the class sums.</summary>
        public GuardedArray Sums { get; }

        public double[] DefineForward()
        {
            double[] y = new double[Dy.Length];
            ForEachProduct((image, weight, output) => y[output] += (double)X.Pointer[image] * W.Pointer[weight]);
            return y;
        }

        public (double[] Dx, double[] Dw) DefineGradients()
        {
            double[] dx = new double[X.Length], dw = new double[W.Length];
            ForEachProduct((image, weight, output) =>
            {
                dx[image] += (double)W.Pointer[weight] * Dy.Pointer[output];
                dw[weight] += (double)X.Pointer[image] * Dy.Pointer[output];
            });
            return (dx, dw);
        }

        /// <summary>The whole map that a table stands for.</summary>
        public GuardedArray Expand(GuardedArray table)
        {
            var map = new GuardedArray(Dy.Length);
            for (int at = 0; at < map.Length; at++)
            {
                int k = at % _shape.K, x = at / _shape.K % _shape.W, y = at / _shape.K / _shape.W % _shape.H;
                int n = at / _shape.K / _shape.W / _shape.H;
                int entry = (((n * _rows.Count) + _rows.Of(y)) * _columns.Count) + _columns.Of(x);
                map.Pointer[at] = table.Pointer[(entry * _shape.K) + k];
            }

            return map;
        }

        public static double[] Plus(double[] values, GuardedArray? old) =>
            old is null ? values : [.. values.Select((value, i) => value + old.Pointer[i])];

        /// <summary>Everything that the kernels compute from the operands, concatenated.</summary>
        public float[] Run(CpuWorkspace workspace)
        {
            using var table = new GuardedArray(Sums.Length);
            using var sums = new GuardedArray(Sums.Length);
            using var dx = new GuardedArray(X.Length);
            using var dw = new GuardedArray(W.Length);
            ConstantMap.Forward(workspace, table.Pointer, 0, X.Pointer, W.Pointer, _shape);
            ConstantMap.SumClasses(workspace, sums.Pointer, Dy.Pointer, _shape);
            ConstantMap.Backward(
                workspace, dx.Pointer, 0, dw.Pointer, 0, sums.Pointer, X.Pointer, W.Pointer, _shape);
            return [.. table.Span, .. sums.Span, .. dx.Span, .. dw.Span];
        }

        public void Dispose()
        {
            X.Dispose();
            W.Dispose();
            Dy.Dispose();
            Sums.Dispose();
        }

        private void ForEachProduct(Action<int, int, int> add)
        {
            var (images, channels, height, width, outputs, kernel, _) = _shape;
            int p = kernel / 2;
            for (int pixel = 0; pixel < images * height * width; pixel++)
            {
                int n = pixel / width / height, y = pixel / width % height, x = pixel % width;
                for (int tap = 0; tap < kernel * kernel; tap++)
                {
                    int iy = y + (tap / kernel) - p, ix = x + (tap % kernel) - p;
                    if (iy < 0 || iy >= height || ix < 0 || ix >= width)
                        continue;
                    for (int c = 0; c < channels; c++)
                    {
                        for (int k = 0; k < outputs; k++)
                        {
                            int weight = (int)_shape.WeightIndex(k, c, tap / kernel, tap % kernel);
                            add((n * channels) + c, weight, (pixel * outputs) + k);
                        }
                    }
                }
            }
        }
    }
}

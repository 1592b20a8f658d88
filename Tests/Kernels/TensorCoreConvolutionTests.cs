using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The tensor-core convolutions, executed as PTX, against the definition on rounded operands.</summary>
public sealed class TensorCoreConvolutionTests : IDisposable
{
    // Products are exact and sums in single precision: the rounding of some hundred additions.
    private const double Tolerance = 3e-6;

    private readonly GpuContext _memory = GpuContext.Open("simulator");

    /// <summary>Odd sizes, several stages, patches, single pixels, more columns and rows than a tile.</summary>
    public static TheoryData<int, int, int, int, int, int, int> Shapes => new()
    {
        { 2, 5, 7, 9, 6, 3, 1 },
        { 1, 40, 6, 8, 70, 5, 1 },
        { 3, 1, 2, 5, 3, 3, 1 },
        { 1, 3, 5, 4, 33, 7, 1 },
        { 1, 37, 5, 6, 65, 1, 1 },
        { 2, 3, 8, 8, 10, 4, 4 },
        { 1, 6, 8, 12, 45, 2, 2 },
        { 2, 24, 9, 10, 130, 3, 1 },
    };

    public void Dispose() => _memory.Dispose();

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ForwardIsTheSumOfProducts(int n, int c, int h, int w, int k, int kernel, int stride)
    {
        var shape = new Conv2dShape(n, c, h, w, k, kernel, stride);
        foreach (bool bf16 in new[] { false, true })
        {
            using var device = new PtxTensorCoreDevice(_memory, bf16);
            var operands = new TensorCoreOperands(shape, bf16);
            double[] expected = new double[operands.Dy.Length];
            operands.AddForward(expected);
            var y = device.Allocate(expected.Length);
            TensorCoreConv2d.Forward(
                device, y, new SumInputs { Terms = [Term(device, operands, shape)] }, shape, default(Identity));
            Assert.InRange(TensorCoreOperands.Error(device.Read(y), expected), 0, Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void BackwardIsTheAdjoint(int n, int c, int h, int w, int k, int kernel, int stride)
    {
        var shape = new Conv2dShape(n, c, h, w, k, kernel, stride);
        foreach (bool bf16 in new[] { false, true })
        {
            using var device = new PtxTensorCoreDevice(_memory, bf16);
            var operands = new TensorCoreOperands(shape, bf16);
            double[] dx = new double[operands.X.Length], dw = new double[operands.W.Length];
            operands.AddGradients(dx, dw);
            var term = Term(device, operands, shape) with
            {
                Dx = device.Allocate(dx.Length),
                Dw = device.Allocate(dw.Length),
            };
            TensorCoreConv2d.Backward(device, [term], device.Allocate(operands.Dy, offset: 3), shape);
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dx), dx), 0, Tolerance);
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dw), dw), 0, Tolerance);
        }
    }

    /// <summary>
    /// Terms with filters of different sizes, a constant one to be skipped, an addend, a table, a bias and an
    /// activation; more terms than one launch takes; rings of two, three and four stages.
    /// </summary>
    [Theory]
    [InlineData(true, 3, 34, 2)]
    [InlineData(false, 4, 51, 3)]
    [InlineData(true, 6, 134, 4)]
    [InlineData(false, 6, 34, 2)]
    public void SumHasTermsAddendTableBiasAndActivation(bool bf16, int count, int sharedKiB, int ring)
    {
        var shape = new Conv2dShape(2, 0, 6, 5, 70, 3, 1);
        var limits = new SharedMemoryLimits(sharedKiB << 10, (sharedKiB + 1) << 10);
        Assert.Equal(
            ring,
            TensorCoreLaunch.Ring(
                limits, 0, TensorCoreShared.StageBytes<Linewise64x64Tf32>(),
                TensorCoreShared.SumBytes<Linewise64x64Tf32>(), out _));
        using var device = new PtxTensorCoreDevice(_memory, bf16, limits: limits);
        var (sum, expected) = Sum(device, shape, bf16, count);
        for (int i = 0; i < expected.Length; i++)
            expected[i] = default(Tanh).Forward(new F64(expected[i])).Value;
        var y = device.Allocate(expected.Length);
        TensorCoreConv2d.Forward(device, y, sum.Inputs, shape, default(Tanh));
        Assert.All(device.Tiles, tile => Assert.StartsWith("Linewise64x64", tile));
        Assert.InRange(TensorCoreOperands.Error(device.Read(y), expected), 0, Tolerance);
    }

    /// <summary>
    /// Images made of whole blocks of pixels: both filter sizes, channels that do not fill their last line, several
    /// blocks in each direction.
    /// </summary>
    [Theory]
    [InlineData(false, 1, 16, 32, 40, 60)]
    [InlineData(true, 1, 16, 32, 40, 120)]
    [InlineData(false, 2, 8, 16, 130, 32)]
    [InlineData(true, 3, 8, 16, 130, 64)]
    public void BlocksOfPixelsStay(bool bf16, int n, int h, int w, int k, int c)
    {
        var shape = new Conv2dShape(n, 0, h, w, k, 5, 1);
        using var device = new PtxTensorCoreDevice(_memory, bf16);
        var (sum, expected) = Sum(device, shape, bf16, 2, [(c, 5), (c, 3)]);
        var y = device.Allocate(expected.Length);
        TensorCoreConv2d.Forward(device, y, sum.Inputs, shape, default(Identity));
        Assert.StartsWith("Halo", Assert.Single(device.Tiles));
        Assert.InRange(TensorCoreOperands.Error(device.Read(y), expected), 0, Tolerance);
    }

    /// <summary>
    /// Tiles beyond whole rounds are cut along the reduction axis, in the middle of terms and taps: the cell, and a sum
    /// with addend, table, bias and activation on the added parts, for blocks of pixels and for lines, in both widths.
    /// </summary>
    [Theory]
    [InlineData(false, 3, 8, 16, 64, 256, "Halo128x64")]
    [InlineData(true, 3, 8, 16, 72, 384, "Halo128x128")]
    [InlineData(false, 3, 8, 15, 60, 100, "Linewise128x64")]
    [InlineData(true, 3, 8, 15, 100, 140, "Linewise128x128")]
    [InlineData(false, 1, 5, 12, 40, 70, "Linewise64x64")]
    public void PartsOfTilesAreAdded(bool bf16, int n, int h, int w, int k, int c, string tile)
    {
        var shape = new Conv2dShape(n, 0, h, w, k, 5, 1);
        // Sums of thousands of products, and an activation that bounds the values by 1.
        const double tolerance = 3 * Tolerance;
        using var device = new PtxTensorCoreDevice(_memory, bf16, multiprocessors: 1);
        var (sum, expected) = Sum(device, shape, bf16, 2, [(c, 3), (bf16 ? 60 : 30, 5)]);
        double[] gates = [.. expected];
        for (int i = 0; i < expected.Length; i++)
            expected[i] = default(Tanh).Forward(new F64(expected[i])).Value;
        var y = device.Allocate(expected.Length);
        TensorCoreConv2d.Forward(device, y, sum.Inputs, shape, default(Tanh));
        Assert.StartsWith(tile, Assert.Single(device.Tiles));
        Assert.EndsWith(tile[(tile.IndexOf('x') + 1)..], Assert.Single(device.Slices));
        Assert.InRange(TensorCoreOperands.Error(device.Read(y), expected), 0, tolerance);

        int hidden = k / 4;
        double[] next = new double[n * h * w * hidden];
        for (int i = 0; i < next.Length; i++)
        {
            var at = new F64[4];
            for (int gate = 0; gate < 4; gate++)
            {
                int index = (i / hidden * 4 * hidden) + GateOrder.Index(gate, i % hidden, hidden);
                at[gate] = new F64(gates[index]);
            }

            next[i] = LstmCell.Forward(ref at[0], ref at[1], ref at[2], ref at[3], new F64(0)).Item1.Value;
        }

        var cellNext = device.Allocate(next.Length);
        TensorCoreConv2d.ForwardLstmCell(
            device, cellNext, device.Allocate(next.Length), default, default, sum.Inputs, shape);
        Assert.Equal(2, device.Slices.Count);
        Assert.InRange(TensorCoreOperands.Error(device.Read(cellNext), next), 0, tolerance);
    }

    /// <summary>Both tiles, and the gradient with respect to the input, whose filter is reversed.</summary>
    [Theory]
    [InlineData(128, 1, "Halo128x128")]
    [InlineData(33, 4, "Halo128x64")]
    public void BlocksOfGradientsStay(int c, int multiprocessors, string tile)
    {
        var shape = new Conv2dShape(1, c, 8, 32, 60, 3, 1);
        foreach (bool bf16 in new[] { false, true })
        {
            using var device = new PtxTensorCoreDevice(_memory, bf16, multiprocessors);
            var operands = new TensorCoreOperands(shape, bf16);
            double[] dx = new double[operands.X.Length], dw = new double[operands.W.Length];
            operands.AddGradients(dx, dw);
            var term = Term(device, operands, shape) with { Dx = device.Allocate(dx.Length) };
            TensorCoreConv2d.Backward(device, [term], device.Allocate(operands.Dy, offset: 3), shape);
            Assert.StartsWith(tile, Assert.Single(device.Tiles));
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dx), dx), 0, Tolerance);
        }
    }

    /// <summary>Whole groups of gates and a narrow one; the cell as the epilogue of every tile.</summary>
    [Theory]
    [InlineData(false, 20, 3, 1, true, 9)]
    [InlineData(true, 20, 3, 64, false, 9)]
    [InlineData(true, 40, 2, 1, true, 9)]
    [InlineData(false, 33, 6, 1, false, 9)]
    [InlineData(false, 33, 1, 1, true, 16)]
    [InlineData(true, 20, 1, 64, true, 16)]
    public void LstmCellIsTheEpilogue(bool bf16, int hidden, int count, int multiprocessors, bool training, int width)
    {
        var shape = new Conv2dShape(2, 0, 8, width, 4 * hidden, 5, 1);
        using var device = new PtxTensorCoreDevice(_memory, bf16, multiprocessors);
        var (sum, gates) = width == 16
            ? Sum(device, shape, bf16, count, [(bf16 ? 64 : 32, 3)])
            : Sum(device, shape, bf16, count);
        int pixels = shape.N * shape.H * shape.W;
        float[] cell = TensorCoreOperands.Normal(pixels * hidden, 90);
        double[] cellNext = new double[cell.Length], h = new double[cell.Length];
        for (int i = 0; i < cell.Length; i++)
        {
            var at = new F64[4];
            for (int gate = 0; gate < 4; gate++)
                at[gate] = new F64(gates[GateIndex(gate)]);
            var (next, state) = LstmCell.Forward(ref at[0], ref at[1], ref at[2], ref at[3], new F64(cell[i]));
            (cellNext[i], h[i]) = (next.Value, state.Value);
            for (int gate = 0; gate < 4; gate++)
                gates[GateIndex(gate)] = at[gate].Value;

            int GateIndex(int gate) => (i / hidden * 4 * hidden) + GateOrder.Index(gate, i % hidden, hidden);
        }

        GpuArray to = device.Allocate(cell.Length), state2 = device.Allocate(cell.Length);
        var activated = training ? device.Allocate(gates.Length) : default;
        TensorCoreConv2d.ForwardLstmCell(
            device, to, state2, activated, device.Allocate(cell), sum.Inputs, shape);
        Assert.InRange(TensorCoreOperands.Error(device.Read(to), cellNext), 0, Tolerance);
        Assert.InRange(TensorCoreOperands.Error(device.Read(state2), h), 0, Tolerance);
        Assert.StartsWith(width == 16 ? "Halo" : "Linewise", device.Tiles[^1]);
        if (training)
            Assert.InRange(TensorCoreOperands.Error(device.Read(activated), gates), 0, Tolerance);
    }

    /// <summary>An absent cell is zero.</summary>
    [Fact]
    public void AbsentCellIsZero()
    {
        var shape = new Conv2dShape(1, 0, 4, 4, 64, 3, 1);
        using var device = new PtxTensorCoreDevice(_memory, bf16: false);
        var (sum, _) = Sum(device, shape, bf16: false, 1);
        var zero = device.Allocate(16 * 16, 0f);
        GpuArray[] results = [.. Enumerable.Range(0, 4).Select(_ => device.Allocate(16 * 16))];
        TensorCoreConv2d.ForwardLstmCell(device, results[0], results[1], default, zero, sum.Inputs, shape);
        TensorCoreConv2d.ForwardLstmCell(device, results[2], results[3], default, default, sum.Inputs, shape);
        Assert.Equal(device.Read(results[0]), device.Read(results[2]));
        Assert.Equal(device.Read(results[1]), device.Read(results[3]));
    }

    /// <summary>Each tile, forward and backward, with a multiprocessor count for which it is the best.</summary>
    [Theory]
    [InlineData(128, 128, 1, "128x128", "128x128")]
    [InlineData(128, 64, 1, "128x64", "128x128")]
    [InlineData(64, 40, 4, "64x64", "64x64")]
    public void EveryTileIsRight(int pixels, int k, int multiprocessors, string forward, string backward)
    {
        int c = backward == "128x128" ? 128 : 24;
        var shape = new Conv2dShape(1, c, pixels / 8, 8, k == 64 && backward == "128x128" ? 128 : k, 1, 1);
        var forwardShape = shape with { K = k };
        foreach (bool bf16 in new[] { false, true })
        {
            string kind = bf16 ? "Bf16" : "Tf32";
            using var device = new PtxTensorCoreDevice(_memory, bf16, multiprocessors);
            var operands = new TensorCoreOperands(forwardShape, bf16);
            double[] y = new double[operands.Dy.Length];
            operands.AddForward(y);
            var result = device.Allocate(y.Length);
            TensorCoreConv2d.Forward(
                device, result, new SumInputs { Terms = [Term(device, operands, forwardShape)] }, forwardShape,
                default(Identity));
            Assert.Equal($"Linewise{forward}{kind}", device.Tiles[^1]);
            Assert.InRange(TensorCoreOperands.Error(device.Read(result), y), 0, Tolerance);

            operands = new TensorCoreOperands(shape, bf16);
            double[] dx = new double[operands.X.Length], dw = new double[operands.W.Length];
            operands.AddGradients(dx, dw);
            var term = Term(device, operands, shape) with { Dw = device.Allocate(dw.Length) };
            TensorCoreConv2d.Backward(device, [term], device.Allocate(operands.Dy), shape);
            Assert.Equal($"Crosswise{backward}{kind}", device.Tiles[^1]);
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dw), dw), 0, Tolerance);
        }
    }

    /// <summary>
    /// Gradients accumulate where the operands say so, in one part and in several, with few inputs and few outputs.
    /// </summary>
    [Theory]
    [InlineData(false, 1, 40)]
    [InlineData(true, 1, 8)]
    [InlineData(false, 20, 8)]
    [InlineData(true, 20, 40)]
    public void GradientsAreAdded(bool bf16, int multiprocessors, int k)
    {
        var shape = new Conv2dShape(4, 6, 16, 17, k, 3, 1);
        using var device = new PtxTensorCoreDevice(_memory, bf16, multiprocessors);
        var operands = new TensorCoreOperands(shape, bf16);
        double[] dx = [.. operands.X.Select(v => (double)v)], dw = [.. operands.W.Select(v => (double)v)];
        operands.AddGradients(dx, dw);
        var term = Term(device, operands, shape) with
        {
            Dx = device.Allocate(operands.X),
            Dw = device.Allocate(operands.W),
            AddDx = true,
            AddDw = true,
        };
        TensorCoreConv2d.Backward(device, [term], device.Allocate(operands.Dy), shape);
        Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dx), dx), 0, Tolerance);
        Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dw), dw), 0, Tolerance);
        var own = k < 32 ? TensorCoreFewChannels.Outputs(shape) : shape;
        int parts = new TensorCoreProblem(bf16).WeightSchedule(own, multiprocessors).Parts;
        Assert.Equal(multiprocessors > 1, parts > 1);
    }

    /// <summary>Matrix products, plain or with a factor transposed, with an addend or the result itself.</summary>
    [Theory]
    [InlineData(false, 70, 45, 90, false, false)]
    [InlineData(true, 130, 3, 70, false, false)]
    [InlineData(false, 70, 45, 90, false, true)]
    [InlineData(true, 33, 130, 6, false, true)]
    [InlineData(false, 45, 70, 600, true, false)]
    [InlineData(true, 130, 3, 70, true, false)]
    public void MatricesAreMultiplied(bool bf16, int rows, int columns, int inner, bool transposeA, bool transposeB)
    {
        using var device = new PtxTensorCoreDevice(_memory, bf16);
        float[] a = TensorCoreOperands.Normal(rows * inner, 1), b = TensorCoreOperands.Normal(inner * columns, 2);
        float[] addend = TensorCoreOperands.Normal(rows * columns, 3);
        double[] product = new double[addend.Length], sum = [.. addend];
        for (int i = 0; i < product.Length; i++)
        {
            int row = i / columns, column = i % columns;
            for (int k = 0; k < inner; k++)
            {
                float left = a[transposeA ? (k * rows) + row : (row * inner) + k];
                float right = b[transposeB ? (column * inner) + k : (k * columns) + column];
                product[i] += TensorCoreOperands.Round(left, bf16) * TensorCoreOperands.Round(right, bf16);
            }

            sum[i] += product[i];
        }

        GpuArray x = device.Allocate(a, offset: 1), w = device.Allocate(b, offset: 2);
        GpuArray alone = device.Allocate(product.Length), other = device.Allocate(product.Length);
        var itself = device.Allocate(addend, offset: 1);
        Multiply(alone, default);
        Multiply(other, device.Allocate(addend, offset: 3));
        Multiply(itself, itself);
        Assert.InRange(TensorCoreOperands.Error(device.Read(alone), product), 0, Tolerance);
        Assert.InRange(TensorCoreOperands.Error(device.Read(other), sum), 0, Tolerance);
        Assert.Equal(device.Read(other), device.Read(itself));

        void Multiply(GpuArray c, GpuArray to) => TensorCoreConv2d.Multiply(
            device, c, to, x, w, rows, columns, inner, transposeA, transposeB);
    }

    private static (TensorCoreSum Sum, double[] Expected) Sum(
        PtxTensorCoreDevice device, in Conv2dShape shape, bool bf16, int count,
        (int Channels, int Kernel)[]? sizes = null)
    {
        sizes ??= [(3, 5), (20, 3), (9, 1), (5, 7), (4, 3), (17, 5)];
        var operands = new Conv2dOperand[count + 1];
        int outputs = shape.N * shape.H * shape.W * shape.K;
        float[] addend = TensorCoreOperands.Normal(outputs, 50), bias = TensorCoreOperands.Normal(shape.K, 51);
        BorderClasses rows = new(shape.H, 5), columns = new(shape.W, 5);
        float[] table = TensorCoreOperands.Normal(shape.N * rows.Count * columns.Count * shape.K, 52);
        double[] expected = new double[outputs];
        for (int i = 0; i < outputs; i++)
        {
            int k = i % shape.K, pixel = i / shape.K, x = pixel % shape.W, line = pixel / shape.W;
            int cell = (line / shape.H * rows.Count) + rows.Of(line % shape.H);
            expected[i] = addend[i] + bias[k] + table[(((cell * columns.Count) + columns.Of(x)) * shape.K) + k];
        }

        for (int i = 0; i < count; i++)
        {
            var own = shape with { C = sizes[i].Channels, Kernel = sizes[i].Kernel };
            var term = new TensorCoreOperands(own, bf16, (uint)(10 * i));
            term.AddForward(expected);
            operands[i < 1 ? i : i + 1] = Term(device, term, own);
        }

        operands[1] = new Conv2dOperand { IsConstant = true, Channels = 7, Kernel = 5 };
        return (new TensorCoreSum(
            operands, device.Allocate(addend, offset: 1), device.Allocate(bias, offset: 1),
            device.Allocate(table, offset: 1)), expected);
    }

    private sealed record TensorCoreSum(Conv2dOperand[] Terms, GpuArray Addend, GpuArray Bias, GpuArray Table)
    {
        public SumInputs Inputs =>
            new() { Terms = Terms, Addend = Addend, Bias = Bias, Table = Table, TableKernel = 5 };
    }

    private static Conv2dOperand Term(
        PtxTensorCoreDevice device, TensorCoreOperands operands, in Conv2dShape shape) => new()
        {
            X = device.Allocate(operands.X, offset: 1),
            W = device.Allocate(operands.W, offset: 2),
            Channels = shape.C,
            Kernel = shape.Kernel,
        };
}

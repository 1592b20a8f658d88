using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Matrix products on tensor cores, executed as PTX, against the definition on rounded operands.</summary>
public sealed class TensorCoreGemmTests : IDisposable
{
    private const double Tolerance = 3e-6;

    private readonly GpuContext _memory = GpuContext.Open("simulator");

    /// <summary>Rows, columns and length of the sums; each with no addend, with the result as its own, with another.</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 },
        { 5, 17, 3 },
        { 33, 70, 41 },
        { 130, 66, 24 },
        { 64, 136, 100 },
    };

    public void Dispose() => _memory.Dispose();

    [Theory]
    [MemberData(nameof(Sizes))]
    public void EqualsTheDefinition(int rows, int columns, int inner)
    {
        for (int mode = 0; mode < 18; mode++)
        {
            // Both transposed there is no kernel for.
            var (bf16, transpose, added) = (mode % 2 == 1, mode / 2 % 3, mode / 6);
            bool transposeA = transpose == 1, transposeB = transpose == 2;
            using var device = new PtxTensorCoreDevice(_memory, bf16);
            float[] a = TensorCoreOperands.Normal(rows * inner, 1), b = TensorCoreOperands.Normal(inner * columns, 2);
            float[] old = TensorCoreOperands.Normal(rows * columns, 3);
            var c = added == 1 ? device.Allocate(old, offset: 1) : device.Allocate(old.Length);
            var addend = added switch { 0 => default, 1 => c, _ => device.Allocate(old, offset: 3) };
            if (!TensorCoreGemm.Supports(c, addend, rows, columns, inner, transposeA, transposeB))
            {
                Assert.True(added == 2 && transpose != 0);
                continue;
            }

            TensorCoreGemm.Multiply(
                device, c, addend, device.Allocate(a, offset: 1), device.Allocate(b, offset: 2), rows, columns, inner,
                transposeA, transposeB);
            double[] expected = Define(a, b, added == 0 ? null : old, (rows, columns, inner), bf16, transposeA, transposeB);
            double error = TensorCoreOperands.Error(device.Read(c), expected);
            Assert.True(error <= Tolerance, $"mode {mode}: error {error}");
        }
    }

    [Fact]
    public void BothTransposedAreLeftToOthers() => Assert.False(
        TensorCoreGemm.Supports(default, default, 8, 8, 8, transposeA: true, transposeB: true));

    private static double[] Define(
        float[] a, float[] b, float[]? old, (int Rows, int Columns, int Inner) size, bool bf16, bool transposeA,
        bool transposeB)
    {
        var (rows, columns, inner) = size;
        double[] c = new double[rows * columns];
        for (int i = 0; i < c.Length; i++)
        {
            int row = i / columns, column = i % columns;
            double sum = old?[i] ?? 0;
            for (int k = 0; k < inner; k++)
            {
                sum += TensorCoreOperands.Round(a[transposeA ? (k * rows) + row : (row * inner) + k], bf16)
                    * TensorCoreOperands.Round(b[transposeB ? (column * inner) + k : (k * columns) + column], bf16);
            }

            c[i] = sum;
        }

        return c;
    }
}

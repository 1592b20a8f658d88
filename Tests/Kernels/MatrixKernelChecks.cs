using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>A device's convolutions and matrix products against their definitions.</summary>
internal static unsafe class MatrixKernelChecks
{
    private const double Tolerance = 1e-5;

    /// <summary>All remainders of the tile and the weight block, both families, one pixel and more.</summary>
    public static IReadOnlyList<Conv2dShape> SmallShapes { get; } =
    [
        new(1, 1, 1, 1, 1, 3, 1), new(1, 3, 1, 2, 16, 1, 1), new(2, 1, 3, 5, 17, 3, 1), new(1, 7, 3, 3, 5, 3, 1),
        new(2, 2, 2, 5, 33, 3, 1), new(1, 3, 4, 2, 32, 5, 1), new(1, 16, 2, 3, 20, 1, 1), new(2, 3, 4, 6, 5, 2, 2),
        new(1, 2, 4, 8, 17, 4, 4), new(3, 17, 5, 7, 48, 3, 1), new(2, 9, 7, 3, 70, 5, 1), new(5, 5, 6, 10, 31, 2, 2),
        new(1, 65, 9, 8, 64, 3, 1), new(2, 64, 3, 5, 50, 7, 1), new(2, 33, 8, 8, 96, 1, 1),
    ];

    /// <summary>Panels of copied weights, several passes over pixels, adjacent passes with a remainder.</summary>
    public static IReadOnlyList<Conv2dShape> LargeShapes { get; } =
    [
        new(1, 20, 17, 16, 33, 3, 1), new(2, 13, 16, 16, 40, 5, 1), new(3, 64, 16, 8, 17, 3, 1),
        new(1, 3, 70, 64, 9, 3, 1), new(3, 6, 64, 64, 10, 1, 1), new(5, 3, 30, 30, 7, 3, 1),
        new(3, 40, 31, 32, 48, 3, 1), new(2, 30, 48, 48, 36, 3, 1), new(6, 3, 64, 64, 40, 2, 2),
        new(7, 4, 32, 64, 5, 4, 4), new(2, 100, 16, 16, 65, 1, 1),
    ];

    public static TheoryData<string> Names(IReadOnlyList<Conv2dShape> shapes) =>
        [.. shapes.Select(shape => shape.ToString())];

    public static Conv2dShape Find(string name) => LargeShapes.Single(shape => shape.ToString() == name);

    /// <summary>Forward with and without addends, both gradients overwritten and accumulated.</summary>
    public static void Convolution(GpuContext context, Conv2dShape shape)
    {
        using var operands = new Conv2dOperands(shape);
        using var x = new DeviceArray(context, operands.X.Span);
        using var w = new DeviceArray(context, operands.W.Span);
        using var dy = new DeviceArray(context, operands.Dy.Span);
        using var bias = new DeviceArray(context, operands.Bias.Span);
        for (int addend = 0; addend < 3; addend++)
        {
            // No addend, the result itself as addend, another array.
            bool withBias = addend != 1;
            using var y = new DeviceArray(context, operands.Dy.Span, keep: addend == 1);
            var terms = new[] { new Conv2dOperand { X = x, W = w, Channels = shape.C, Kernel = shape.Kernel } };
            var added = addend switch { 0 => default(GpuArray), 1 => y, _ => dy };
            PoisonScratch(context);
            Conv2dKernels.Forward(
                context, y, added, terms, withBias ? bias : default(GpuArray), shape, default(Identity));
            y.Check(operands.DefineForward(addend != 0, withBias), $"{shape}, forward, addend {addend}");
        }

        for (int beta = 0; beta < 2; beta++)
        {
            var (dxExpected, dwExpected) = operands.DefineGradients(beta != 0);
            using var dx = new DeviceArray(context, operands.X.Span, keep: beta != 0);
            using var dw = new DeviceArray(context, operands.W.Span, keep: beta != 0);
            PoisonScratch(context);
            RegisterTileConv2d.BackwardInput(context, dx, beta != 0, dy, w, shape);
            PoisonScratch(context);
            RegisterTileConv2d.BackwardWeight(context, dw, beta != 0, dy, x, shape);
            dx.Check(dxExpected, $"{shape}, input gradient, beta {beta}");
            dw.Check(dwExpected, $"{shape}, weight gradient, beta {beta}");
        }
    }

    /// <summary>Products of all sizes, transposed or not, with all kinds of addend.</summary>
    public static void Products(GpuContext context, ReadOnlySpan<(int M, int N, int K)> sizes)
    {
        foreach (var (m, n, k) in sizes)
        {
            using var left = GuardedArray.Normal((long)m * k, 1);
            using var right = GuardedArray.Normal((long)k * n, 2);
            using var old = GuardedArray.Normal((long)m * n, 3);
            using var a = new DeviceArray(context, left.Span);
            using var b = new DeviceArray(context, right.Span);
            using var other = new DeviceArray(context, old.Span);
            for (int mode = 0; mode < 12; mode++)
            {
                bool transposeA = (mode & 1) != 0, transposeB = (mode & 2) != 0;
                int addend = mode >> 2;
                using var c = new DeviceArray(context, old.Span, keep: addend == 1);
                double[] expected = GemmTests.Define(
                    left, right, addend == 0 ? null : old, (m, n, k), transposeA, transposeB);
                PoisonScratch(context);
                MatMulKernels.Multiply(
                    context, c, addend switch { 0 => default(GpuArray), 1 => c, _ => other }, a, b,
                    new MatMulShape(m, n, k, transposeA, transposeB));
                c.Check(expected, $"{m}x{n}x{k}, mode {mode}");
            }
        }
    }

    // Scratch memory that an operation reads before writing shows in its result.
    private static void PoisonScratch(GpuContext context)
    {
        int count = context.Info.Platform == GpuPlatform.Simulator ? 10_000 : 500_000;
        float[] poison = new float[count];
        Array.Fill(poison, float.NaN);
        foreach (int slot in new[] { ScratchSlots.Operand, ScratchSlots.SecondOperand, ScratchSlots.Products })
            context.Upload(poison, context.Scratch(slot, count));
    }

    /// <summary>An unaligned array on the device, between guards.</summary>
    private sealed class DeviceArray : IDisposable
    {
        private const int Guard = 65;

        private readonly GpuContext _context;
        private readonly GpuMemory _memory;
        private readonly int _length;

        public DeviceArray(GpuContext context, ReadOnlySpan<float> values, bool keep = true)
        {
            (_context, _length) = (context, values.Length);
            _memory = context.Allocate(_length + (2 * Guard));
            float[] all = new float[_length + (2 * Guard)];
            Array.Fill(all, float.NaN);
            if (keep)
                values.CopyTo(all.AsSpan(Guard));
            context.Upload(all, new GpuArray(_memory, 0));
        }

        public static implicit operator GpuArray(DeviceArray array) => new(array._memory, Guard);

        public void Check(double[] expected, string what)
        {
            float[] all = new float[_length + (2 * Guard)];
            _context.Download(new GpuArray(_memory, 0), all);
            using var actual = new GuardedArray(_length);
            all.AsSpan(Guard, _length).CopyTo(actual.Span);
            double error = actual.ErrorAgainst(expected);
            Assert.True(error <= Tolerance, $"{what}: error {error}");
            for (int i = 0; i < Guard; i++)
            {
                bool intact = float.IsNaN(all[i]) && float.IsNaN(all[Guard + _length + i]);
                Assert.True(intact, $"{what}: wrote beyond the result");
            }
        }

        public void Dispose() => _memory.Dispose();
    }
}

using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public unsafe class Conv2dKernelTests
{
    private static readonly Conv2dShape[] Shapes = [.. Combinations(), .. LargeShapes()];

    public static TheoryData<SimdLevel> Levels => SimdLevels.Available;

    [Theory]
    [MemberData(nameof(Levels))]
    public void ForwardEqualsTheDefinition(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(2, level);
        for (int i = 0; i < Shapes.Length; i++)
        {
            var shape = Shapes[i];
            using var operands = new Conv2dOperands(shape);
            for (int addend = 0; addend < 3; addend++)
            {
                // No addend, the result itself as addend, another array.
                using var y = addend == 1 ? operands.Dy.Copy() : new GuardedArray(operands.Dy.Length);
                float* added = addend switch
                {
                    0 => null,
                    1 => y.Pointer,
                    _ => operands.Dy.Pointer,
                };
                double[] expected = operands.DefineForward(addend != 0, i % 3 != 0);
                float* bias = i % 3 != 0 ? operands.Bias.Pointer : null;
                SimdLevels.PoisonScratch(workspace);
                switch (i % 4)
                {
                    case 0:
                        Apply(expected, v => 1 / (1 + Math.Exp(-v)));
                        Run(default(Sigmoid));
                        break;
                    case 1:
                        Apply(expected, Math.Tanh);
                        Run(default(Tanh));
                        break;
                    case 2:
                        Apply(expected, v => Math.Max(v, 0));
                        Run(default(Relu));
                        break;
                    default:
                        Run(default(Identity));
                        break;
                }

                Check(y, expected, shape, $"forward, addend {addend}");

                void Run<TActivation>(TActivation activation) where TActivation : unmanaged, IFusedActivation =>
                    DirectConv2d.Forward(
                        workspace, y.Pointer, added, operands.X.Pointer, operands.W.Pointer, bias, shape, activation);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void GradientsEqualTheDefinition(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(2, level);
        foreach (var shape in Shapes)
        {
            using var operands = new Conv2dOperands(shape);
            for (float beta = 0; beta <= 1; beta++)
            {
                var (dxExpected, dwExpected) = operands.DefineGradients(beta != 0);
                using var dx = beta == 0 ? new GuardedArray(operands.X.Length) : operands.X.Copy();
                using var dw = beta == 0 ? new GuardedArray(operands.W.Length) : operands.W.Copy();
                SimdLevels.PoisonScratch(workspace);
                DirectConv2d.BackwardInput(workspace, dx.Pointer, beta, operands.Dy.Pointer, operands.W.Pointer, shape);
                SimdLevels.PoisonScratch(workspace);
                DirectConv2d.BackwardWeight(workspace, dw.Pointer, beta, operands.Dy.Pointer, operands.X.Pointer, shape);
                Check(dx, dxExpected, shape, $"input gradient, beta {beta}");
                Check(dw, dwExpected, shape, $"weight gradient, beta {beta}");
            }
        }
    }

    /// <summary>⟨x ∗ w, dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩: the gradients are the adjoints of the forward pass.</summary>
    [Theory]
    [MemberData(nameof(Levels))]
    public void GradientsAreAdjoints(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(3, level);
        foreach (var shape in Shapes)
        {
            using var operands = new Conv2dOperands(shape);
            using var results = operands.Run(workspace);
            double forward = GuardedArray.Dot(results.Y, operands.Dy);
            double bound = 1e-6 * results.Y.Norm() * operands.Dy.Norm();
            double input = GuardedArray.Dot(results.Dx, operands.X), weight = GuardedArray.Dot(results.Dw, operands.W);
            Assert.True(Math.Abs(forward - input) <= bound, $"{shape}: input gradient");
            Assert.True(Math.Abs(forward - weight) <= bound, $"{shape}: weight gradient");
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
            using var operands = new Conv2dOperands(shape);
            using var expected = operands.Run(one);
            foreach (var workspace in new[] { two, three })
            {
                using var actual = operands.Run(workspace);
                Assert.True(actual.SameBytesAs(expected), $"{shape} with {workspace.Pool.Threads} threads");
            }
        }
    }

    [Fact]
    public void ScratchIsWhatTheFormulasSay()
    {
        foreach (var shape in Shapes)
        {
            using var operands = new Conv2dOperands(shape);
            for (int threads = 1; threads <= 3; threads += 2)
            {
                using var forward = new CpuWorkspace(threads);
                using var backwardInput = new CpuWorkspace(threads);
                using var backwardWeight = new CpuWorkspace(threads);
                using var all = new CpuWorkspace(threads);
                using var y = new GuardedArray(operands.Dy.Length);
                using var dx = new GuardedArray(operands.X.Length);
                using var dw = new GuardedArray(operands.W.Length);
                var sizeY = DirectConv2d.ForwardScratch(shape, threads);
                var sizeX = DirectConv2d.BackwardInputScratch(shape, threads);
                var sizeW = DirectConv2d.BackwardWeightScratch(shape);
                DirectConv2d.Forward(
                    forward, y.Pointer, null, operands.X.Pointer, operands.W.Pointer, null, shape, default(Identity));
                DirectConv2d.BackwardInput(backwardInput, dx.Pointer, 0, operands.Dy.Pointer, operands.W.Pointer, shape);
                DirectConv2d.BackwardWeight(backwardWeight, dw.Pointer, 0, operands.Dy.Pointer, operands.X.Pointer, shape);
                operands.Run(all).Dispose();
                Assert.Equal(sizeY.Bytes(threads), forward.ScratchBytes);
                Assert.Equal(sizeX.Bytes(threads), backwardInput.ScratchBytes);
                Assert.Equal(sizeW.Bytes(threads), backwardWeight.ScratchBytes);
                Assert.Equal(ScratchSize.Max(ScratchSize.Max(sizeY, sizeX), sizeW).Bytes(threads), all.ScratchBytes);
            }
        }
    }

    [Fact]
    public void AllocatesNothingAfterTheFirstCalls()
    {
        using var workspace = new CpuWorkspace(2);
        foreach (var shape in new[] { new Conv2dShape(2, 17, 8, 8, 33, 5, 1), new Conv2dShape(2, 7, 8, 8, 33, 2, 2) })
        {
            using var operands = new Conv2dOperands(shape);
            using var results = operands.Run(workspace);
            for (int i = 0; i < 60; i++)
                operands.RunInto(results, workspace);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
                operands.RunInto(results, workspace);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Theory]
    [InlineData(3, 2, 8)]
    [InlineData(2, 1, 8)]
    [InlineData(4, 4, 6)]
    [InlineData(0, 0, 8)]
    [InlineData(3, 1, 0)]
    public void UnsupportedShapesAreRefused(int kernel, int stride, int size)
    {
        var shape = new Conv2dShape(1, 1, size, size, 1, kernel, stride);
        Assert.False(shape.IsSupported);
        Assert.Throws<ArgumentException>(() => DirectConv2d.ForwardScratch(shape, 1));
    }

    [Fact]
    public void BetaIsZeroOrOne()
    {
        using var workspace = new CpuWorkspace(1);
        var shape = new Conv2dShape(1, 1, 1, 1, 1, 1, 1);
        Assert.Throws<ArgumentException>(() => DirectConv2d.BackwardInput(workspace, null, 2, null, null, shape));
    }

    [Fact]
    public void ShapeKnowsItsOutput()
    {
        var same = new Conv2dShape(2, 3, 16, 12, 4, 5, 1);
        Assert.Equal((2, 16, 12), (same.Padding, same.OutH, same.OutW));
        Assert.Equal(2L * 16 * 12 * 3 * 4 * 25, same.MultiplyAccumulates);
        var patches = new Conv2dShape(1, 3, 16, 12, 4, 4, 4);
        Assert.Equal((0, 4, 3), (patches.Padding, patches.OutH, patches.OutW));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(70)]
    public void WeightsOfPaddedConvolutionsLieInBlocksOfOutputs(int outputs)
    {
        const int Inputs = 5, Kernel = 3;
        var shape = new Conv2dShape(1, Inputs, 4, 4, outputs, Kernel, 1);
        long expected = 0;
        for (int first = 0; first < outputs; first += 32)
        {
            for (int c = 0; c < Inputs; c++)
            {
                for (int tap = 0; tap < Kernel * Kernel; tap++)
                {
                    for (int k = first; k < Math.Min(outputs, first + 32); k++)
                        Assert.Equal(expected++, shape.WeightIndex(k, c, tap / Kernel, tap % Kernel));
                }
            }
        }

        Assert.Equal(outputs * Inputs * Kernel * Kernel, expected);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void OtherWeightsLieWithOutputsInnermost(int kernel, int stride)
    {
        var shape = new Conv2dShape(1, 3, 4, 4, 70, kernel, stride);
        long expected = 0;
        for (int tap = 0; tap < kernel * kernel; tap++)
        {
            for (int c = 0; c < 3; c++)
            {
                for (int k = 0; k < 70; k++)
                    Assert.Equal(expected++, shape.WeightIndex(k, c, tap / kernel, tap % kernel));
            }
        }
    }

    private static void Check(GuardedArray actual, double[] expected, Conv2dShape shape, string what)
    {
        double error = actual.ErrorAgainst(expected);
        Assert.True(error <= 1e-5, $"{shape}, {what}: error {error}");
        Assert.True(actual.GuardsIntact(), $"{shape}, {what}: wrote beyond the result");
    }

    private static void Apply(double[] values, Func<double, double> function)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = function(values[i]);
    }

    // Steps through all sizes at coprime rates, so that each meets many others.
    private static IEnumerable<Conv2dShape> Combinations()
    {
        int[] images = [1, 2, 3, 8], channels = [1, 3, 7, 17, 33, 64], sizes = [1, 2, 5, 7, 8, 16];
        int index = 0;
        foreach (var (kernel, stride) in new[] { (1, 1), (3, 1), (5, 1), (2, 2), (4, 4), (8, 8) })
        {
            for (int i = 0; i < 14; i++, index++)
            {
                int n = images[index % 4], c = channels[index % 6], k = channels[(index + (index / 6)) % 6];
                int h = sizes[index * 5 % 6], w = sizes[(index + (index / 4)) % 6];
                if (stride > 1)
                    (h, w) = ((1 + (index % 3)) * stride, (1 + (index / 2 % 3)) * stride);
                var shape = new Conv2dShape(n, c, h, w, k, kernel, stride);
                if (shape.MultiplyAccumulates <= 3_000_000)
                    yield return shape;
            }
        }
    }

    // Several chunks of channels, several parts of rows, several chunks of pixels.
    private static IEnumerable<Conv2dShape> LargeShapes() =>
    [
        new(1, 150, 3, 3, 20, 5, 1), new(3, 20, 3, 2, 150, 5, 1), new(1, 700, 4, 3, 9, 1, 1),
        new(8, 3, 18, 17, 5, 3, 1), new(2, 5, 40, 40, 33, 1, 1), new(2, 3, 32, 33, 7, 3, 1),
        new(2, 3, 64, 96, 70, 2, 2), new(8, 40, 5, 4, 100, 3, 1),
    ];
}

using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The tensor-core convolutions, executed as PTX, against the definition on rounded operands.</summary>
public sealed class TensorCoreConvolutionTests : IDisposable
{
    // Sums are single precision, products exact: rounding of some hundred additions.
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
            TensorCoreConvolution.Forward(
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
            TensorCoreConvolution.Backward(device, [term], device.Allocate(operands.Dy, offset: 3), shape);
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dx), dx), 0, Tolerance);
            Assert.InRange(TensorCoreOperands.Error(device.Read(term.Dw), dw), 0, Tolerance);
        }
    }

    private static ConvolutionOperand Term(
        PtxTensorCoreDevice device, TensorCoreOperands operands, in Conv2dShape shape) => new()
        {
            X = device.Allocate(operands.X, offset: 1),
            W = device.Allocate(operands.W, offset: 2),
            Channels = shape.C,
            Kernel = shape.Kernel,
        };
}

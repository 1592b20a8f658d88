using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Products of matrices on tensor cores, as convolutions of single pixels and their gradients.</summary>
/// <remarks>
/// Where the rows of x are pixels and w is a filter of one tap, x·w is the convolution, dy·wᵀ its gradient by the input
/// and xᵀ·dy the one by the weights.
/// </remarks>
internal static class TensorCoreGemm
{
    /// <summary>Whether the device and its precision want these kernels, and they can do this product.</summary>
    public static bool Supports(
        GpuContext context, GpuArray c, GpuArray addend, int rows, int columns, int inner, bool transposeA,
        bool transposeB) =>
        context.HasTensorCores && context.Precision is MatrixPrecision.Tf32 or MatrixPrecision.Bf16
        && Supports(c, addend, rows, columns, inner, transposeA, transposeB);

    /// <summary>Whether there are kernels for this product.</summary>
    public static bool Supports(
        GpuArray c, GpuArray addend, int rows, int columns, int inner, bool transposeA, bool transposeB)
    {
        // Gradients are added to what they become part of, and to nothing else.
        bool isGradient = transposeA || transposeB, added = addend.Exists && addend != c;
        return !(transposeA && transposeB) && !(isGradient && added)
            && TensorCoreProblem.Supports(Shape(rows, columns, inner, transposeA, transposeB));
    }

    /// <summary>What <see cref="Gemm.Multiply"/> says, where <see cref="Supports(GpuArray, GpuArray, int, int, int,
    /// bool, bool)"/> approves.</summary>
    public static void Multiply(
        ITensorCoreDevice device, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, int rows, int columns, int inner,
        bool transposeA, bool transposeB)
    {
        var shape = Shape(rows, columns, inner, transposeA, transposeB);
        var term = new ConvolutionOperand { Channels = shape.C, Kernel = 1 };
        if (transposeA)
        {
            TensorCoreConvolution.Backward(device, [term with { X = a, Dw = c, AddDw = addend.Exists }], b, shape);
        }
        else if (transposeB)
        {
            TensorCoreConvolution.Backward(device, [term with { W = b, Dx = c, AddDx = addend.Exists }], a, shape);
        }
        else
        {
            var sum = new SumInputs { Terms = [term with { X = a, W = b }], Addend = addend };
            TensorCoreConvolution.Forward(device, c, sum, shape, default(Identity));
        }
    }

    // Of the convolution whose result or gradient the product is.
    private static Conv2dShape Shape(int rows, int columns, int inner, bool transposeA, bool transposeB) => transposeA
        ? new Conv2dShape(inner, rows, 1, 1, columns, 1, 1)
        : transposeB
            ? new Conv2dShape(rows, columns, 1, 1, inner, 1, 1)
            : new Conv2dShape(rows, inner, 1, 1, columns, 1, 1);
}

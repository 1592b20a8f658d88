using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Matrix products: convolutions of single pixels and their gradients.</content>
internal static partial class TensorCoreConv2d
{
    /// <summary>Whether the device and its precision call for these kernels, and they support such a product.</summary>
    public static bool SupportsProduct(GpuContext context, in MatMulShape product) =>
        AreWanted(context) && !(product.TransposeA && product.TransposeB)
        && TensorCoreProblem.Supports(ProductShape(product));

    /// <summary>c = addend + op(a)·op(b), at most one transposed: see <see cref="MatMulKernels.Multiply"/>.</summary>
    public static void Multiply(
        ITensorCoreDevice device, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, in MatMulShape product)
    {
        var shape = ProductShape(product);
        var problem = new TensorCoreProblem(device.IsBf16);
        if (!product.TransposeA && !product.TransposeB)
        {
            var term = new Conv2dOperand { X = a, W = b, Channels = product.Inner, Kernel = 1 };
            Forward(device, c, new SumInputs { Terms = [term], Addend = addend, TableKernel = 1 }, shape, default(Identity));
            return;
        }

        // A transposed product is a gradient, which reduces over the columns or the rows of dy.
        var dy = product.TransposeA ? b : a;
        long gradientChunks = Aligned(problem.GradientChunks(shape));
        var packed = Chunks(
            device, ScratchSlots.Operand, gradientChunks + (product.TransposeA ? problem.ImageChunks(shape) : 0));
        Pack(device, packed, dy, problem.Gradients(shape), problem.GradientChunks(shape));
        if (product.TransposeB)
        {
            BackwardInput(device, c, addend, b, packed, shape);
            return;
        }

        var images = packed.SubView(gradientChunks, problem.ImageChunks(shape));
        Pack(device, images, a, problem.Images(shape), images.Length);
        BackwardWeight(device, c, addend, images, packed, shape);
    }

    /// <summary>Both gradients of a product, packing dy only once: see <see cref="MatMulKernels.Backward"/>.</summary>
    public static void MultiplyBackward(
        ITensorCoreDevice device, GpuArray da, bool addA, GpuArray db, bool addB, GpuArray dy, GpuArray a, GpuArray b,
        in MatMulShape product)
    {
        var term = new Conv2dOperand
        {
            X = a,
            W = b,
            Dx = da,
            Dw = db,
            Channels = product.Inner,
            Kernel = 1,
            AddDx = addA,
            AddDw = addB,
        };
        Backward(device, [term], dy, ProductShape(product));
    }

    // A row is an image of one pixel; a·bᵀ is a gradient with respect to the input, aᵀ·b one to the weights.
    private static Conv2dShape ProductShape(in MatMulShape product) =>
        product.TransposeA ? new Conv2dShape(product.Inner, product.Rows, 1, 1, product.Columns, 1, 1)
        : product.TransposeB ? new Conv2dShape(product.Rows, product.Columns, 1, 1, product.Inner, 1, 1)
        : new Conv2dShape(product.Rows, product.Inner, 1, 1, product.Columns, 1, 1);
}

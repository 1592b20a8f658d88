using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The part of a sum that is no convolution: addend, bias and table.</summary>
/// <remarks>
/// A thread block (group) is neighbouring channels of one pixel, which all have the same border class, and absent
/// arrays are read but not used: this lets compilers for processors vectorise the items.
/// </remarks>
internal static class Conv2dStart
{
    private const int GroupSize = 64;

    private static readonly GroupKernelHandle<Args> Handle = new(ConvolutionSumStartKernel);

    /// <summary>y = addend + bias + table</summary>
    public static void Launch(GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape) =>
        context.Launch(
            // Only the first axis of a CUDA grid has room for all pixels.
            Handle, new Index3D(shape.N * shape.OutH * shape.OutW, Ceiling.Divide(shape.K, GroupSize), 1), GroupSize,
            new Args
            {
                Y = y.View,
                Addend = sum.Addend.ViewOr(y),
                Bias = sum.Bias.ViewOr(y),
                Table = BorderTable.Of(sum, y, shape),
                K = shape.K,
                ReadAddend = sum.Addend.Exists ? 1 : 0,
                ReadBias = sum.Bias.Exists ? 1 : 0,
            });

    private static void ConvolutionSumStartKernel(Args args)
    {
        int k = (Grid.IdxY * GroupSize) + Group.IdxX, pixel = Grid.IdxX;
        if (k >= args.K)
            return;
        int at = (pixel * args.K) + k;
        float addend = args.Addend[at], bias = args.Bias[k];
        float table = args.Table.Values[(args.Table.Row(pixel) * args.K) + k];
        float sum = args.ReadAddend != 0 ? addend : 0f;
        sum += args.ReadBias != 0 ? bias : 0f;
        sum += args.Table.Exists != 0 ? table : 0f;
        args.Y[at] = sum;
    }

    internal struct Args
    {
        public ArrayView<float> Y, Addend, Bias;
        public BorderTable Table;
        public int K, ReadAddend, ReadBias;
    }
}

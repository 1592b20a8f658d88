namespace Gqn.Native.Kernels.Gpu;

/// <summary>Σ x², the squared norm of a gradient.</summary>
public static class SumOfSquaresKernels
{
    /// <summary>The sum over <paramref name="count"/> elements, in single precision by parts, into the one element of
    /// <paramref name="sum"/>; does not wait for the device.</summary>
    public static void Compute(GpuContext context, GpuArray sum, GpuArray x, long count) =>
        BroadcastKernels.SumOfSquares(context, sum, x, count);
}

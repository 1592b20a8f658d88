namespace Gqn.Native.Kernels.Gpu;

/// <summary>Σ x², the square of a gradient's norm.</summary>
public static class SumOfSquaresKernels
{
    /// <summary>The sum over <paramref name="count"/> elements, in single precision by parts, into the one element of
    /// <paramref name="sum"/>, without waiting.</summary>
    public static void Compute(GpuContext context, GpuArray sum, GpuArray x, long count) =>
        BroadcastKernels.SumOfSquares(context, sum, x, count);
}

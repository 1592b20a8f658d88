namespace Gqn.Native.Kernels.Gpu;

/// <summary>Σ x², the square of a gradient's norm.</summary>
public static class SumOfSquaresKernels
{
    /// <summary>The sum over <paramref name="count"/> elements, in single precision by parts. Waits for the device.</summary>
    public static double Compute(GpuContext context, GpuArray x, long count)
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = context.Scratch(ScratchSlots.Result, 1);
        Compute(context, sum, x, count);
        float result = 0f;
        context.Download(sum, new Span<float>(ref result));
        return result;
    }

    /// <summary>The same into the one element of <paramref name="sum"/>, without waiting.</summary>
    public static void Compute(GpuContext context, GpuArray sum, GpuArray x, long count) =>
        BroadcastKernels.SumOfSquares(context, sum, x, count);
}

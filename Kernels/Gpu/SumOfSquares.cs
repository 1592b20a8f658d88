namespace Gqn.Native.Kernels.Gpu;

/// <summary>Σ x², the square of a gradient's norm.</summary>
public static class SumOfSquaresKernels
{
    /// <summary>The sum over <paramref name="count"/> elements, in single precision by parts. Waits for the device.</summary>
    public static double Compute(GpuContext context, GpuArray x, long count)
    {
        ArgumentNullException.ThrowIfNull(context);
        var sum = context.Scratch(ScratchSlots.Result, 1);
        BroadcastKernels.SumOfSquares(context, sum, x, count);
        float result = 0f;
        context.Download(sum, new Span<float>(ref result));
        return result;
    }
}

using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Pixels as weighted sums of a few other pixels: sparse matrices times dense ones.</summary>
/// <remarks>
/// A thread (item) computes one value of the result, so neighbours read one row of x coalesced and share their entry.
/// Sums follow the order of the entries: no atomics, bit-identical results.
/// </remarks>
public static class GatherKernels
{
    private static readonly KernelHandle<RowArgs> Rows = new(Gather);

    /// <summary>y[n, r] = beta·y[n, r] + Σₑ weights[n, e] · x[n, columns[n, e]], for e from starts[n, r] to below
    /// starts[n, r + 1].</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">[images][rows][channels]</param>
    /// <param name="beta">0 to overwrite, 1 to accumulate.</param>
    /// <param name="x">[images][columns][channels]</param>
    /// <param name="starts">[images][rows + 1], integers that never decrease within an image.</param>
    /// <param name="columns">[images][entries], integers.</param>
    /// <param name="weights">[images][entries]</param>
    /// <param name="shape">The sizes.</param>
    public static void Forward(
        GpuContext context, GpuArray y, float beta, GpuArray x, GpuArray starts, GpuArray columns, GpuArray weights,
        in GatherShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(Rows, (long)shape.Images * shape.Rows * shape.Channels, new RowArgs
        {
            Y = y.View,
            X = x.View,
            Starts = starts.View,
            Columns = columns.View,
            Weights = weights.View,
            Beta = beta,
            Rows = shape.Rows,
            Places = shape.Columns,
            Entries = shape.Entries,
            Channels = shape.Channels,
        });
    }

    private static void Gather(Index1D index, RowArgs args)
    {
        int row = index / args.Channels, channel = index - (row * args.Channels), image = row / args.Rows;
        int source = (image * args.Places * args.Channels) + channel, entries = image * args.Entries;
        // An image has one start more than rows.
        int entry = entries + (int)args.Starts[row + image], end = entries + (int)args.Starts[row + image + 1];
        float sum = args.Beta != 0f ? args.Beta * args.Y[index] : 0f;
        for (; entry < end; entry++)
            sum += args.Weights[entry] * args.X[source + ((int)args.Columns[entry] * args.Channels)];
        args.Y[index] = sum;
    }

    internal struct RowArgs
    {
        public ArrayView<float> Y, X, Starts, Columns, Weights;
        public int Rows, Places, Entries, Channels;
        public float Beta;
    }
}

using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The sum of constant inputs: one row of outputs per image and border class.</summary>
internal struct BorderTable
{
    /// <summary>The table, [n][row class][column class][output].</summary>
    public ArrayView<float> Values;

    /// <summary>Not 0 if there is a table.</summary>
    public int Exists;

    /// <summary>Height and width of an image, and the kernel size that defines the classes.</summary>
    public int H, W, Kernel;

    /// <summary>The table of a sum; <paramref name="other"/> fills in for an absent one.</summary>
    public static BorderTable Of(in SumInputs inputs, GpuArray other, in Conv2dShape shape) => new()
    {
        Values = inputs.Table.ViewOr(other),
        Exists = inputs.Table.Exists ? 1 : 0,
        H = shape.OutH,
        W = shape.OutW,
        Kernel = inputs.TableKernel,
    };

    /// <summary>The table's row for a pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Row(int pixel)
    {
        var rows = new BorderClasses(H, Kernel);
        var columns = new BorderClasses(W, Kernel);
        int line = pixel / W, image = line / H;
        return (((image * rows.Count) + rows.Of(line - (image * H))) * columns.Count) + columns.Of(pixel - (line * W));
    }
}

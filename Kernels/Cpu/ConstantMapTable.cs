using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The table of <see cref="ConstantMap.Forward"/>, looked up by pixel; null memory gives null rows.</summary>
internal unsafe readonly struct ConstantMapTable(float* memory, in Conv2dShape shape)
{
    private readonly BorderClasses _rows = new(shape.H, shape.Kernel), _columns = new(shape.W, shape.Kernel);
    private readonly int _outputs = shape.K;

    /// <summary>The K values to add to a pixel.</summary>
    public float* At(int image, int y, int x)
    {
        if (memory is null)
            return null;
        nint row = ((((nint)image * _rows.Count) + _rows.Of(y)) * _columns.Count) + _columns.Of(x);
        return memory + (row * _outputs);
    }
}

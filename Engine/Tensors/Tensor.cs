namespace Gqn.Native.Engine;

/// <summary>A dense array of floats in a device's memory: a handle that costs nothing to copy.</summary>
/// <param name="Buffer">The memory.</param>
/// <param name="Offset">Index of the first element within the buffer.</param>
/// <param name="Shape">Logical shape; storage is channels last.</param>
public readonly record struct Tensor(DeviceBuffer Buffer, long Offset, Shape Shape)
{
    /// <summary>
    /// False for the default value, which means an absent (all-zero) tensor where an op allows one.
    /// </summary>
    public bool Exists => Buffer is not null;

    /// <summary>The same elements in the same memory order under another shape.</summary>
    /// <exception cref="ShapeException">The number of elements differs.</exception>
    public Tensor Reshape(Shape shape) => shape.Count == Shape.Count
        ? this with { Shape = shape }
        : throw new ShapeException($"Reshape: {Shape} has {Shape.Count} elements, {shape} has {shape.Count}.");

    /// <summary>Images <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> − 1.</summary>
    /// <exception cref="ShapeException">The range exceeds the tensor.</exception>
    public Tensor Images(int first, int count) => first >= 0 && count > 0 && first + count <= Shape.N
        ? new(Buffer, Offset + (Shape.Count / Shape.N * first), Shape with { N = count })
        : throw new ShapeException($"Images: {count} images from {first} do not lie in {Shape}.");
}

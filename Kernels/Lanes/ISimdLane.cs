namespace Gqn.Native.Kernels.Lanes;

/// <summary>A lane that moves between registers and memory: what a CPU loop needs besides arithmetic.</summary>
public unsafe interface ISimdLane<T> : ILane<T> where T : struct, ISimdLane<T>
{
    /// <summary>Elements per lane.</summary>
    static abstract int Width { get; }

    /// <summary>a · b + c, rounded once if the processor can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>Reads <see cref="Width"/> floats.</summary>
    static abstract T Load(float* source);

    /// <summary>Writes <see cref="Width"/> floats.</summary>
    void Store(float* destination);

    /// <summary>
    /// Reads min(<see cref="Width"/>, <paramref name="count"/>) floats and pads with zeros; nothing beyond is
    /// touched.
    /// </summary>
    static abstract T Load(float* source, long count);

    /// <summary>Writes min(<see cref="Width"/>, <paramref name="count"/>) floats; nothing beyond is touched.</summary>
    void Store(float* destination, long count);

    /// <summary>The sum of the elements, in double precision and fixed order.</summary>
    double Sum();
}

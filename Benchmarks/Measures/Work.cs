namespace Gqn.Native.Benchmarks.Measures;

/// <summary>The work of one call, independent of the algorithm.</summary>
/// <param name="Flops">
/// Additions, multiplications and elementary functions (exponential, root, quotient: one each) of the definition. Taps
/// that fall on padding count, so an algorithm that needs fewer operations can exceed the peak.
/// </param>
/// <param name="Bytes">Every operand read once and every result written once.</param>
/// <param name="Pictures">Number of pictures rendered.</param>
public readonly record struct Work(double Flops, double Bytes, double Pictures = 0)
{
    /// <summary>Work on float32 elements.</summary>
    /// <param name="elements">Elements of the result.</param>
    /// <param name="flops">Operations per element.</param>
    /// <param name="floats">Floats read and written per element.</param>
    public static Work PerElement(double elements, double flops, double floats) =>
        new(elements * flops, elements * floats * sizeof(float));
}

/// <summary>A class of benchmarks that declares the work of its methods.</summary>
public interface IMeasuredWork
{
    /// <summary>The work of one call of a benchmark method, with the current parameters.</summary>
    Work WorkOf(string method);
}

/// <summary>A class of benchmarks that compute in fp32, whatever the precision of the device.</summary>
public interface ISinglePrecision;

/// <summary>A class of benchmarks that compute on their own threads.</summary>
public interface IKernelBenchmarks : IMeasuredWork, IDisposable
{
    /// <summary>Threads that share the work; to be set before memory is allocated.</summary>
    int Threads { get; set; }
}

using Gqn.Native.Benchmarks.Measures;

namespace Gqn.Native.Benchmarks;

/// <summary>Benchmarks of a device that works while its host goes on.</summary>
/// <remarks>
/// To launch one kernel and wait for it takes tens of microseconds, longer than a short kernel runs, and no training
/// step does so. Each method therefore queues its operation several times and waits once.
/// </remarks>
public abstract class GpuBenchmarks : IMeasuredWork, IDisposable
{
    /// <summary>Operations between two waits unless <see cref="CallsPerWait"/> is set: what BenchmarkDotNet divides
    /// the time of a method by.</summary>
    public const int UsualCalls = 8;

    /// <summary>Operations that a method queues before it waits.</summary>
    public int CallsPerWait { get; set; } = UsualCalls;

    /// <inheritdoc />
    public abstract Work WorkOf(string method);

    /// <summary>Frees the memory of the device.</summary>
    public abstract void Dispose();

    /// <summary>Returns when the device has done all its work.</summary>
    protected abstract void Wait();

    /// <summary>Queues an operation <see cref="CallsPerWait"/> times and waits for all of them.</summary>
    protected void Queue(Action operation)
    {
        for (int i = 0; i < CallsPerWait; i++)
            operation();
        Wait();
    }
}

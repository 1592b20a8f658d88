using System.Diagnostics;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Wall time, or the processor time of the whole process, in milliseconds.</summary>
/// <param name="IsProcessorTime">With one thread, processor time excludes other work on the machine.</param>
internal readonly record struct Clock(bool IsProcessorTime)
{
    /// <summary>Milliseconds since an arbitrary moment.</summary>
    public double Now => IsProcessorTime
        ? Environment.CpuUsage.TotalTime.TotalMilliseconds
        : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    /// <summary>"wall time" or "processor time".</summary>
    public override string ToString() => IsProcessorTime ? "processor time" : "wall time";
}

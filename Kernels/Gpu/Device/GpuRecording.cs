namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// Work that <see cref="GpuContext.Run"/> does again and again, and what is known of it: after the second time, a graph
/// that can be launched without the work's code.
/// </summary>
public sealed class GpuRecording : IDisposable
{
    private GpuContext? _owner;

    /// <summary>Whether the work has run once, which compiles its kernels and determines their memory.</summary>
    internal bool IsWarm { get; set; }

    /// <summary>The executable graph; 0 if there is none.</summary>
    internal nint Executable;

    /// <summary>Whether the graph may be launched again: its work neither made nor freed memory.</summary>
    internal bool IsRepeatable { get; set; }

    /// <summary>The generation of the kernels' scratch memory that the graph uses.</summary>
    internal long ScratchGeneration { get; set; }

    /// <summary>Kernels of the graph, and those of them that multiply on tensor cores.</summary>
    internal (long All, long TensorCore) Kernels { get; set; }

    /// <summary>Frees the graph; its last launch still finishes.</summary>
    public void Dispose() => _owner?.Forget(this);

    /// <summary>Binds the recording to the device that runs it; null once its graph is freed.</summary>
    /// <exception cref="InvalidOperationException">It belongs to another device.</exception>
    internal void BelongTo(GpuContext? owner)
    {
        if (owner is not null && _owner is not null && owner != _owner)
            throw new InvalidOperationException("Work recorded on one device cannot run on another: record it anew.");
        _owner = owner;
    }
}

/// <summary>How often graphs were made and used.</summary>
/// <param name="Captures">Sequences of launches that were captured.</param>
/// <param name="Instantiations">Executable graphs that were made of them; other captures updated one of these.</param>
/// <param name="Launches">Launches of executable graphs.</param>
public readonly record struct GpuGraphCounts(long Captures, long Instantiations, long Launches);

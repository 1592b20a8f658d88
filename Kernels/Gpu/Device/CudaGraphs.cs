using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Makes graphs of long sequences of launches and launches them as one.</summary>
/// <remarks>
/// A graph of the same topology as an earlier one updates its executable graph, which is cheaper than another. Every
/// method throws <see cref="GpuException"/> or <see cref="CudaException"/> if the driver refuses, and leaves the stream
/// out of capture mode.
/// </remarks>
internal sealed class CudaGraphs(CudaAccelerator accelerator, CudaStream stream)
{
    /// <summary>Graphs captured, executable graphs instantiated, and their launches, so far.</summary>
    public GpuGraphCounts Counts { get; private set; }

    /// <summary>Captures what is queued, without running it, into an executable graph.</summary>
    /// <param name="queue">Queues kernels and fills on the stream, and does nothing else.</param>
    /// <param name="executable">The executable graph of the same work, or 0; replaced if the topology differs, and 0
    /// after a failure that has destroyed it.</param>
    public void Capture(Action queue, ref nint executable)
    {
        accelerator.Bind();
        nint graph = Captured(queue);
        Counts = Counts with { Captures = Counts.Captures + 1 };
        try
        {
            if (executable != 0 && CudaStreams.TryUpdate(executable, graph))
                return;
            Free(ref executable);
            executable = CudaStreams.Instantiate(graph);
            Counts = Counts with { Instantiations = Counts.Instantiations + 1 };
        }
        finally
        {
            CudaStreams.DestroyGraph(graph);
        }
    }

    /// <summary>Queues a launch of an executable graph.</summary>
    public void Launch(nint executable)
    {
        accelerator.Bind();
        CudaStreams.LaunchGraph(executable, stream.StreamPtr);
        Counts = Counts with { Launches = Counts.Launches + 1 };
    }

    /// <summary>Frees an executable graph; the driver does so once its last launch has finished.</summary>
    public void Free(ref nint executable)
    {
        if (executable == 0)
            return;
        accelerator.Bind();
        nint freed = executable;
        executable = 0;
        CudaStreams.DestroyExecutable(freed);
    }

    private nint Captured(Action queue)
    {
        CudaStreams.BeginCapture(stream.StreamPtr);
        try
        {
            queue();
        }
        catch
        {
            CudaStreams.AbandonCapture(stream.StreamPtr);
            throw;
        }

        return CudaStreams.EndCapture(stream.StreamPtr);
    }
}

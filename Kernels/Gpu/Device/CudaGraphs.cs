using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Runs a long sequence of launches as one: the device no longer waits for the host between kernels.</summary>
/// <remarks>
/// A step's launches differ from those of the previous step in a few arguments (noise, learning rate), so each step is
/// captured anew, which costs the host a fraction of real launches, and updates the executable graph of an earlier step
/// with the same number of launches. Only if the topology has changed is a graph instantiated anew.
/// </remarks>
internal sealed class CudaGraphs(CudaAccelerator accelerator, CudaStream stream) : IDisposable
{
    private readonly Dictionary<long, nint> _executables = [];

    /// <summary>Graphs launched so far.</summary>
    public long Launches { get; private set; }

    /// <summary>Graphs instantiated so far: only a few if replay pays off.</summary>
    public long Instantiations { get; private set; }

    /// <summary>Captures what the work launches as a graph, and launches that.</summary>
    /// <param name="work">Queues kernels and copies on the stream, and waits for nothing.</param>
    /// <param name="launches">Returns the number of launches so far.</param>
    public void Run(Action work, Func<long> launches)
    {
        accelerator.Bind();
        long before = launches();
        CudaStreams.BeginCapture(stream.StreamPtr);
        nint graph;
        try
        {
            work();
        }
        catch
        {
            // The stream must leave capture mode; what was captured is lost, as the caller's exception says.
            CudaStreams.AbandonCapture(stream.StreamPtr);
            throw;
        }

        graph = CudaStreams.EndCapture(stream.StreamPtr);
        long count = launches() - before;
        try
        {
            if (!_executables.TryGetValue(count, out nint executable))
            {
                executable = Instantiate(count, graph);
            }
            else if (!CudaStreams.TryUpdate(executable, graph))
            {
                // The driver frees it once its last launch has finished.
                _executables.Remove(count);
                CudaStreams.DestroyExecutable(executable);
                executable = Instantiate(count, graph);
            }

            CudaStreams.LaunchGraph(executable, stream.StreamPtr);
            Launches++;
        }
        finally
        {
            CudaStreams.DestroyGraph(graph);
        }
    }

    public void Dispose()
    {
        accelerator.Bind();
        foreach (nint executable in _executables.Values)
            CudaStreams.DestroyExecutable(executable);
    }

    private nint Instantiate(long count, nint graph)
    {
        nint executable = CudaStreams.Instantiate(graph);
        _executables[count] = executable;
        Instantiations++;
        return executable;
    }
}

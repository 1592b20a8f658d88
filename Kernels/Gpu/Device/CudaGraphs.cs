using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Runs a long sequence of launches as one: the device no longer waits for the host between kernels.</summary>
/// <remarks>
/// A step's launches differ from those of the step before in a few arguments (noise, learning rate), so it is captured
/// anew each time, which costs the host a fraction of real launches, and updates the executable graph that an earlier
/// step of the same number of launches has made. Only where the form has changed a graph is instantiated anew.
/// </remarks>
internal sealed class CudaGraphs(CudaAccelerator accelerator, CudaStream stream) : IDisposable
{
    private readonly Dictionary<long, nint> _executables = [];

    /// <summary>Graphs launched so far.</summary>
    public long Launches { get; private set; }

    /// <summary>Graphs instantiated so far: a few, if replay pays.</summary>
    public long Instantiations { get; private set; }

    /// <summary>Captures what the work launches, and launches it.</summary>
    /// <param name="work">Launches kernels and copies on the stream, and waits for nothing.</param>
    /// <param name="launches">Counts launches so far.</param>
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
            // The stream must leave the capture; what was noted is lost, as the caller's exception says.
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
                // What still runs of it is freed when it is done.
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

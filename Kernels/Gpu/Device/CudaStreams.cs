using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Features of NVIDIA's driver that ILGPU does not expose: page-locked memory, events, graphs.</summary>
/// <remarks>All calls need the device's context to be current on the thread.</remarks>
internal static unsafe class CudaStreams
{
    // Flags of the driver's interface.
    private const uint DisableTiming = 2, Portable = 1;
    private const int CaptureRelaxed = 2;

    // CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE: the graphs differ in more than arguments.
    private const int UpdateFailure = 910;

    private static readonly Lazy<nint> Library = new(() => NativeLibrary.Load(DriverLibraries.CudaName));

    /// <summary>Allocates page-locked host memory, which the device reads by itself.</summary>
    public static nint AllocateHost(long bytes)
    {
        nint memory;
        var allocate = (delegate* unmanaged<nint*, nuint, uint, int>)Export("cuMemHostAlloc");
        Check(allocate(&memory, (nuint)bytes, Portable), "cuMemHostAlloc");
        return memory;
    }

    /// <summary>Frees memory from <see cref="AllocateHost"/>.</summary>
    public static void FreeHost(nint memory) =>
        Check(((delegate* unmanaged<nint, int>)Export("cuMemFreeHost"))(memory), "cuMemFreeHost");

    /// <summary>Queues a copy of page-locked host memory to the device.</summary>
    public static void CopyToDevice(nint destination, nint source, long bytes, nint stream) =>
        Check(
            ((delegate* unmanaged<nint, nint, nuint, nint, int>)Export("cuMemcpyHtoDAsync_v2"))(
                destination, source, (nuint)bytes, stream),
            "cuMemcpyHtoDAsync");

    /// <summary>Queues a copy within the device.</summary>
    public static void CopyOnDevice(nint destination, nint source, long bytes, nint stream) =>
        Check(
            ((delegate* unmanaged<nint, nint, nuint, nint, int>)Export("cuMemcpyDtoDAsync_v2"))(
                destination, source, (nuint)bytes, stream),
            "cuMemcpyDtoDAsync");

    /// <summary>Creates an event that streams set and wait for.</summary>
    public static nint CreateEvent()
    {
        nint created;
        var create = (delegate* unmanaged<nint*, uint, int>)Export("cuEventCreate");
        Check(create(&created, DisableTiming), "cuEventCreate");
        return created;
    }

    /// <summary>Frees an event.</summary>
    public static void DestroyEvent(nint mark) =>
        Check(((delegate* unmanaged<nint, int>)Export("cuEventDestroy_v2"))(mark), "cuEventDestroy");

    /// <summary>Sets the event once all work queued so far is done.</summary>
    public static void Record(nint mark, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, int>)Export("cuEventRecord"))(mark, stream), "cuEventRecord");

    /// <summary>Makes work queued from now on wait for the event.</summary>
    public static void Wait(nint stream, nint mark) =>
        Check(
            ((delegate* unmanaged<nint, nint, uint, int>)Export("cuStreamWaitEvent"))(stream, mark, 0),
            "cuStreamWaitEvent");

    /// <summary>Blocks the caller until the event is set; an event that was never recorded is set.</summary>
    public static void Wait(nint mark) =>
        Check(((delegate* unmanaged<nint, int>)Export("cuEventSynchronize"))(mark), "cuEventSynchronize");

    /// <summary>Starts a capture: from now on the stream records work instead of running it.</summary>
    public static void BeginCapture(nint stream) =>
        Check(
            ((delegate* unmanaged<nint, int, int>)Export("cuStreamBeginCapture_v2"))(stream, CaptureRelaxed),
            "cuStreamBeginCapture");

    /// <summary>Ends a capture and returns its graph.</summary>
    public static nint EndCapture(nint stream)
    {
        nint graph;
        var end = (delegate* unmanaged<nint, nint*, int>)Export("cuStreamEndCapture");
        Check(end(stream, &graph), "cuStreamEndCapture");
        return graph;
    }

    /// <summary>Ends a capture and discards its graph; the capture may have failed already.</summary>
    public static void AbandonCapture(nint stream)
    {
        nint graph = 0;
        var end = (delegate* unmanaged<nint, nint*, int>)Export("cuStreamEndCapture");
        if (end(stream, &graph) == 0 && graph != 0)
            DestroyGraph(graph);
    }

    /// <summary>Makes an executable graph.</summary>
    public static nint Instantiate(nint graph)
    {
        nint executable;
        var instantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Export("cuGraphInstantiateWithFlags");
        Check(instantiate(&executable, graph, 0), "cuGraphInstantiate");
        return executable;
    }

    /// <summary>Gives an executable graph the arguments of another graph of the same topology.</summary>
    /// <returns>False if the topology differs.</returns>
    /// <exception cref="GpuException">The driver refused for another reason.</exception>
    public static bool TryUpdate(nint executable, nint graph)
    {
        // Room for CUgraphExecUpdateResultInfo, which is not used.
        long* information = stackalloc long[8];
        var update = (delegate* unmanaged<nint, nint, void*, int>)Export("cuGraphExecUpdate_v2");
        int result = update(executable, graph, information);
        if (result == UpdateFailure)
            return false;
        Check(result, "cuGraphExecUpdate");
        return true;
    }

    /// <summary>Queues the launch of an executable graph.</summary>
    public static void LaunchGraph(nint executable, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, int>)Export("cuGraphLaunch"))(executable, stream), "cuGraphLaunch");

    /// <summary>Frees a graph.</summary>
    public static void DestroyGraph(nint graph) =>
        Check(((delegate* unmanaged<nint, int>)Export("cuGraphDestroy"))(graph), "cuGraphDestroy");

    /// <summary>Frees an executable graph.</summary>
    public static void DestroyExecutable(nint executable) =>
        Check(((delegate* unmanaged<nint, int>)Export("cuGraphExecDestroy"))(executable), "cuGraphExecDestroy");

    /// <summary>Looks up a function of the driver.</summary>
    /// <exception cref="GpuException">The driver does not have it.</exception>
    internal static nint Export(string name) => NativeLibrary.TryGetExport(Library.Value, name, out nint export)
        ? export
        : throw new GpuException($"NVIDIA's driver is too old: it has no {name}; install one for CUDA 12 or newer.");

    /// <summary>Throws unless a call's result is success.</summary>
    /// <exception cref="GpuException">The call failed.</exception>
    internal static void Check(int result, string call)
    {
        if (result == 0)
            return;
        var cause = new CudaException((CudaError)result);
        throw new GpuException($"{call} of NVIDIA's driver failed with error {result} ({cause.Message})", cause);
    }
}

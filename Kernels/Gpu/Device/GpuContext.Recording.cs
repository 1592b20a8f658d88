using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Work that is recorded once and then launched as a graph.</content>
/// <remarks>
/// Recording runs the work's code, which queues its launches in a list instead of on the stream. The list is then
/// captured as a graph; if the driver refuses that, the list is issued launch by launch, so that the same work is done
/// either way. The work's code never runs within a capture: what it throws leaves nothing behind.
/// </remarks>
public sealed partial class GpuContext
{
    private readonly List<Action> _recorded = [];
    private readonly List<MemoryBuffer> _freedWhileRecording = [];
    private readonly HashSet<GpuRecording> _recordings = [];
    private readonly CudaGraphs? _graphs;
    private bool _isRecording;
    private long _memoryChanges, _scratchGeneration;

    /// <summary>Why <see cref="Run"/> launches kernels one by one; null if it launches graphs.</summary>
    public string? GraphRefusal { get; private set; } = "only CUDA has graphs";

    /// <summary>Whether graphs were meant to be used and the driver refused, then or now.</summary>
    public bool HasRefusedGraphs { get; private set; }

    /// <summary>How often graphs were made and used.</summary>
    public GpuGraphCounts Graphs => _graphs?.Counts ?? default;

    /// <summary>Does work: at first kernel by kernel, later as a graph if the device can.</summary>
    /// <param name="recording">Receives the graph. Its first run goes kernel by kernel: it compiles them and determines
    /// their memory. Each later one records anew what the work launches.</param>
    /// <param name="work">Queues work on the device, and neither uploads nor waits.</param>
    /// <exception cref="GpuException">The driver refused the work itself, not only a graph of it.</exception>
    public void Run(GpuRecording recording, Action work)
    {
        ArgumentNullException.ThrowIfNull(recording);
        ArgumentNullException.ThrowIfNull(work);
        recording.BelongTo(this);
        recording.IsRepeatable = false;
        if (_graphs is null || GraphRefusal is not null || !recording.IsWarm)
        {
            work();
            recording.IsWarm = true;
            return;
        }

        long changes = _memoryChanges;
        var before = (Launches, TensorCoreLaunches);
        try
        {
            Record(work);
            if (TryCapture(recording))
            {
                recording.Kernels = (Launches - before.Launches, TensorCoreLaunches - before.TensorCoreLaunches);
                recording.ScratchGeneration = _scratchGeneration;
                recording.IsRepeatable = _memoryChanges == changes;
            }
            else
            {
                Issue();
            }
        }
        catch
        {
            (Launches, TensorCoreLaunches) = before;
            throw;
        }
        finally
        {
            _recorded.Clear();
            // The driver lets launched work finish before it frees its memory.
            var freed = _freedWhileRecording.ToArray();
            _freedWhileRecording.Clear();
            foreach (var buffer in freed)
                Release(buffer);
        }
    }

    /// <summary>Launches the graph of recorded work again, without running the work's code.</summary>
    /// <remarks>The caller sees to it that the memory which the work used, other than the kernels' own, is still there,
    /// and that nothing else uses it.</remarks>
    /// <returns>False if there is no such graph, or the driver refused: nothing was done.</returns>
    public bool TryRepeat(GpuRecording recording)
    {
        ArgumentNullException.ThrowIfNull(recording);
        if (GraphRefusal is not null || !recording.IsRepeatable || recording.ScratchGeneration != _scratchGeneration)
            return false;
        try
        {
            _graphs!.Launch(recording.Executable);
        }
        catch (Exception exception) when (exception is GpuException or CudaException)
        {
            RefuseGraphs(exception);
            return false;
        }

        Launches += recording.Kernels.All;
        TensorCoreLaunches += recording.Kernels.TensorCore;
        return true;
    }

    internal void Forget(GpuRecording recording)
    {
        _recordings.Remove(recording);
        recording.BelongTo(null);
        recording.IsRepeatable = false;
        if (recording.Executable != 0)
            Ignore(() => _graphs!.Free(ref recording.Executable));
    }

    /// <summary>Records what the work queues; forgets it if the work fails.</summary>
    private void Record(Action work)
    {
        _isRecording = true;
        try
        {
            work();
        }
        finally
        {
            _isRecording = false;
        }
    }

    /// <summary>Makes a graph of what was recorded and launches it.</summary>
    /// <returns>False if the driver refused: nothing was done, and there will be no graphs from now on.</returns>
    private bool TryCapture(GpuRecording recording)
    {
        try
        {
            _recordings.Add(recording);
            _graphs!.Capture(Issue, ref recording.Executable);
            _graphs.Launch(recording.Executable);
            return true;
        }
        catch (Exception exception) when (exception is GpuException or CudaException)
        {
            RefuseGraphs(exception);
            return false;
        }
    }

    private void Issue()
    {
        foreach (var queue in _recorded)
            queue();
    }

    /// <summary>Allows graphs if a trial succeeds, which launches a kernel in each way that a graph knows.</summary>
    private void TryGraphs()
    {
        GraphRefusal = Environment.GetEnvironmentVariable(GraphVariable) == "0" ? $"{GraphVariable}=0 is set" : null;
        if (GraphRefusal is not null)
            return;
        try
        {
            const int count = 64;
            using var memory = Allocate(count);
            using var recording = new GpuRecording();
            // The first run compiles, the second captures, the third updates the graph, the fourth launches it again.
            for (int i = 0; i < 3; i++)
            {
                float value = i;
                Run(recording, () => PointwiseKernels.Fill(this, new GpuArray(memory, 0), count, value));
            }

            TryRepeat(recording);
            _stream.Synchronize();
        }
        catch (Exception exception) when (exception is GpuException or CudaException)
        {
            RefuseGraphs(exception);
        }
    }

    private void RefuseGraphs(Exception exception)
    {
        HasRefusedGraphs = true;
        GraphRefusal ??= exception is GpuException ? exception.Message : Explain("a graph failed", exception).Message;
    }

    /// <summary>What recorded work cannot contain.</summary>
    private static GpuException CannotRecord(string what) =>
        new($"{Capital(what)} is impossible within work that is recorded as a graph: do it before or after.");

    /// <summary>Puts off a launch; this allocates, so it has a method of its own.</summary>
    private void RecordLaunch<TIndex, TArgs>(
        string kernel, Action<AcceleratorStream, TIndex, TArgs> launcher, TIndex extent, TArgs args)
        where TArgs : struct => _recorded.Add(() =>
        {
            try
            {
                launcher(_stream, extent, args);
            }
            catch (Exception exception)
            {
                throw Explain($"the kernel {kernel} failed on {Info.Name} ({Info.Title})", exception);
            }
        });
}

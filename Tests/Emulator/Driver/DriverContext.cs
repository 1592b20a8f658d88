using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Driver;

/// <summary>A context (CUcontext), which threads must make current before they call anything else.</summary>
internal sealed class DriverContext
{
    [ThreadStatic]
    private static DriverContext? _current;

    private readonly RandomStream _random = new(CudaDouble.Seed, 0);

    public DriverContext() => Default = new DriverStream(this, isBlocking: true);

    public static DriverContext? Current
    {
        get => _current;
        set => _current = value;
    }

    public DriverStream Default { get; }

    /// <summary>Streams other than the default one.</summary>
    public List<DriverStream> Streams { get; } = [];

    /// <summary>The last work of streams that were destroyed.</summary>
    public List<DriverWork> Orphans { get; } = [];

    public DriverMemory Memory { get; } = new();

    /// <summary>Set permanently by a failed kernel: every later call returns it.</summary>
    public DriverException? Fault { get; private set; }

    public bool IsDestroyed { get; set; }

    /// <summary>Number of graphs instantiated, and of their launches.</summary>
    public (int Instantiated, int Launched) Graphs { get; set; }

    public IEnumerable<DriverCapture> Captures =>
        Streams.Select(stream => stream.Capture).OfType<DriverCapture>().Distinct();

    /// <summary>Executes a node when its time has come; after a fault nothing more is executed.</summary>
    public void Attempt(Action action)
    {
        if (Fault is not null || IsDestroyed)
            return;
        try
        {
            action();
        }
        catch (DriverException fault)
        {
            Fault = fault;
        }
    }

    /// <summary>Does all queued work.</summary>
    public void Finish()
    {
        foreach (var stream in Streams)
            DriverWork.Finish(stream.Last);
        DriverWork.Finish(Default.Last);
        foreach (var work in Orphans)
            DriverWork.Finish(work);
        Orphans.RemoveAll(work => work.IsDone);
    }

    /// <summary>In random order, lets a stream run ahead now and then: work not held back comes early.</summary>
    public void Disturb()
    {
        if (CudaDouble.Order == DriverOrder.Random && Streams.Count > 0 && _random.NextInt32(3) == 0)
            DriverWork.Finish(Streams[_random.NextInt32(Streams.Count)].Last);
    }

    /// <summary>It is impossible to wait for everything while some work is only being recorded.</summary>
    public void RefuseCaptures(string what)
    {
        foreach (var capture in Captures)
            throw capture.Fail(DriverError.CaptureUnsupported, $"{what} while a stream of the context is capturing");
    }

    /// <summary>The default stream would have to wait for blocking streams that are only recording.</summary>
    public void RefuseImplicitDependency()
    {
        foreach (var stream in Streams)
        {
            if (stream is { IsBlocking: true, Capture: { } capture })
            {
                throw capture.Fail(
                    DriverError.CaptureImplicit, "the default stream is used while a blocking stream is capturing");
            }
        }
    }

    /// <summary>Calls that may wait internally are forbidden during captures that are not relaxed.</summary>
    public void RefuseUnsafeCall(string what)
    {
        foreach (var capture in Captures)
        {
            if (capture.Mode == CaptureMode.Global
                || (capture.Mode == CaptureMode.ThreadLocal && capture.Thread == Environment.CurrentManagedThreadId))
            {
                throw capture.Fail(DriverError.CaptureUnsupported, $"{what} during a capture that is not relaxed");
            }
        }
    }
}

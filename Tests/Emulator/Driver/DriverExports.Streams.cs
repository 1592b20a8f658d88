using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Driver;

/// <content>Streams, events, captures and graphs.</content>
internal static unsafe partial class DriverExports
{
    [UnmanagedCallersOnly]
    public static int cuStreamCreate(nint* stream, uint flags) => Call(context => *stream = NewStream(context, flags));

    [UnmanagedCallersOnly]
    public static int cuStreamCreateWithPriority(nint* stream, uint flags, int priority) =>
        Call(context => *stream = NewStream(context, flags));

    [UnmanagedCallersOnly]
    public static int cuStreamDestroy_v2(nint stream) => Call(context =>
    {
        var taken = Take<DriverStream>(stream, one => one.Context == context);
        if (taken.Capture is { } capture)
            _ = capture.Fail(DriverError.CaptureUnsupported, "a stream is destroyed while it is capturing");
        context.Streams.Remove(taken);
        if (taken.Last is { IsDone: false } last)
            context.Orphans.Add(last);
    });

    [UnmanagedCallersOnly]
    public static int cuStreamSynchronize(nint stream) => Call(context =>
    {
        var found = Stream(stream);
        if (found.Capture is { } capture)
            throw capture.Fail(DriverError.CaptureUnsupported, "a stream is waited for while it is capturing");
        if (found.IsDefault)
        {
            context.RefuseImplicitDependency();
            found.Queue(null);
        }

        DriverWork.Finish(found.Last);
    });

    [UnmanagedCallersOnly]
    public static int cuStreamWaitEvent(nint stream, nint mark, uint flags) => Call(context =>
    {
        var found = Stream(stream);
        // Waiting for an event of another context is allowed.
        var awaited = Find<DriverEvent>(mark);
        if (flags != 0)
            throw new DriverException(DriverError.InvalidValue, $"there is no flag {flags} for waiting");
        if (awaited.Capture is { } noted)
        {
            if (found.Capture is { } own && own != noted)
                throw own.Fail(DriverError.CaptureIsolation, "a capture waits for an event of another one");
            noted.Join(found, awaited);
        }
        else if (found.Capture is { } capture)
        {
            throw capture.Fail(
                DriverError.CaptureIsolation, "a capture waits for an event that was not recorded in it");
        }
        else
        {
            found.Queue(null, awaited.Work);
        }
    });

    [UnmanagedCallersOnly]
    public static int cuStreamBeginCapture_v2(nint stream, int mode) => Call(context =>
    {
        var found = Stream(stream);
        if (mode is < 0 or > 2)
            throw new DriverException(DriverError.InvalidValue, $"there is no mode {mode} of captures");
        if (found.IsDefault)
            throw new DriverException(DriverError.CaptureUnsupported, "the default stream cannot be captured");
        if (found.Capture is { } capture)
            throw capture.Fail(DriverError.CaptureUnsupported, "a capture is begun on a stream that is capturing");
        (found.Capture, found.Tail) = (new DriverCapture(found, (CaptureMode)mode), []);
    });

    [UnmanagedCallersOnly]
    public static int cuStreamEndCapture(nint stream, nint* graph) => Call(context =>
    {
        *graph = 0;
        var found = Stream(stream);
        var ended = found.Capture is { } capture
            ? capture.End(found)
            : throw new DriverException(DriverError.InvalidValue, "the stream is not capturing");
        CudaDouble.RefuseIfAsked(nameof(cuStreamEndCapture));
        *graph = New(ended);
    });

    [UnmanagedCallersOnly]
    public static int cuEventCreate(nint* created, uint flags) =>
        Call(context => *created = New(new DriverEvent(context, isTimed: (flags & 2) == 0)));

    [UnmanagedCallersOnly]
    public static int cuEventDestroy_v2(nint mark) => Call(context => Take<DriverEvent>(mark, _ => true));

    [UnmanagedCallersOnly]
    public static int cuEventRecord(nint mark, nint stream) => Call(context =>
    {
        var found = Find<DriverEvent>(mark);
        var behind = Stream(stream);
        if (found.Context != context)
            throw new DriverException(DriverError.InvalidHandle, "the event belongs to another context");
        if (behind.Capture is not null)
            (found.Capture, found.Nodes, found.Work) = (behind.Capture, [.. behind.Tail], null);
        else
            (found.Capture, found.Nodes, found.Work) = (null, [], behind.Queue(null));
    });

    [UnmanagedCallersOnly]
    public static int cuEventSynchronize(nint mark) => Call(context => DriverWork.Finish(Recorded(mark).Work));

    // A query makes the work progress; otherwise a loop of queries would never end.
    [UnmanagedCallersOnly]
    public static int cuEventQuery(nint mark) => Call(context =>
    {
        context.RefuseUnsafeCall("an event is asked for");
        if (Recorded(mark).Work is { IsDone: false } work)
        {
            DriverWork.Finish(work);
            throw new DriverException(DriverError.NotReady, "the event is not there yet");
        }
    });

    [UnmanagedCallersOnly]
    public static int cuEventElapsedTime(float* milliseconds, nint start, nint end) => Call(context =>
    {
        foreach (var mark in (DriverEvent[])[Recorded(start), Recorded(end)])
        {
            if (!mark.IsTimed)
                throw new DriverException(DriverError.InvalidHandle, "the event takes no time");
            if (mark.Work is not { IsDone: true })
                throw new DriverException(DriverError.NotReady, "the event is not there yet");
        }

        // Nothing is measured here: an interpreter says nothing about time.
        *milliseconds = 1;
    });

    [UnmanagedCallersOnly]
    public static int cuGraphInstantiateWithFlags(nint* executable, nint graph, ulong flags) => Call(context =>
    {
        *executable = flags == 0
            ? New(new DriverExecutable(context, Find<DriverGraph>(graph)))
            : throw new NotSupportedException($"The double does not know the flags {flags} of graphs.");
        context.Graphs = context.Graphs with { Instantiated = context.Graphs.Instantiated + 1 };
    });

    [UnmanagedCallersOnly]
    public static int cuGraphExecUpdate_v2(nint executable, nint graph, GraphUpdate* information) => Call(context =>
    {
        var failure = Find<DriverExecutable>(executable).Update(Find<DriverGraph>(graph));
        *information = new GraphUpdate { Result = failure?.Result ?? 0 };
        if (failure is { } known)
            throw new DriverException(DriverError.GraphUpdateFailed, known.Reason);
    });

    [UnmanagedCallersOnly]
    public static int cuGraphLaunch(nint executable, nint stream) =>
        Call(context => Find<DriverExecutable>(executable).Launch(Stream(stream)));

    [UnmanagedCallersOnly]
    public static int cuGraphDestroy(nint graph) => Call(context => Take<DriverGraph>(graph, _ => true));

    // Graphs that were launched continue.
    [UnmanagedCallersOnly]
    public static int cuGraphExecDestroy(nint executable) =>
        Call(context => Take<DriverExecutable>(executable, _ => true));

    private static nint NewStream(DriverContext context, uint flags)
    {
        if (flags > 1)
            throw new DriverException(DriverError.InvalidValue, $"there are no flags {flags} of streams");
        var stream = new DriverStream(context, isBlocking: flags == 0);
        context.Streams.Add(stream);
        return New(stream);
    }

    private static DriverEvent Recorded(nint mark)
    {
        var found = Find<DriverEvent>(mark);
        return found.Capture is { } capture
            ? throw capture.Fail(DriverError.CapturedEvent, "an event of a capture is waited for or asked for")
            : found;
    }

    /// <summary>CUgraphExecUpdateResultInfo.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GraphUpdate
    {
        public int Result;
        public nint Node, FromNode;
    }
}

namespace Gqn.Native.Tests.Driver;

/// <summary>Work in a queue: done when something waits for it, or for work that must come after it.</summary>
internal sealed class DriverWork(Action? run, params DriverWork?[] after)
{
    private Action? _run = run;
    private DriverWork?[] _after = after;

    public bool IsDone { get; private set; }

    /// <summary>Does the work and, before it, everything that it depends on; nothing else.</summary>
    public static void Finish(DriverWork? last)
    {
        var open = new Stack<DriverWork>();
        if (last is { IsDone: false })
            open.Push(last);
        while (open.TryPeek(out var work))
        {
            var before = Array.Find(work._after, other => other is { IsDone: false });
            if (before is not null)
            {
                open.Push(before);
                continue;
            }

            open.Pop();
            if (work.IsDone)
                continue;
            work.IsDone = true;
            work._after = [];
            var run = work._run;
            work._run = null;
            run?.Invoke();
        }
    }
}

/// <summary>A queue of work; the one whose handle is 0 is the legacy default stream.</summary>
internal sealed class DriverStream(DriverContext context, bool isBlocking)
{
    public DriverContext Context => context;

    /// <summary>Whether it and the default stream wait for each other's work.</summary>
    public bool IsBlocking => isBlocking;

    public bool IsDefault => this == context.Default;

    /// <summary>The latest work.</summary>
    public DriverWork? Last { get; set; }

    /// <summary>The capture that records the stream's work; null if the work is done instead.</summary>
    public DriverCapture? Capture { get; set; }

    /// <summary>The nodes that the next node of the capture depends on.</summary>
    public List<DriverNode> Tail { get; set; } = [];

    /// <summary>Queues work, or records it.</summary>
    public DriverWork? Add(DriverNode node)
    {
        if (Capture is not null)
        {
            Capture.Add(this, node);
            return null;
        }

        return Queue(node.Run);
    }

    /// <summary>Queues work after this stream's and after that which the default stream's rules require.</summary>
    public DriverWork Queue(Action? run, DriverWork? alsoAfter = null)
    {
        if (IsDefault)
        {
            context.RefuseImplicitDependency();
            var blocking = context.Streams.Where(other => other.IsBlocking).Select(other => other.Last);
            Last = new DriverWork(run, [Last, alsoAfter, .. blocking, .. context.Orphans]);
        }
        else
        {
            Last = new DriverWork(run, Last, alsoAfter, isBlocking ? context.Default.Last : null);
        }

        context.Disturb();
        return Last;
    }
}

/// <summary>A mark in a queue.</summary>
internal sealed class DriverEvent(DriverContext context, bool isTimed)
{
    public DriverContext Context => context;

    public bool IsTimed => isTimed;

    /// <summary>The work after which it was recorded; null if it never was, or was in a capture.</summary>
    public DriverWork? Work { get; set; }

    /// <summary>The capture in which it was recorded.</summary>
    public DriverCapture? Capture { get; set; }

    public List<DriverNode> Nodes { get; set; } = [];
}

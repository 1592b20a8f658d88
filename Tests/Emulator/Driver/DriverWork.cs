namespace Gqn.Native.Tests.Driver;

/// <summary>Work in a queue: done when somebody waits for it, or for work that must come after it.</summary>
internal sealed class DriverWork(Action? run, params DriverWork?[] after)
{
    private Action? _run = run;
    private DriverWork?[] _after = after;

    public bool IsDone { get; private set; }

    /// <summary>Does the work and, before it, all that it comes after; nothing else.</summary>
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

    /// <summary>Whether work waits for that of the default stream, and the other way round.</summary>
    public bool IsBlocking => isBlocking;

    public bool IsDefault => this == context.Default;

    /// <summary>The latest work.</summary>
    public DriverWork? Last { get; set; }

    /// <summary>What notes the stream's work; null where it is done.</summary>
    public DriverCapture? Capture { get; set; }

    /// <summary>What the next node of the capture comes after.</summary>
    public List<DriverNode> Tail { get; set; } = [];

    /// <summary>Queues work, or notes it.</summary>
    public DriverWork? Add(DriverNode node)
    {
        if (Capture is not null)
        {
            Capture.Add(this, node);
            return null;
        }

        return Queue(node.Run);
    }

    /// <summary>Queues work behind this stream's and behind that which the default stream's rules name.</summary>
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

    /// <summary>The work it was recorded behind; null if it never was, or in a capture.</summary>
    public DriverWork? Work { get; set; }

    /// <summary>The capture in which it was recorded.</summary>
    public DriverCapture? Capture { get; set; }

    public List<DriverNode> Nodes { get; set; } = [];
}

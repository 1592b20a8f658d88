namespace Gqn.Native.Tests.Driver;

/// <summary>The calls that a capture forbids (CUstreamCaptureMode).</summary>
internal enum CaptureMode
{
    /// <summary>Calls that may wait, by any thread.</summary>
    Global = 0,

    /// <summary>Calls that may wait, by the capturing thread.</summary>
    ThreadLocal = 1,

    Relaxed = 2,
}

internal enum NodeKind
{
    Kernel,
    Copy,
    Set,
    Empty,
}

/// <summary>Work as a node of a graph.</summary>
/// <param name="kind">The kind of work.</param>
/// <param name="run">Does the work.</param>
/// <param name="form">What an update of a graph must leave unchanged.</param>
internal sealed class DriverNode(NodeKind kind, Action? run, string form)
{
    public NodeKind Kind => kind;

    public Action? Run => run;

    public string Form => form;

    /// <summary>The nodes that it depends on, by their index in the graph.</summary>
    public List<int> After { get; } = [];
}

/// <summary>Streams that record their work instead of queueing it.</summary>
internal sealed class DriverCapture(DriverStream origin, CaptureMode mode)
{
    private readonly DriverGraph _graph = new();
    private readonly List<DriverStream> _streams = [origin];
    private bool _isInvalid;

    public CaptureMode Mode => mode;

    public int Thread { get; } = Environment.CurrentManagedThreadId;

    public void Add(DriverStream stream, DriverNode node)
    {
        RequireValid();
        foreach (var before in stream.Tail)
            node.After.Add(_graph.Nodes.LastIndexOf(before));
        _graph.Nodes.Add(node);
        stream.Tail = [node];
    }

    /// <summary>A stream that waits for an event of this capture thereby joins it.</summary>
    public void Join(DriverStream stream, DriverEvent mark)
    {
        RequireValid();
        if (stream.Capture is null)
        {
            if (stream.IsDefault)
                throw Fail(DriverError.CaptureImplicit, "the default stream waits for an event of a capture");
            stream.Capture = this;
            stream.Tail = [];
            _streams.Add(stream);
        }

        stream.Tail = [.. stream.Tail.Union(mark.Nodes)];
    }

    public DriverGraph End(DriverStream stream)
    {
        if (stream != origin)
            throw Fail(DriverError.CaptureUnmatched, "a capture is ended on another stream than it was begun on");
        if (mode != CaptureMode.Relaxed && Thread != Environment.CurrentManagedThreadId)
            throw Fail(DriverError.CaptureWrongThread, "a capture is ended by another thread than began it");
        bool unjoined = _streams.Any(
            other => other != origin && other.Tail.Any(node => !Reaches(origin.Tail, _graph.Nodes.LastIndexOf(node))));
        foreach (var other in _streams)
            (other.Capture, other.Tail) = (null, []);
        if (_isInvalid)
            throw new DriverException(DriverError.CaptureInvalidated, "the capture was invalidated before");
        return unjoined
            ? throw new DriverException(
                DriverError.CaptureUnjoined, "a stream that took part in the capture has work nobody waits for")
            : _graph;
    }

    /// <summary>Invalidates the capture, and fails the call that invalidated it.</summary>
    public DriverException Fail(DriverError error, string message)
    {
        _isInvalid = true;
        return new DriverException(error, message);
    }

    private void RequireValid()
    {
        if (_isInvalid)
            throw new DriverException(DriverError.CaptureInvalidated, "the capture was invalidated before");
    }

    private bool Reaches(List<DriverNode> from, int target)
    {
        var open = new Stack<int>(from.Select(node => _graph.Nodes.LastIndexOf(node)));
        while (open.TryPop(out int index))
        {
            if (index == target)
                return true;
            foreach (int before in _graph.Nodes[index].After)
                open.Push(before);
        }

        return false;
    }
}

/// <summary>Nodes, each after those that it depends on.</summary>
internal sealed class DriverGraph
{
    public List<DriverNode> Nodes { get; } = [];
}

/// <summary>A graph that can be launched; a launch is not affected by later updates.</summary>
internal sealed class DriverExecutable(DriverContext context, DriverGraph graph)
{
    private List<DriverNode> _nodes = [.. graph.Nodes];
    private DriverWork? _latest;

    /// <summary>Takes over the parameters of a graph of the same form.</summary>
    /// <returns>Why it cannot, and the number of CUgraphExecUpdateResult; null if it could.</returns>
    public (int Result, string Reason)? Update(DriverGraph other)
    {
        if (other.Nodes.Count != _nodes.Count)
            return (2, $"the graph has {other.Nodes.Count} nodes, not {_nodes.Count}");
        for (int i = 0; i < _nodes.Count; i++)
        {
            DriverNode old = _nodes[i], now = other.Nodes[i];
            if (!old.After.SequenceEqual(now.After))
                return (2, $"node {i} comes after other nodes");
            if (old.Kind != now.Kind)
                return (3, $"node {i} is no {old.Kind} but a {now.Kind}");
            if (old.Form != now.Form)
                return (5, $"node {i}, a {old.Kind}, was {old.Form} and is {now.Form}");
        }

        _nodes = [.. other.Nodes];
        return null;
    }

    public void Launch(DriverStream stream)
    {
        if (stream.Context != context)
            throw new DriverException(DriverError.InvalidHandle, "the stream belongs to another context");
        if (stream.Capture is not null)
            throw new NotSupportedException("The double does not know graphs within graphs.");
        var nodes = _nodes;
        context.Graphs = context.Graphs with { Launched = context.Graphs.Launched + 1 };
        _latest = stream.Queue(
            () =>
            {
                foreach (var node in nodes)
                    node.Run?.Invoke();
            },
            _latest);
    }
}

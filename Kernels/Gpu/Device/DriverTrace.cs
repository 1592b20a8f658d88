using System.Diagnostics;
using System.Text;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The last lines that ILGPU traced: the only place where a driver's build log appears.</summary>
internal sealed class DriverTrace : TraceListener
{
    private const int Capacity = 4000;
    private static readonly Lazy<DriverTrace> Instance = new(() =>
    {
        var listener = new DriverTrace();
        Trace.Listeners.Add(listener);
        return listener;
    });

    private readonly StringBuilder _text = new();

    private DriverTrace()
    {
    }

    /// <summary>Starts listening.</summary>
    public static void Start() => _ = Instance.Value;

    /// <summary>Returns and clears what was traced since the last call.</summary>
    public static string Take()
    {
        var text = Instance.Value._text;
        lock (text)
        {
            string taken = text.ToString().Trim();
            text.Clear();
            return taken;
        }
    }

    /// <inheritdoc />
    public override void Write(string? message)
    {
        lock (_text)
        {
            // ILGPU traces the driver's log together with the unused rest of its buffer.
            _text.Append(message?.Replace("\0", string.Empty, StringComparison.Ordinal));
            if (_text.Length > Capacity)
                _text.Remove(0, _text.Length - Capacity);
        }
    }

    /// <inheritdoc />
    public override void WriteLine(string? message) => Write(message + "\n");
}

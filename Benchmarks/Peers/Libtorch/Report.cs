using System.Text;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Markdown that is printed line by line, and kept to be written to a file at the end.</summary>
internal sealed class Report
{
    private const int WordColumns = 2;

    private readonly string? _path;
    private readonly StringBuilder _text = new();
    private int[] _widths = [];

    /// <summary>An empty report.</summary>
    /// <param name="path">The file to write at the end; null for none.</param>
    /// <exception cref="IOException">Its folder does not exist: better known before an hour of measuring.</exception>
    public Report(string? path)
    {
        _path = path;
        if (path is not null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            throw new IOException($"Cannot write '{path}': there is no such folder.");
    }

    /// <summary>A line of text.</summary>
    public void Line(string text = "")
    {
        Console.WriteLine(text);
        _text.Append(text).Append('\n');
    }

    /// <summary>A line with the engines and the load of the machine.</summary>
    public void Engines(int threads, Clock clock)
    {
        torch.set_num_threads(threads);
        using var device = new CpuDevice(threads);
        string load = string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
        Line($"{device.Description}; libtorch {torch.__version__}, {torch.get_num_threads()} threads; {clock}; "
            + $"load average {load}. A ratio is libtorch / Gqn.Native: above 1 Gqn.Native is faster.");
    }

    /// <summary>The head of a table; the first two columns are text, the others numbers.</summary>
    public void Table(params IEnumerable<(string Title, int Width)> columns)
    {
        (string Title, int Width)[] all = [.. columns];
        _widths = [.. all.Select(column => Math.Max(column.Width, column.Title.Length))];
        Line();
        Row(all.Select(column => column.Title));
        Line($"|{string.Join('|', _widths.Select(Rule))}|");

        static string Rule(int width, int column) =>
            column < WordColumns ? new string('-', width + 2) : new string('-', width + 1) + ':';
    }

    /// <summary>A row of the last table.</summary>
    public void Row(params IEnumerable<string> cells) =>
        Line($"| {string.Join(" | ", cells.Select(Pad))} |");

    /// <summary>A row for what could not be measured.</summary>
    public void Failure(string name, Exception exception) =>
        Row(name, $"FAILED: {exception.Message.Split('\n')[0].Replace('|', '/')}");

    /// <summary>Writes the file, if there is to be one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save()
    {
        if (_path is not null)
            AtomicFile.WriteText(_path, _text.ToString());
    }

    private string Pad(string cell, int column) =>
        column < WordColumns ? cell.PadRight(_widths[column]) : cell.PadLeft(_widths[column]);
}

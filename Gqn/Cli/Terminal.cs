using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Gqn.Native.Cli;

/// <summary>Receives the results of a command: a terminal, a pipe, a file or a test's string.</summary>
internal sealed class Terminal
{
    /// <summary>The width if the output is not a window: large enough that nothing is wrapped.</summary>
    private const int UnboundedWidth = 500;

    /// <summary>Writes to a text writer, with live progress and colours only if it is a terminal window.</summary>
    public Terminal(TextWriter output, TimeProvider clock)
    {
        Clock = clock;
        bool window = ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = window ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = window ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!window)
            Console.Profile.Width = UnboundedWidth;
    }

    /// <summary>Writes to an existing console.</summary>
    public Terminal(IAnsiConsole console, TimeProvider clock)
    {
        Console = console;
        Clock = clock;
    }

    /// <summary>The command that starts this program again, for messages that say what to type next.</summary>
    public static string Program { get; } = File.Exists(Path.Combine("Gqn", "Gqn.csproj"))
        ? "dotnet run -c Release --project Gqn --"
        : "gqn";

    /// <summary>The console that draws tables and progress.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>The clock that measures durations.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Whether live progress can be shown.</summary>
    public bool IsInteractive => Console.Profile.Capabilities is { Interactive: true, Ansi: true };

    /// <summary>Writes a line as it is: wrapped at the width of the window, a command in it could not be copied.</summary>
    public void WriteLine(string line = "") => Console.Write(new UnwrappedLine(line));

    /// <summary>Writes a line with a name, padded to a column of its own, and a value.</summary>
    public void WriteField(string name, string value) => WriteLine($"{name,-11}{value}");

    /// <summary>A table whose first <paramref name="leftAligned"/> columns hold words, the others numbers.</summary>
    public static Table Table(int leftAligned, params ReadOnlySpan<string> headings)
    {
        var table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < headings.Length; i++)
        {
            var alignment = i < leftAligned ? Justify.Left : Justify.Right;
            table.AddColumn(new TableColumn(new Text(headings[i])) { Alignment = alignment, NoWrap = true });
        }

        return table;
    }

    /// <summary>Adds a row of literal texts, without markup.</summary>
    public static void AddRow(Table table, params ReadOnlySpan<string> cells)
    {
        var texts = new List<Text>();
        foreach (string cell in cells)
            texts.Add(new Text(cell));
        table.AddRow(texts);
    }

    /// <summary>A human-readable number of bytes: "12.3 MiB".</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB"),
        < 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):F1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):N1} GiB"),
    };

    /// <summary>A number with thousands separators: "168,700,123".</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private sealed class UnwrappedLine(string text) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => [new(text), Segment.LineBreak];
    }
}

using System.Buffers;
using System.Text.Json;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Training;

/// <summary>
/// A file of JSON lines, one object for each report: <c>{"step":100,"loss":6950.1,"learningRate":0.0005}</c>.
/// </summary>
/// <remarks>Each line is passed to the operating system at once, so a killed run loses at most one.</remarks>
public sealed class MetricsLog : IDisposable
{
    private const string StepName = "step";

    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _line = new();

    private MetricsLog(string path)
    {
        Path = path;
        // No buffer: one line is one write.
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>
    /// Opens the log to continue after step <paramref name="lastStep"/>, creating the file if there is none.
    /// </summary>
    /// <remarks>
    /// Lines of later steps are removed, as is an incomplete last line of a killed run. The file is rewritten as a
    /// whole or left unchanged.
    /// </remarks>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="lastStep">The last step to keep; 0 starts a new log.</param>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">A line before the last is not an object with an integer step.</exception>
    public static MetricsLog Open(string path, long lastStep)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(lastStep);
        if (File.Exists(path))
        {
            byte[] old = Read(path);
            byte[] kept = LinesUpTo(path, old, lastStep);
            if (!kept.AsSpan().SequenceEqual(old))
                AtomicFile.Write(path, stream => stream.Write(kept));
        }

        return new MetricsLog(path);
    }

    /// <summary>Appends one line.</summary>
    /// <param name="step">The training step.</param>
    /// <param name="values">
    /// Names and values, in the order of the line. JSON has no NaN and no infinity; they are written as the strings
    /// "NaN", "Infinity" and "-Infinity".
    /// </param>
    /// <exception cref="ArgumentException">A name is empty, is "step", or occurs twice.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(long step, params ReadOnlySpan<(string Name, double Value)> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber(StepName, step);
            for (int i = 0; i < values.Length; i++)
            {
                (string name, double value) = values[i];
                CheckName(name, values[..i]);
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteString(name, double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
            }

            json.WriteEndObject();
        }

        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The bytes that a file says it has: a device may never end.</summary>
    private static byte[] Read(string path)
    {
        using var stream = File.OpenRead(path);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void CheckName(string name, ReadOnlySpan<(string Name, double Value)> before)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool taken = name == StepName;
        foreach ((string other, _) in before)
            taken |= name == other;
        if (taken)
            throw new ArgumentException($"The metric '{name}' occurs twice in one line.", nameof(name));
    }

    private static byte[] LinesUpTo(string path, byte[] text, long lastStep)
    {
        var kept = new ArrayBufferWriter<byte>(text.Length + 1);
        ReadOnlySpan<byte> rest = text;
        for (int number = 1; !rest.IsEmpty; number++)
        {
            int end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (TryReadStep(line, out long step))
            {
                if (step > lastStep)
                    continue;
                kept.Write(line);
                kept.Write("\n"u8);
            }
            else if (!rest.IsEmpty)
            {
                throw new InvalidDataException(
                    $"'{path}', line {number}: not a JSON object with a whole \"step\". Remove the line to go on; no state "
                    + "of the run depends on it.");
            }
        }

        return kept.WrittenSpan.ToArray();
    }

    private static bool TryReadStep(ReadOnlySpan<byte> line, out long step)
    {
        step = 0;
        try
        {
            var reader = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref reader);
            return !reader.Read()
                && document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(StepName, out var value)
                && value.ValueKind == JsonValueKind.Number
                && value.TryGetInt64(out step);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

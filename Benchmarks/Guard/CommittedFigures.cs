using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>The figures measured for one case.</summary>
/// <param name="AllThreads">With all threads, in wall time.</param>
/// <param name="OneThread">With one thread, in processor time.</param>
internal sealed record CommittedCase(Figures AllThreads, Figures OneThread)
{
    /// <summary>The figures to compare with for a way of timing.</summary>
    public Figures Of(Timing timing) => timing == Timing.OneThread ? OneThread : AllThreads;
}

/// <summary>The figures of one kind of machine: <c>Benchmarks/Baselines/MACHINE.json</c>.</summary>
/// <param name="Machine">The name of the machine, and of the file.</param>
/// <param name="Cases">Figures by the name of the case.</param>
internal sealed record CommittedFigures(string Machine, SortedDictionary<string, CommittedCase> Cases)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The file of a machine.</summary>
    /// <param name="folder">The folder of such files.</param>
    /// <param name="machine">A name of <see cref="MachineName"/>.</param>
    public static string PathOf(string folder, string machine) => Path.Combine(folder, $"{machine}.json");

    /// <summary>The folder beside the sources.</summary>
    public static string Folder { get; } = BesideSources();

    /// <summary>Reads the figures; null if the file does not exist.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or belongs to another machine.</exception>
    public static CommittedFigures? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var read = JsonSerializer.Deserialize<CommittedFigures>(File.ReadAllBytes(path), Format);
            if (read is null || read.Machine != Path.GetFileNameWithoutExtension(path))
                throw new InvalidDataException($"'{path}' does not have the figures of the machine it is named after.");
            foreach (var (name, figures) in read.Cases)
            {
                // The deserializer accepts null as a value of a dictionary.
                if (figures is not { AllThreads.IsPositive: true, OneThread.IsPositive: true })
                    throw new InvalidDataException($"'{path}' has a figure that is not positive for '{name}'.");
            }

            return read;
        }
        catch (JsonException damage)
        {
            throw new InvalidDataException(
                $"'{path}' is damaged: {damage.Message} 'check --update' writes it anew.", damage);
        }
    }

    /// <summary>Writes the figures with four digits; the file has the old or the new content, whatever fails.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path)
    {
        var rounded = new SortedDictionary<string, CommittedCase>(Cases.Comparer);
        foreach (var (name, figures) in Cases)
            rounded[name] = new CommittedCase(Round(figures.AllThreads), Round(figures.OneThread));
        AtomicFile.WriteText(path, JsonSerializer.Serialize(this with { Cases = rounded }, Format) + "\n");
    }

    private static Figures Round(Figures figures) => new(Round(figures.Ratio), Round(figures.PeakShare));

    private static double Round(double figure) =>
        double.Parse(figure.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string BesideSources([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "Baselines"));
}

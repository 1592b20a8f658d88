using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Describes the rendered scenes in a folder: everything that determines the bytes of its files.</summary>
/// <remarks>Stored in the folder as <see cref="FileName"/>, so that an interrupted run is resumed only with the same
/// contents.</remarks>
public sealed record DatasetContents
{
    /// <summary>The name of the file, in the folder of a split, that describes the others.</summary>
    public const string FileName = "contents.json";

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The name of the environment that renders them.</summary>
    public required string Environment { get; init; }

    /// <summary>The environment's version; different versions render different scenes.</summary>
    public required int Version { get; init; }

    /// <summary>The split of the environment's scenes.</summary>
    public required SceneSplit Split { get; init; }

    /// <summary>The number of scenes; they are numbered from 0.</summary>
    public required long Scenes { get; init; }

    /// <summary>Scenes in each file; the last may have fewer.</summary>
    public required int ScenesPerFile { get; init; }

    /// <summary>Height and width of the frames, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>The image format of the stored frames.</summary>
    public required FrameFormat Frames { get; init; }

    /// <summary>The contents as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="path">The file that it was read from, for error messages.</param>
    /// <exception cref="DatasetException">The text does not describe contents.</exception>
    public static DatasetContents Parse(string json, string path)
    {
        try
        {
            if (JsonSerializer.Deserialize<DatasetContents>(json, JsonOptions) is { } contents)
                return contents;
        }
        catch (JsonException error)
        {
            // The message of the parser may quote the file, whatever that is.
            string place = error.LineNumber is { } line ? $", at line {line + 1}" : string.Empty;
            throw NotContents(place, error);
        }

        throw NotContents(string.Empty, null);

        DatasetException NotContents(string place, Exception? error) => new(
            path, null, $"it does not say what was made{place}; make these scenes in another folder, or remove it",
            error);
    }

    /// <summary>The first value that differs, as "'name' is this, not that"; null if all are equal.</summary>
    internal string? DifferenceFrom(DatasetContents wanted)
    {
        ReadOnlySpan<(string Name, object Here, object Wanted)> values =
        [
            ("environment", Environment, wanted.Environment), ("version", Version, wanted.Version),
            ("split", Split, wanted.Split), ("scenes", Scenes, wanted.Scenes),
            ("scenesPerFile", ScenesPerFile, wanted.ScenesPerFile), ("imageSize", ImageSize, wanted.ImageSize),
            ("frames", Frames, wanted.Frames),
        ];
        foreach ((string name, object here, object there) in values)
        {
            if (!here.Equals(there))
                return $"'{name}' is {here}, not {there}";
        }

        return null;
    }
}

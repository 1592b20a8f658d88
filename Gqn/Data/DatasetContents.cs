using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Which rendered scenes a folder of files holds: all that decides the files' bytes.</summary>
/// <remarks>The folder keeps it as a file of its own, <see cref="FileName"/>, so that an interrupted making goes on
/// only with what it had begun.</remarks>
public sealed record DatasetContents
{
    /// <summary>The name of the file in the folder of a split that says what is in the others.</summary>
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

    /// <summary>The environment's version: another one renders other scenes.</summary>
    public required int Version { get; init; }

    /// <summary>Which of the environment's two sets.</summary>
    public required SceneSplit Split { get; init; }

    /// <summary>How many scenes: those numbered from 0 on.</summary>
    public required long Scenes { get; init; }

    /// <summary>Scenes in each file; the last may have fewer.</summary>
    public required int ScenesPerFile { get; init; }

    /// <summary>Height and width of the frames, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>How frames are stored.</summary>
    public required FrameFormat Frames { get; init; }

    /// <summary>The contents as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">The file it comes from, for messages.</param>
    /// <exception cref="DatasetException">It is something else.</exception>
    public static DatasetContents Parse(string json, string path)
    {
        try
        {
            if (JsonSerializer.Deserialize<DatasetContents>(json, JsonOptions) is { } contents)
                return contents;
        }
        catch (JsonException error)
        {
            throw new DatasetException(path, null, $"it does not say what was made ({error.Message})", error);
        }

        throw new DatasetException(path, null, "it does not say what was made");
    }

    /// <summary>The first value that differs, as "'name' is this, not that"; null where all agree.</summary>
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

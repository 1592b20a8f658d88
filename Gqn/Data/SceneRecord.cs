using System.Text;
using System.Text.Json;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>How the frames of a record are stored.</summary>
public enum FrameFormat
{
    /// <summary>JPEG of quality 95, as the released data sets have JPEG.</summary>
    Jpeg,

    /// <summary>PNG, without loss; only readers that look at the bytes themselves take it.</summary>
    Png,
}

/// <summary>One scene as a data set stores it: encoded frames, and the camera of each.</summary>
/// <remarks>
/// The features of the released sets are <c>frames</c>, a byte string per view, and <c>cameras</c>, five floats per
/// view: x, y, z, yaw, pitch, angles in radians. Ours may have more, which readers of the released sets pass over:
/// <c>factors</c> (the causes as JSON), <c>environment</c> (its name), <c>index</c> (the scene's number) and
/// <c>field_of_view</c> (degrees).
/// </remarks>
public sealed class SceneRecord
{
    /// <summary>Numbers per camera: x, y, z, yaw, pitch.</summary>
    public const int CameraLength = 5;

    /// <summary>The most views of a scene; the released sets have 10 to 300.</summary>
    public const int MaxViews = 10_000;

    /// <summary>The quality of frames that are stored as JPEG.</summary>
    public const int JpegQuality = 95;

    /// <summary>The field of view that is assumed where a record does not say, in degrees: nobody has published it, and
    /// 45 is the default of the renderer and fits the released pictures best. The networks of the article are not shown
    /// it; those that are told of rays take model.fieldOfViewDegrees before it.</summary>
    public const float UsualFieldOfView = 45;

    private const int MaxTextLength = 1 << 20;
    private const string FramesName = "frames", CamerasName = "cameras", FactorsName = "factors";
    private const string EnvironmentName = "environment", IndexName = "index", FieldOfViewName = "field_of_view";

    private readonly float[] _cameras;
    private readonly string _path;
    private readonly long _offset;

    /// <summary>A record of frames and cameras.</summary>
    /// <param name="frames">A JPEG or PNG file for each view.</param>
    /// <param name="cameras">Five numbers for each view: x, y, z, yaw, pitch.</param>
    /// <exception cref="ArgumentException">There is no view, the counts differ, or a number is not finite.</exception>
    public SceneRecord(IReadOnlyList<ReadOnlyMemory<byte>> frames, ReadOnlySpan<float> cameras)
        : this(frames, cameras.ToArray(), "record", 0)
    {
        if (frames.Count == 0 || cameras.Length != frames.Count * CameraLength)
        {
            throw new ArgumentException(
                $"{frames.Count} frames need {frames.Count * CameraLength} camera numbers, not {cameras.Length}.",
                nameof(cameras));
        }

        if (!Array.TrueForAll(_cameras, float.IsFinite))
            throw new ArgumentException("A camera's numbers must be finite.", nameof(cameras));
    }

    private SceneRecord(IReadOnlyList<ReadOnlyMemory<byte>> frames, float[] cameras, string path, long offset)
    {
        ArgumentNullException.ThrowIfNull(frames);
        (Frames, _cameras, _path, _offset) = (frames, cameras, path, offset);
    }

    /// <summary>The encoded picture of each view.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Frames { get; }

    /// <summary>Five numbers for each view: x, y, z, yaw, pitch.</summary>
    public ReadOnlySpan<float> Cameras => _cameras;

    /// <summary>How many views there are.</summary>
    public int Views => Frames.Count;

    /// <summary>The causes of the pictures as JSON; null where they are not known.</summary>
    public string? Factors { get; init; }

    /// <summary>The name of the environment that rendered the scene; null where none did.</summary>
    public string? Environment { get; init; }

    /// <summary>The scene's number in its environment's set; null where it has none.</summary>
    public ulong? Index { get; init; }

    /// <summary>The field of view of all cameras in degrees; null where it is not known.</summary>
    public float? FieldOfViewDegrees { get; init; }

    /// <summary>The file that the record comes from, and where in it the record begins.</summary>
    public (string Path, long Offset) Source => (_path, _offset);

    /// <summary>Makes the record of a rendered scene.</summary>
    /// <param name="environment">What to render.</param>
    /// <param name="split">Which of its sets.</param>
    /// <param name="index">Which scene of the set.</param>
    /// <param name="imageSize">Height and width of the frames, in pixels.</param>
    /// <param name="format">How frames are stored.</param>
    public static SceneRecord Render(
        SceneEnvironment environment, SceneSplit split, ulong index, int imageSize, FrameFormat format)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var scene = environment.Sample(split, index);
        var views = scene.Cameras;
        var frames = new ReadOnlyMemory<byte>[views.Length];
        float[] cameras = new float[views.Length * CameraLength];
        for (int i = 0; i < views.Length; i++)
        {
            var image = scene.Render(views[i], imageSize);
            frames[i] = format == FrameFormat.Png ? Png.Encode(image) : Jpeg.Encode(image, JpegQuality);
            ReadOnlySpan<float> numbers = [views[i].X, views[i].Y, views[i].Z, views[i].Yaw, views[i].Pitch];
            numbers.CopyTo(cameras.AsSpan(i * CameraLength));
        }

        return new SceneRecord(frames, cameras)
        {
            Factors = JsonSerializer.Serialize(scene.Factors),
            Environment = environment.Name,
            Index = index,
            FieldOfViewDegrees = views[0].FieldOfViewDegrees,
        };
    }

    /// <summary>Reads a record.</summary>
    /// <param name="data">The data of a TFRecord, which the frames stay parts of.</param>
    /// <param name="path">The file it comes from, for messages.</param>
    /// <param name="offset">Where in the file the record begins, for messages.</param>
    /// <exception cref="DatasetException">It is no example, lacks a feature, or its counts do not agree.</exception>
    public static SceneRecord Parse(ReadOnlyMemory<byte> data, string path = "record", long offset = 0)
    {
        var example = TfExample.Parse(data, path, offset + TfRecordFraming.HeaderLength);
        var frames = Find(FramesName, TfFeatureKind.Bytes) ?? throw Missing(FramesName, "byte strings");
        var cameras = Find(CamerasName, TfFeatureKind.Floats) ?? throw Missing(CamerasName, "floats");
        if (cameras.Count != (long)frames.Count * CameraLength)
        {
            throw new DatasetException(
                path, offset, $"the scene has {frames.Count} frames, which take {(long)frames.Count * CameraLength} "
                + $"camera numbers (x, y, z, yaw, pitch of each), and {cameras.Count} of them");
        }

        if (frames.Count > MaxViews)
        {
            throw new DatasetException(
                path, offset, $"the scene has {frames.Count} frames; at most {MaxViews} are read");
        }

        float[] numbers = new float[cameras.Count];
        cameras.CopyFloats(numbers);
        int bad = Array.FindIndex(numbers, number => !float.IsFinite(number));
        if (bad >= 0)
        {
            throw new DatasetException(
                path, offset, $"number {bad % CameraLength} of camera {bad / CameraLength} is not finite");
        }

        return new SceneRecord(frames.ToBytes(), numbers, path, offset)
        {
            Factors = Text(FactorsName),
            Environment = Text(EnvironmentName),
            Index = Find(IndexName, TfFeatureKind.Integers) is { Count: 1 } index ? (ulong)index.ToIntegers()[0] : null,
            FieldOfViewDegrees = FieldOfView(),
        };

        TfFeature? Find(string name, TfFeatureKind kind) =>
            example.Features.TryGetValue(name, out var feature) && feature.Kind == kind && feature.Count > 0
                ? feature
                : null;

        string? Text(string name)
        {
            if (Find(name, TfFeatureKind.Bytes) is not { Count: 1 } feature)
                return null;
            var text = feature.ToBytes()[0];
            return text.Length <= MaxTextLength
                ? Encoding.UTF8.GetString(text.Span)
                : throw new DatasetException(
                    path, offset, $"the feature '{name}' has {text.Length} bytes; at most {MaxTextLength} are read");
        }

        float? FieldOfView()
        {
            if (Find(FieldOfViewName, TfFeatureKind.Floats) is not { Count: 1 } feature)
                return null;
            float degrees = 0;
            feature.CopyFloats(new Span<float>(ref degrees));
            return degrees is > 0 and < 180 ? degrees : null;
        }

        DatasetException Missing(string name, string kind) => new(
            path, offset, $"the example has no feature '{name}' of {kind}: it is no scene of a data set of this kind");
    }

    /// <summary>The data of the record.</summary>
    public byte[] ToArray()
    {
        var example = new TfExampleWriter().Add(CamerasName, _cameras).Add(FramesName, [.. Frames]);
        if (Environment is not null)
            example.Add(EnvironmentName, Encoding.UTF8.GetBytes(Environment));
        if (Factors is not null)
            example.Add(FactorsName, Encoding.UTF8.GetBytes(Factors));
        if (FieldOfViewDegrees is { } degrees)
            example.Add(FieldOfViewName, [degrees]);
        if (Index is { } index)
            example.Add(IndexName, [(long)index]);
        return example.ToArray();
    }

    /// <summary>The camera of a view; where the field of view is not known, <see cref="UsualFieldOfView"/>.</summary>
    public Camera Camera(int view)
    {
        ReadOnlySpan<float> numbers = _cameras.AsSpan(view * CameraLength, CameraLength);
        return new Camera(
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], FieldOfViewDegrees ?? UsualFieldOfView);
    }

    /// <summary>Decodes a frame.</summary>
    /// <param name="view">Which.</param>
    /// <exception cref="DatasetException">It is damaged, or of a kind that is not read.</exception>
    public RgbImage Decode(int view)
    {
        var decoder = new ImageDecoder();
        Decode(view, decoder);
        var image = new RgbImage(decoder.Width, decoder.Height);
        decoder.WriteRgb(image.Bytes);
        return image;
    }

    /// <summary>Decodes a frame and brings it to another size.</summary>
    /// <param name="view">Which.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <exception cref="DatasetException">It is damaged, of a kind that is not read, or not square.</exception>
    public RgbImage Decode(int view, int size)
    {
        var image = Decode(view);
        RequireSquare(view, image.Width, image.Height);
        if (image.Width == size)
            return image;
        var resampled = new RgbImage(size, size);
        new SquareResampler(image.Width, size).Resample(image.Bytes, resampled.Bytes);
        return resampled;
    }

    /// <summary>The scene behind the record, which can be seen from elsewhere; null where the record does not say what
    /// its causes are, or this program has no such environment.</summary>
    public Scene? ToScene(SceneSplit split)
    {
        if (Factors is null || Environment is null || !Environments.Names.Contains(Environment))
            return null;
        try
        {
            Camera[] cameras = [.. Enumerable.Range(0, Views).Select(Camera)];
            return JsonSerializer.Deserialize<SceneFactors>(Factors) is { } factors
                ? Environments.Create(Environment).Compose(factors, cameras, split, Index ?? 0)
                : null;
        }
        catch (Exception error) when (error is JsonException or FactorException or NotSupportedException)
        {
            throw new DatasetException(
                _path, _offset, $"the scene's factors are not those of {Environment} ({error.Message})", error);
        }
    }

    /// <summary>Refuses a frame that is not square: cut or squeezed, it would not be what the camera saw.</summary>
    internal void RequireSquare(int view, int width, int height)
    {
        if (width == height)
            return;
        throw new DatasetException(
            _path, _offset,
            $"frame {view} of the scene has {width}x{height} pixels; frames must be square: crop them");
    }

    /// <summary>Decodes a frame into a decoder of the caller's.</summary>
    internal void Decode(int view, ImageDecoder decoder)
    {
        try
        {
            decoder.Decode(Frames[view].Span);
        }
        catch (ImageFormatException error)
        {
            throw new DatasetException(
                _path, _offset, $"frame {view} of the scene cannot be decoded: {error.Message}", error);
        }
    }
}

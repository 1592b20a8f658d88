using System.Text;
using System.Text.Json;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>The image format in which the frames of a record are stored.</summary>
public enum FrameFormat
{
    /// <summary>JPEG of quality 95; the released data sets use JPEG.</summary>
    Jpeg,

    /// <summary>PNG, which is lossless; needs a reader that detects the format from the bytes.</summary>
    Png,
}

/// <summary>One scene as a data set stores it: encoded frames with their cameras.</summary>
/// <remarks>
/// The features of the released sets are <c>frames</c>, a byte string per view, and <c>cameras</c>, five floats per
/// view: x, y, z, yaw, pitch, angles in radians. Ours may have more, which readers of the released sets ignore:
/// <c>factors</c> (the generative factors as JSON), <c>environment</c> (its name), <c>index</c> (the scene's number)
/// and <c>field_of_view</c> (degrees).
/// </remarks>
public sealed class SceneRecord
{
    /// <summary>Numbers per camera: x, y, z, yaw, pitch.</summary>
    public const int CameraLength = 5;

    /// <summary>The largest number of views of a scene; the released sets have 10 to 300.</summary>
    public const int MaxViews = 10_000;

    /// <summary>The smallest number of views of a scene to learn from: a context and the query.</summary>
    public const int MinViews = 2;

    /// <summary>The JPEG quality of frames, 1 to 100.</summary>
    public const int JpegQuality = 95;

    /// <summary>The field of view, in degrees, assumed if a record does not state it. It is unpublished; 45 is the
    /// default of the renderer and fits the released frames best. The networks of the paper do not receive it; for
    /// those that receive rays, model.fieldOfViewDegrees overrides it.</summary>
    public const float UsualFieldOfView = 45;

    private const int MaxTextLength = 1 << 20;
    private const string FramesName = "frames", CamerasName = "cameras", FactorsName = "factors";
    private const string EnvironmentName = "environment", IndexName = "index", FieldOfViewName = "field_of_view";

    private readonly float[] _cameras;
    private readonly string _path;
    private readonly long _offset;

    /// <summary>Creates a record of frames and cameras.</summary>
    /// <param name="frames">An encoded JPEG or PNG image for each view.</param>
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

    /// <summary>The encoded image of each view.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Frames { get; }

    /// <summary>Five numbers for each view: x, y, z, yaw, pitch.</summary>
    public ReadOnlySpan<float> Cameras => _cameras;

    /// <summary>The number of views.</summary>
    public int Views => Frames.Count;

    /// <summary>The generative factors of the scene as JSON; null if unknown.</summary>
    public string? Factors { get; init; }

    /// <summary>The name of the environment that rendered the scene; null if unknown.</summary>
    public string? Environment { get; init; }

    /// <summary>The scene's number in its environment's split; null if unknown.</summary>
    public ulong? Index { get; init; }

    /// <summary>The field of view of all cameras, in degrees; null if unknown.</summary>
    public float? FieldOfViewDegrees { get; init; }

    /// <summary>The file of the record, and the record's byte offset in it.</summary>
    public (string Path, long Offset) Source => (_path, _offset);

    /// <summary>Renders a scene into a record.</summary>
    /// <param name="environment">The environment to render.</param>
    /// <param name="split">The split of its scenes.</param>
    /// <param name="index">The number of the scene in the split.</param>
    /// <param name="imageSize">Height and width of the frames, in pixels.</param>
    /// <param name="format">The image format of the stored frames.</param>
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

    /// <summary>Parses a record.</summary>
    /// <param name="data">The data of a TFRecord; the frames are slices of it, not copies.</param>
    /// <param name="path">The file that it was read from, for error messages.</param>
    /// <param name="offset">The byte offset of the record in the file, for error messages.</param>
    /// <exception cref="DatasetException">The data are not an example, or a feature is missing or invalid.</exception>
    public static SceneRecord Parse(ReadOnlyMemory<byte> data, string path = "record", long offset = 0)
    {
        var example = TfExample.Parse(data, path, offset + TfRecordFraming.HeaderLength);
        var frames = Require(FramesName, TfFeatureKind.Bytes);
        var cameras = Require(CamerasName, TfFeatureKind.Floats);
        if (cameras.Count != (long)frames.Count * CameraLength)
        {
            throw new DatasetException(
                path, offset, $"the scene has {Quantity.Of(frames.Count, "frame")} and {cameras.Count} camera numbers; "
                + $"it needs {(long)frames.Count * CameraLength} of them: x, y, z, yaw, pitch of each frame");
        }

        if (frames.Count > MaxViews)
        {
            throw new DatasetException(
                path, offset, $"the scene has {Quantity.Of(frames.Count, "frame")}; at most {MaxViews:N0} are read");
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

        TfFeature Require(string name, TfFeatureKind kind)
        {
            if (!example.Features.TryGetValue(name, out var feature))
            {
                throw new DatasetException(
                    path, offset, $"the example has no feature '{name}' of {WordFor(kind)}: it is no scene of a data "
                    + "set of this kind");
            }

            if (feature.Count == 0)
            {
                throw new DatasetException(
                    path, offset, $"the feature '{name}' of the example is empty; it needs {WordFor(kind)}");
            }

            return feature.Kind == kind
                ? feature
                : throw new DatasetException(
                    path, offset, $"the feature '{name}' of the example holds {WordFor(feature.Kind)}; it needs "
                    + WordFor(kind));
        }

        static string WordFor(TfFeatureKind kind) => kind switch
        {
            TfFeatureKind.Bytes => "byte strings",
            TfFeatureKind.Floats => "floats",
            _ => "integers",
        };
    }

    /// <summary>Encodes the record as the data of a TFRecord.</summary>
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

    /// <summary>The camera of a view, with <see cref="UsualFieldOfView"/> if the field of view is unknown.</summary>
    public Camera Camera(int view)
    {
        ReadOnlySpan<float> numbers = _cameras.AsSpan(view * CameraLength, CameraLength);
        return new Camera(
            numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], FieldOfViewDegrees ?? UsualFieldOfView);
    }

    /// <summary>Decodes a frame.</summary>
    /// <param name="view">The index of the view.</param>
    /// <exception cref="DatasetException">The frame is damaged, or of an unsupported format.</exception>
    public RgbImage Decode(int view)
    {
        var decoder = new ImageDecoder();
        Decode(view, decoder);
        var image = new RgbImage(decoder.Width, decoder.Height);
        decoder.WriteRgb(image.Bytes);
        return image;
    }

    /// <summary>Decodes a frame and resamples it to the given size.</summary>
    /// <param name="view">The index of the view.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <exception cref="DatasetException">The frame is damaged, of an unsupported format, or not square.</exception>
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

    /// <summary>Recreates the scene of the record, which can be rendered from any camera; null if the record has no
    /// factors, or names an environment that is unknown here.</summary>
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

    /// <summary>Refuses a frame that is not square: cropped or rescaled, it would not match its camera.</summary>
    internal void RequireSquare(int view, int width, int height)
    {
        if (width == height)
            return;
        throw new DatasetException(
            _path, _offset,
            $"frame {view} of the scene has {width}x{height} pixels; frames must be square: crop them");
    }

    /// <summary>Decodes a frame with the caller's decoder.</summary>
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

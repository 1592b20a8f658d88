using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>Which of two disjoint sets a scene belongs to.</summary>
public enum SceneSplit
{
    /// <summary>Scenes to learn from.</summary>
    Train,

    /// <summary>Scenes held out of training.</summary>
    Test,
}

/// <summary>One scene: what is in it and from where it is seen. It never changes and may be shared by
/// threads.</summary>
public sealed class Scene
{
    /// <summary>The smallest picture, in pixels along a side.</summary>
    public const int MinImageSize = 8;

    /// <summary>The largest picture, in pixels along a side.</summary>
    public const int MaxImageSize = 256;

    private readonly SceneEnvironment _environment;
    private readonly Camera[] _cameras;

    internal Scene(SceneEnvironment environment, SceneSplit split, ulong index, SceneFactors factors, Camera[] cameras,
        SceneGeometry geometry)
    {
        _environment = environment;
        Split = split;
        Index = index;
        Factors = factors;
        _cameras = cameras;
        Geometry = geometry;
    }

    /// <summary>The set the scene belongs to.</summary>
    public SceneSplit Split { get; }

    /// <summary>The scene's number within its set.</summary>
    public ulong Index { get; }

    /// <summary>The views of the scene, in a fixed order.</summary>
    public ReadOnlySpan<Camera> Cameras => _cameras;

    /// <summary>The true causes of the pictures.</summary>
    public SceneFactors Factors { get; }

    /// <summary>What a camera sees.</summary>
    internal SceneGeometry Geometry { get; }

    /// <summary>The same scene with other causes, seen by the same cameras.</summary>
    /// <param name="factors">All causes.</param>
    /// <exception cref="FactorException">They are not those of a scene of this environment.</exception>
    public Scene With(SceneFactors factors) => _environment.Compose(factors, _cameras, Split, Index);

    /// <summary>The same scene with one cause changed, seen by the same cameras.</summary>
    /// <param name="property">One of <see cref="SceneFactors.Properties"/>.</param>
    /// <param name="value">Its new value, of the type that <see cref="SceneFactors.this"/> gives.</param>
    /// <exception cref="FactorException">There is no such property, or it cannot have this value.</exception>
    public Scene With(string property, object value) => With(Factors.With(property, value));

    /// <summary>The same scene seen by other cameras.</summary>
    public Scene SeenBy(ReadOnlySpan<Camera> cameras) =>
        new(_environment, Split, Index, Factors, cameras.ToArray(), Geometry);

    /// <summary>Takes a picture.</summary>
    /// <param name="camera">From where; any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    public RgbImage Render(in Camera camera, int size)
    {
        ThrowIfUnsupported(size);
        var image = new RgbImage(size, size);
        Render(camera, size, image.Bytes);
        return image;
    }

    /// <summary>Takes a picture, and says which part each pixel shows and how far it is.</summary>
    /// <param name="camera">From where; any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <param name="rgb">Receives size × size × 3 bytes: rows from the top, pixels from the left, then R, G, B.</param>
    /// <param name="parts">Receives size × size part numbers seen at pixel centres: 0 for the surroundings (nothing,
    /// sky, walls, floor), from 1 for the objects; or empty.</param>
    /// <param name="depth">Receives size × size distances along the camera's forward axis at pixel centres, in world
    /// units, +∞ where nothing is; or empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Render(
        in Camera camera, int size, Span<byte> rgb, Span<byte> parts = default, Span<float> depth = default)
    {
        ThrowIfUnsupported(size);
        if (rgb.Length != size * size * 3)
            throw new ArgumentException($"A picture of {size}x{size} has {size * size * 3} bytes, not {rgb.Length}.");
        if (!parts.IsEmpty && parts.Length != size * size)
            throw new ArgumentException($"A part map of {size}x{size} has {size * size} bytes, not {parts.Length}.");
        if (!depth.IsEmpty && depth.Length != size * size)
            throw new ArgumentException($"A depth map of {size}x{size} has {size * size} values, not {depth.Length}.");
        Geometry.Render(camera, size, rgb, parts, depth);
    }

    internal static void ThrowIfUnsupported(int size)
    {
        if (size is < MinImageSize or > MaxImageSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size), $"Pictures have {MinImageSize} to {MaxImageSize} pixels a side, not {size}.");
        }
    }

    /// <summary>The same scene under another number.</summary>
    internal Scene Renumbered(ulong index) => new(_environment, Split, index, Factors, _cameras, Geometry);
}

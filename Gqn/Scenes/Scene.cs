using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>The two disjoint sets of scenes.</summary>
public enum SceneSplit
{
    /// <summary>Scenes for training.</summary>
    Train,

    /// <summary>Held-out scenes.</summary>
    Test,
}

/// <summary>One scene: its factors and its cameras. Immutable and thread-safe.</summary>
public sealed class Scene
{
    /// <summary>The minimum side of an image, in pixels.</summary>
    public const int MinImageSize = 8;

    /// <summary>The maximum side of an image, in pixels.</summary>
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

    /// <summary>The split that the scene belongs to.</summary>
    public SceneSplit Split { get; }

    /// <summary>The scene's number within its split.</summary>
    public ulong Index { get; }

    /// <summary>The cameras of the scene's views, in a fixed order.</summary>
    public ReadOnlySpan<Camera> Cameras => _cameras;

    /// <summary>The true generative factors of the scene.</summary>
    public SceneFactors Factors { get; }

    /// <summary>The geometry that cameras render.</summary>
    internal SceneGeometry Geometry { get; }

    /// <summary>The same scene with different factors, seen by the same cameras.</summary>
    /// <param name="factors">All factors.</param>
    /// <exception cref="FactorException">The factors are invalid for this environment.</exception>
    public Scene With(SceneFactors factors) => _environment.Compose(factors, _cameras, Split, Index);

    /// <summary>The same scene with one factor changed, seen by the same cameras.</summary>
    /// <param name="property">One of <see cref="SceneFactors.Properties"/>.</param>
    /// <param name="value">The new value, of the type that <see cref="SceneFactors.this"/> returns.</param>
    /// <exception cref="FactorException">There is no such property, or it cannot have this value.</exception>
    public Scene With(string property, object value) => With(Factors.With(property, value));

    /// <summary>The same scene seen by other cameras.</summary>
    public Scene SeenBy(ReadOnlySpan<Camera> cameras) =>
        new(_environment, Split, Index, Factors, cameras.ToArray(), Geometry);

    /// <summary>Cameras along a path of this environment's own cameras: each is one that the environment could draw, so
    /// never in a wall or an object, and is near the one before it.</summary>
    /// <remarks>
    /// Around the ring, the arm's dome or the object's sphere; around the middle of a room with free cameras, past its
    /// objects; through the corridors and rooms of a maze from the cell of the scene's first camera on, at most a
    /// quarter cell at a time. A path that is a whole round leads back to its first camera.
    /// </remarks>
    /// <param name="count">The number of cameras, at least 1.</param>
    /// <exception cref="FactorException">Objects fill the room, so that no camera has a place in it.</exception>
    public Camera[] Tour(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return _environment.Tour(this, count);
    }

    /// <summary>Renders an image.</summary>
    /// <param name="camera">Any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    public RgbImage Render(in Camera camera, int size)
    {
        ThrowIfUnsupported(size);
        var image = new RgbImage(size, size);
        Render(camera, size, image.Bytes);
        return image;
    }

    /// <summary>Renders an image and, optionally, a part map and a depth map.</summary>
    /// <param name="camera">Any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <param name="rgb">Receives size × size × 3 bytes: rows from the top, pixels from the left, then R, G, B.</param>
    /// <param name="parts">Receives size × size part numbers seen at pixel centres: 0 for the surroundings (nothing,
    /// sky, walls, floor), from 1 on for the objects; empty if not needed.</param>
    /// <param name="depth">Receives size × size distances along the camera's forward axis at pixel centres, in world
    /// units, +∞ where nothing is hit; empty if not needed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">A span has a different length.</exception>
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

    /// <summary>The same scene with a different number.</summary>
    internal Scene Renumbered(ulong index) => new(_environment, Split, index, Factors, _cameras, Geometry);
}

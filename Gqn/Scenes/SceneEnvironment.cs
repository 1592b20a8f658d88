using Gqn.Native.Engine.Random;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>A family of scenes: a distribution to draw from, and the way to look at what was drawn.</summary>
/// <remarks>
/// A scene is a pure function of (<see cref="Name"/>, <see cref="Version"/>, split, index), and a picture one of
/// (scene, camera, size): any of them can be made again alone, in any order and on any thread, to the same byte.
/// Environments hold no state, so threads share one.
/// </remarks>
public abstract class SceneEnvironment
{
    /// <summary>The smallest picture, in pixels along a side.</summary>
    public const int MinImageSize = 8;

    /// <summary>The largest picture, in pixels along a side.</summary>
    public const int MaxImageSize = 256;

    /// <summary>The name by which <see cref="Environments.Create"/> knows it.</summary>
    public abstract string Name { get; }

    /// <summary>Rises whenever the same index would give another scene or other pictures.</summary>
    public abstract int Version { get; }

    /// <summary>How many cameras each scene has.</summary>
    public abstract int ViewsPerScene { get; }

    /// <summary>Draws scene <paramref name="index"/> of a set.</summary>
    /// <param name="split">The set; no scene belongs to both.</param>
    /// <param name="index">Any number.</param>
    public abstract Scene Sample(SceneSplit split, ulong index);

    /// <summary>Takes a picture of a scene.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="camera">From where; any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <param name="rgb">Receives size × size × 3 bytes: rows from the top, pixels from the left, then R, G, B.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public void Render(Scene scene, in Camera camera, int size, Span<byte> rgb) => Render(scene, camera, size, rgb, []);

    /// <summary>Takes a picture of a scene.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="camera">From where; any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    public RgbImage Render(Scene scene, in Camera camera, int size)
    {
        ThrowIfUnsupported(size);
        var image = new RgbImage(size, size);
        Render(scene, camera, size, image.Bytes);
        return image;
    }

    /// <summary>Takes a picture of a scene and says which part each pixel shows.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="camera">From where; any camera, not only the scene's own.</param>
    /// <param name="size">Height and width in pixels, <see cref="MinImageSize"/> to <see cref="MaxImageSize"/>.</param>
    /// <param name="rgb">Receives size × size × 3 bytes: rows from the top, pixels from the left, then R, G, B.</param>
    /// <param name="parts">Receives size × size part numbers seen at pixel centres, 0 for the background and 1 for the
    /// first part; or empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Render(Scene scene, in Camera camera, int size, Span<byte> rgb, Span<byte> parts)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ThrowIfUnsupported(size);
        if (rgb.Length != size * size * 3)
            throw new ArgumentException($"A picture of {size}x{size} has {size * size * 3} bytes, not {rgb.Length}.");
        if (!parts.IsEmpty && parts.Length != size * size)
            throw new ArgumentException($"A part map of {size}x{size} has {size * size} bytes, not {parts.Length}.");
        RenderCore(scene, camera, size, rgb, parts);
    }

    internal static void ThrowIfUnsupported(int size)
    {
        if (size is < MinImageSize or > MaxImageSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size), $"Pictures have {MinImageSize} to {MaxImageSize} pixels a side, not {size}.");
        }
    }

    /// <summary>Renders with checked arguments.</summary>
    private protected abstract void RenderCore(
        Scene scene, in Camera camera, int size, Span<byte> rgb, Span<byte> parts);

    /// <summary>The numbers for one purpose of one scene. Purposes do not disturb each other: a scene with another
    /// colour keeps its shape and its cameras.</summary>
    private protected RandomStream StreamFor(SceneSplit split, ulong index, uint purpose)
    {
        ulong key = SceneHash.Mix(SceneHash.OfName(Name), (ulong)Version);
        return new RandomStream(SceneHash.Mix(SceneHash.Mix(key, (ulong)split), index), purpose);
    }
}

/// <summary>Hashes that never change between runs, platforms or versions of .NET.</summary>
internal static class SceneHash
{
    /// <summary>FNV-1a, 64 bits, over the UTF-16 units of a name.</summary>
    public static ulong OfName(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in name)
            hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }

    /// <summary>Adds a number to a hash, by the finaliser of SplitMix64: a bijection of either argument when the other
    /// is fixed, so different indices never share a key.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        ulong z = (hash * 0x9E3779B97F4A7C15) + value + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>The "volume" representation: a grid of places in the scene's box, and how it is written and read.</summary>
public sealed record VolumeOptions
{
    /// <summary>Places along x and along y; null for the usual number for the scenes.</summary>
    public int? Width { get; init; }

    /// <summary>Places along z; null for the number that makes places about as high as wide.</summary>
    public int? Height { get; init; }

    /// <summary>Channels of r at each place; the last eight describe how the views see it.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>Distance bins over which each cell of a context image distributes its visible surface.</summary>
    public int DepthBins { get; init; } = 16;

    /// <summary>Rays per cell of the latent grid, along each axis.</summary>
    public int RaysPerCell { get; init; } = 2;

    /// <summary>Sample points of a ray in the volume.</summary>
    public int RayPoints { get; init; } = 16;

    /// <summary>Channels of a ray's features, before the rays of a cell are merged.</summary>
    public int RayChannels { get; init; } = 32;

    /// <summary>The number of places.</summary>
    internal int Places => Across * Across * Up;

    /// <summary>Places along x and along y.</summary>
    /// <exception cref="OptionException">The size is given neither by the options nor by the scenes.</exception>
    internal int Across => Width ?? throw new OptionException("volume.width is missing: places along x and along y.");

    /// <summary>Places along z.</summary>
    /// <exception cref="OptionException">The size is given neither by the options nor by the scenes.</exception>
    internal int Up => Height ?? throw new OptionException("volume.height is missing: places along z.");

    /// <summary>A copy with the missing sizes filled in.</summary>
    /// <param name="bounds">The bounding box of the scenes.</param>
    /// <param name="usualWidth">Places along the longer horizontal side.</param>
    internal VolumeOptions CompletedBy(in SceneBounds bounds, int usualWidth)
    {
        int width = Width ?? usualWidth;
        float edge = 2 * bounds.Radius / width;
        return this with { Width = width, Height = Height ?? Math.Clamp((int)(bounds.Size.Z / edge), 2, 128) };
    }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="OptionException">A size is out of range.</exception>
    internal void Validate()
    {
        Require(Width ?? 2, 2, 128, "width");
        Require(Height ?? 2, 2, 128, "height");
        Require(Channels, 1 + PlaceGrid.SightChannels, 1024, "channels");
        Require(DepthBins, 2, 256, "depthBins");
        Require(RaysPerCell, 1, 4, "raysPerCell");
        Require(RayPoints, 2, 256, "rayPoints");
        Require(RayChannels, 1, 1024, "rayChannels");
    }

    private static void Require(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new OptionException($"volume.{name} {value} must be from {least} to {most}.");
    }
}

using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>The places of the "volume" representation: a grid in the scene's box, and how it is seen and read.</summary>
public sealed record VolumeOptions
{
    /// <summary>Places along x and along y; null for what suits the scenes.</summary>
    public int? Width { get; init; }

    /// <summary>Places along z; null for as many as make them about as high as wide.</summary>
    public int? Height { get; init; }

    /// <summary>Numbers that r has for each place; the last eight say how the views show it.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>Distances among which each cell of a context image decides where its surface is.</summary>
    public int DepthBins { get; init; } = 16;

    /// <summary>Rays that are read for a cell of the latent grid, along each axis.</summary>
    public int RaysPerCell { get; init; } = 2;

    /// <summary>Points at which a ray reads the volume.</summary>
    public int RayPoints { get; init; } = 16;

    /// <summary>Channels of what a ray has read, before the rays of a cell come together.</summary>
    public int RayChannels { get; init; } = 32;

    /// <summary>How many places there are.</summary>
    internal int Places => Across * Across * Up;

    /// <summary>Places along x and along y.</summary>
    /// <exception cref="OptionException">Neither the options nor the scenes have said.</exception>
    internal int Across => Width ?? throw new OptionException("volume.width is missing: places along x and along y.");

    /// <summary>Places along z.</summary>
    /// <exception cref="OptionException">Neither the options nor the scenes have said.</exception>
    internal int Up => Height ?? throw new OptionException("volume.height is missing: places along z.");

    /// <summary>The same with the sizes that are missing.</summary>
    /// <param name="bounds">The scene's box.</param>
    /// <param name="usualWidth">Places along the longer horizontal side.</param>
    internal VolumeOptions CompletedBy(in SceneBounds bounds, int usualWidth)
    {
        int width = Width ?? usualWidth;
        float edge = 2 * bounds.Radius / width;
        return this with { Width = width, Height = Height ?? Math.Clamp((int)(bounds.Size.Z / edge), 2, 128) };
    }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="OptionException">One is impossible.</exception>
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

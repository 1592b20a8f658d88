using Gqn.Native.Data;
using Gqn.Native.Imaging;

namespace Gqn.Native.Photographs;

/// <summary>How photographs become a data set.</summary>
internal sealed record ImportOptions
{
    /// <summary>The name of the files of poses; null for transforms.json or poses.csv.</summary>
    public string? Poses { get; init; }

    /// <summary>What the files of poses leave open.</summary>
    public PoseConventions Conventions { get; init; } = new();

    /// <summary>How photographs are divided among records.</summary>
    public DivisionOptions Division { get; init; } = new();

    /// <summary>Height and width of the frames, in pixels.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>The image format of the stored frames.</summary>
    public FrameFormat Frames { get; init; }

    /// <summary>What shows through where pictures are transparent.</summary>
    public Rgb Background { get; init; } = Rgb.White;

    /// <summary>The factor by which positions are multiplied; null to keep them.</summary>
    public double? Scale { get; init; }

    /// <summary>Whether each scene is moved and scaled so that its cameras lie around the origin, at most
    /// <see cref="FitRange"/> from it along each axis.</summary>
    public bool Fit { get; init; }

    /// <summary>The range of the cameras of a fitted scene, in world units: that of the free cameras of
    /// rooms.</summary>
    public const double FitRange = 3;
}

using Gqn.Native.Data;

namespace Gqn.Native.Photographs;

/// <summary>How a camera projects, as a file of poses states it: any part may be missing.</summary>
internal sealed record Lens
{
    // Downscaled copies of pictures have sides rounded to whole pixels.
    private const double AspectTolerance = 0.01;

    /// <summary>Width of the pictures that lengths in pixels refer to; null for each picture's own.</summary>
    public double? Width { get; init; }

    /// <summary>Height of the pictures that lengths in pixels refer to; null for each picture's own.</summary>
    public double? Height { get; init; }

    /// <summary>Focal length in widths of a pixel.</summary>
    public double? FocalX { get; init; }

    /// <summary>Focal length in heights of a pixel; null if pixels are square.</summary>
    public double? FocalY { get; init; }

    /// <summary>The angle between the left and the right border, in radians; for lack of a focal length.</summary>
    public double? AngleX { get; init; }

    /// <summary>The angle between the upper and the lower border, in radians; for lack of a focal length.</summary>
    public double? AngleY { get; init; }

    /// <summary>The angle that the shorter side spans, in radians; for lack of all others.</summary>
    public double? ShorterAngle { get; init; }

    /// <summary>Column of the principal point, in pixels from the left border; null for the middle.</summary>
    public double? CentreX { get; init; }

    /// <summary>Row of the principal point, in pixels from the upper border; null for the middle.</summary>
    public double? CentreY { get; init; }

    /// <summary>The coefficients k1, k2, p1, p2 of distortion that were not removed from the pictures.</summary>
    public (double K1, double K2, double P1, double P2) Distortion { get; init; }

    /// <summary>Whether there is a focal length or an angle.</summary>
    public bool HasFocalLength => FocalX is not null || AngleX is not null || ShorterAngle is not null;

    /// <summary>Whether a picture of this size may be one that the lens describes: the sides have the stated
    /// ratio.</summary>
    public bool Fits(int width, int height) =>
        Width is not { } w || Height is not { } h || Math.Abs((w * height / (h * width)) - 1) <= AspectTolerance;

    /// <summary>The projection into a picture.</summary>
    /// <param name="width">Width of the picture, in pixels.</param>
    /// <param name="height">Height of the picture, in pixels.</param>
    /// <param name="path">The picture, for messages.</param>
    /// <exception cref="DatasetException">The picture has other proportions, or the principal point is outside.
    /// </exception>
    public Projection Into(int width, int height, string path)
    {
        if (!Fits(width, height))
        {
            throw new DatasetException(
                path, null, FormattableString.Invariant(
                    $"the picture has {width}x{height} pixels, but its poses are for w {Width} and h {Height}; take ")
                + "the pictures that the poses were made from, uncropped");
        }

        double scaleX = Width is { } w ? width / w : Height is { } onlyHeight ? height / onlyHeight : 1;
        double scaleY = Height is { } h ? height / h : scaleX;
        double focalX =
            (FocalX * scaleX) ?? Focal(AngleX, width) ?? Focal(ShorterAngle, Math.Min(width, height))!.Value;
        double focalY = (FocalY * scaleY) ?? (FocalX * scaleY) ?? Focal(AngleY, height) ?? focalX;
        double centreX = (CentreX * scaleX) ?? (width / 2.0), centreY = (CentreY * scaleY) ?? (height / 2.0);
        if (!(centreX > 0 && centreX < width && centreY > 0 && centreY < height))
        {
            throw new DatasetException(
                path, null, FormattableString.Invariant(
                    $"the principal point ({centreX:0.#}, {centreY:0.#}) is outside the {width}x{height} pixels of ")
                + "the picture; correct cx and cy, or leave them out");
        }

        return new Projection(focalX, focalY, centreX, centreY);
    }

    /// <summary>How far the distortion moves a point, as a multiple of the focal length.</summary>
    /// <param name="tangent">The tangent of the angle between the point and the axis.</param>
    public double DistortionAt(double tangent)
    {
        double square = tangent * tangent;
        double radial = Math.Abs(((Distortion.K1 * square) + (Distortion.K2 * square * square)) * tangent);
        return radial + (3 * square * (Math.Abs(Distortion.P1) + Math.Abs(Distortion.P2)));
    }

    private static double? Focal(double? angle, int side) =>
        angle is { } radians ? side / (2 * Math.Tan(radians / 2)) : null;
}

/// <summary>A pinhole projection into the pixels of one picture.</summary>
/// <param name="FocalX">Focal length in widths of a pixel.</param>
/// <param name="FocalY">Focal length in heights of a pixel.</param>
/// <param name="CentreX">Column of the principal point, in pixels from the left border.</param>
/// <param name="CentreY">Row of the principal point, in pixels from the upper border.</param>
internal readonly record struct Projection(double FocalX, double FocalY, double CentreX, double CentreY)
{
    /// <summary>The tangent of half the field of view of the largest square about the principal point that is level and
    /// within the picture.</summary>
    /// <param name="width">Width of the picture, in pixels.</param>
    /// <param name="height">Height of the picture, in pixels.</param>
    /// <param name="roll">The roll of the camera, in radians, by which the square is turned in the picture.</param>
    public double LevelTangent(int width, int height, double roll)
    {
        double side = Math.Min(CentreX, width - CentreX) / FocalX, rise = Math.Min(CentreY, height - CentreY) / FocalY;
        (double sine, double cosine) = Math.SinCos(roll);
        return Math.Min(side, rise) / (Math.Abs(sine) + Math.Abs(cosine));
    }
}

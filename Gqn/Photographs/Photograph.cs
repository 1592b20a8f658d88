using System.Numerics;
using Gqn.Native.Imaging;

namespace Gqn.Native.Photographs;

/// <summary>A picture with its camera: what is needed to take a level, square view out of it.</summary>
internal sealed class Photograph
{
    private readonly PictureHeader _header;
    private readonly int _width, _height;

    /// <summary>Combines a picture with its pose.</summary>
    /// <param name="path">The picture.</param>
    /// <param name="picture">Its pose and lens.</param>
    /// <param name="header">Its size and the orientation in which the pose refers to it.</param>
    /// <param name="exif">The orientation that the file states.</param>
    /// <exception cref="Data.DatasetException">The lens does not describe this picture.</exception>
    public Photograph(string path, PosedPicture picture, PictureHeader header, int exif)
    {
        string file = picture.File.Replace('\\', '/');
        File = file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file;
        (Path, Pose, _header) = (path, picture.Pose, header);
        (_width, _height) = header.SwapsSides ? (header.Height, header.Width) : (header.Width, header.Height);
        Projection = picture.Lens.Into(_width, _height, path);
        Tangent = Projection.LevelTangent(_width, _height, Pose.Roll);
        Distortion = picture.Lens.DistortionAt(Tangent);
        // If the pose is that of the stored picture, its roll contains the turn that EXIF would have undone.
        IsTurned = exif != JpegSegments.Upright;
        IsPoseOfUpright = header.Orientation == exif;
        double turn = IsPoseOfUpright ? 0 : PhotographFolder.TurnOf(exif) ?? 0;
        Lean = Math.IEEERemainder(Pose.Roll - turn, 2 * Math.PI);
        Up = picture.Axes?.UpWithout(turn);
        TakesFieldOfView = picture.Lens is { FocalX: null, AngleX: null };
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The file as the poses name it, relative to their folder.</summary>
    public string File { get; }

    /// <summary>Where the camera was and how it was held when it took the picture that the poses refer to.</summary>
    public CameraPose Pose { get; }

    /// <summary>The projection into that picture.</summary>
    public Projection Projection { get; }

    /// <summary>The tangent of half the field of view of the largest level square in the picture.</summary>
    public double Tangent { get; }

    /// <summary>How far the lens moves a point at the border of that square, as a multiple of the focal
    /// length.</summary>
    public double Distortion { get; }

    /// <summary>Whether the file states that the picture is not stored upright.</summary>
    public bool IsTurned { get; }

    /// <summary>Whether the pose is that of the picture as it is shown, not of the stored picture.</summary>
    public bool IsPoseOfUpright { get; }

    /// <summary>The roll of the camera beyond the turn that EXIF states, in radians.</summary>
    public double Lean { get; }

    /// <summary>The direction in the world that is up in the picture as it is shown; null if unknown.</summary>
    public Vector3? Up { get; }

    /// <summary>Whether the poses do not state how the camera projects.</summary>
    public bool TakesFieldOfView { get; }

    /// <summary>Width and height of the picture that the pose refers to, in pixels.</summary>
    public string Size => $"{_width}x{_height}";

    /// <summary>The side, in pixels of the picture, of a square that spans a field of view.</summary>
    /// <param name="tangent">The tangent of half the field of view.</param>
    public int SideOf(double tangent) =>
        Math.Max(1, (int)Math.Round(2 * tangent * Math.Sqrt(Projection.FocalX * Projection.FocalY)));

    /// <summary>Reads the picture and takes a square out of it, about the principal point and turned so that the
    /// horizon is level, as a camera without roll in the same place would have seen it.</summary>
    /// <param name="tangent">The tangent of half the field of view, at most <see cref="Tangent"/>.</param>
    /// <param name="size">Height and width of the result, in pixels.</param>
    /// <param name="background">What shows through where the picture is transparent.</param>
    /// <exception cref="Data.DatasetException">The picture cannot be read, or is damaged.</exception>
    public RgbImage View(double tangent, int size, Rgb background)
    {
        var picture = PictureFile.Read(Path, _header, background);
        int side = SideOf(tangent);
        var square = new RgbImage(side, side);
        (double sine, double cosine) = Math.SinCos(Pose.Roll);
        double step = 2 * tangent / side;
        for (int row = 0; row < side; row++)
        {
            double y = ((row + 0.5) * step) - tangent;
            for (int column = 0; column < side; column++)
            {
                double x = ((column + 0.5) * step) - tangent;
                // Contents lean clockwise by the roll, and so does the square; rows count downwards.
                Sample(
                    picture, Projection.CentreX + (Projection.FocalX * ((x * cosine) - (y * sine))) - 0.5,
                    Projection.CentreY + (Projection.FocalY * ((x * sine) + (y * cosine))) - 0.5,
                    square.Bytes.Slice(((row * side) + column) * 3, 3));
            }
        }

        if (side == size)
            return square;
        var view = new RgbImage(size, size);
        new SquareResampler(side, size).Resample(square.Bytes, view.Bytes);
        return view;
    }

    /// <summary>Interpolates linearly between four pixels; beyond the border, its pixels repeat.</summary>
    private static void Sample(RgbImage picture, double x, double y, Span<byte> rgb)
    {
        x = Math.Clamp(x, 0, picture.Width - 1);
        y = Math.Clamp(y, 0, picture.Height - 1);
        int left = (int)x, top = (int)y;
        int right = Math.Min(left + 1, picture.Width - 1), bottom = Math.Min(top + 1, picture.Height - 1);
        double across = x - left, down = y - top;
        ReadOnlySpan<byte> bytes = picture.Bytes;
        int topLeft = ((top * picture.Width) + left) * 3, topRight = ((top * picture.Width) + right) * 3;
        int bottomLeft = ((bottom * picture.Width) + left) * 3, bottomRight = ((bottom * picture.Width) + right) * 3;
        for (int c = 0; c < 3; c++)
        {
            double upper = bytes[topLeft + c] + (across * (bytes[topRight + c] - bytes[topLeft + c]));
            double lower = bytes[bottomLeft + c] + (across * (bytes[bottomRight + c] - bytes[bottomLeft + c]));
            rgb[c] = (byte)(upper + (down * (lower - upper)) + 0.5);
        }
    }
}

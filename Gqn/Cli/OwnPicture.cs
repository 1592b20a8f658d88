using Gqn.Native.Imaging;
using Gqn.Native.Model;

namespace Gqn.Native.Cli;

/// <summary>A picture file with its camera, as it is written on the command line: FILE@x,y,z,yaw,pitch[,fov].</summary>
/// <param name="Path">The picture, a JPEG or PNG file.</param>
/// <param name="Camera">Where it was taken.</param>
internal sealed record OwnPicture(string Path, CameraArgument Camera)
{
    private const string Option = "--context";

    /// <summary>Parses a file name and a camera.</summary>
    /// <exception cref="OptionException">The text is not FILE@camera, or there is no such file.</exception>
    public static OwnPicture Parse(string text)
    {
        int at = text.LastIndexOf('@');
        if (at <= 0)
        {
            throw new OptionException(
                $"{Option} {text}: write FILE@{CameraArgument.Format}, a picture and the camera that took it.");
        }

        string path = text[..at];
        var camera = CameraArgument.Parse(Option, text[(at + 1)..]);
        return File.Exists(path)
            ? new OwnPicture(path, camera)
            : throw new OptionException($"{Option} {path}: there is no such file.");
    }

    /// <summary>Reads the picture and resamples it.</summary>
    /// <param name="size">Height and width of the result, in pixels.</param>
    /// <exception cref="OptionException">The picture cannot be decoded, or is not square.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public RgbImage Read(int size)
    {
        RgbImage image;
        try
        {
            image = ImageDecoder.ToImage(File.ReadAllBytes(Path));
        }
        catch (ImageFormatException exception)
        {
            throw new OptionException($"{Option} {Path}: the picture cannot be read: {exception.Message}.", exception);
        }

        if (image.Width != image.Height)
        {
            throw new OptionException(
                $"{Option} {Path}: the picture has {image.Width}x{image.Height} pixels; crop it to a square around the "
                + "point that the camera looked at.");
        }

        var resampled = new RgbImage(size, size);
        new SquareResampler(image.Width, size).Resample(image.Bytes, resampled.Bytes);
        return resampled;
    }
}

using System.Buffers.Binary;
using System.Globalization;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;

namespace Gqn.Native.Tests.Photographs;

/// <summary>Rendered pictures in the shape of photographs: oblong, stored turned, with their poses as
/// matrices.</summary>
internal static class PhotographedRoom
{
    /// <summary>The field of view of a rendered picture, of whose square a photograph is the middle.</summary>
    public const float FullFieldOfView = 70;

    /// <summary>Cameras on a ring in a room, that look up and down in turn.</summary>
    public static Camera[] Cameras(int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        float angle = (i * MathF.Tau / count) + 0.1f;
        float yaw = MathF.IEEERemainder(angle + MathF.PI + (0.2f * (i % 3)), MathF.Tau);
        return new Camera(
            2.6f * MathF.Cos(angle), 2.4f * MathF.Sin(angle), 0.6f + (0.1f * (i % 5)), yaw,
            (i % 2 == 0 ? -0.15f : 0.12f) - (0.01f * i), FullFieldOfView);
    })];

    /// <summary>The focal length, in pixels, of photographs out of a rendered square of this side.</summary>
    public static double FocalLength(int side) => side / (2 * Math.Tan(FullFieldOfView * (Math.PI / 360)));

    /// <summary>Writes a JPEG for each camera, stored as one of the orientations has it, and transforms.json.</summary>
    /// <param name="folder">Receives the files.</param>
    /// <param name="scene">What to photograph.</param>
    /// <param name="cameras">The cameras of the upright pictures.</param>
    /// <param name="side">The longer side of the pictures, in pixels; the shorter is three quarters of it.</param>
    /// <param name="orientations">Taken in turn.</param>
    /// <param name="ofStored">Whether the poses are those of the pictures as they are stored.</param>
    public static void Write(
        string folder, Scene scene, Camera[] cameras, int side, int[] orientations, bool ofStored = false)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        var frames = new List<string>();
        for (int i = 0; i < cameras.Length; i++)
        {
            int orientation = orientations[i % orientations.Length], shorter = side * 3 / 4;
            var full = scene.Render(cameras[i], side);
            var upright = orientation >= 5 ? Middle(full, shorter, side) : Middle(full, side, shorter);
            string file = $"images/{i:00}.jpg";
            File.WriteAllBytes(
                Path.Combine(folder, file),
                ToJpeg(Stored(upright, orientation), orientation, littleEndian: i % 2 == 0));
            string matrix = string.Join(", ", Matrix(cameras[i], ofStored ? orientation : 1).Chunk(4).Select(row =>
                $"[{string.Join(", ", row.Select(number => number.ToString("R", CultureInfo.InvariantCulture)))}]"));
            frames.Add($$"""{"file_path": "./{{file}}", "transform_matrix": [{{matrix}}]}""");
        }

        string size = ofStored
            ? string.Create(CultureInfo.InvariantCulture, $"\"w\": {side}, \"h\": {side * 3 / 4}, ")
            : string.Empty;
        string focal = FocalLength(side).ToString("R", CultureInfo.InvariantCulture);
        File.WriteAllText(
            Path.Combine(folder, "transforms.json"),
            $$"""{{{size}}"fl_x": {{focal}}, "frames": [{{string.Join(",\n", frames)}}]}""");
    }

    /// <summary>The camera-to-world matrix, row by row, of a camera that looks along its −z.</summary>
    /// <param name="camera">The camera of the upright picture.</param>
    /// <param name="orientation">The orientation whose stored picture the matrix is for.</param>
    public static double[] Matrix(Camera camera, int orientation = 1)
    {
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double[] right = [sy, -cy, 0], up = [-sp * cy, -sp * sy, cp], back = [-cp * cy, -cp * sy, -sp];
        double[] Negative(double[] v) => [.. v.Select(number => -number)];
        // Where the rows and columns of the stored picture point.
        (right, up) = orientation switch
        {
            3 => (Negative(right), Negative(up)),
            6 => (Negative(up), right),
            8 => (up, Negative(right)),
            _ => (right, up),
        };
        return
        [
            right[0], up[0], back[0], camera.X, right[1], up[1], back[1], camera.Y, right[2], up[2], back[2], camera.Z,
            0, 0, 0, 1,
        ];
    }

    /// <summary>The middle of a square picture.</summary>
    public static RgbImage Middle(RgbImage square, int width, int height)
    {
        var middle = new RgbImage(width, height);
        middle.Draw(square, (width - square.Width) / 2, (height - square.Height) / 2);
        return middle;
    }

    /// <summary>The picture that is upright once it is turned as the orientation says.</summary>
    public static RgbImage Stored(RgbImage upright, int orientation)
    {
        int right = upright.Width - 1, bottom = upright.Height - 1;
        var stored = orientation >= 5
            ? new RgbImage(upright.Height, upright.Width)
            : new RgbImage(upright.Width, upright.Height);
        for (int y = 0; y < stored.Height; y++)
        {
            for (int x = 0; x < stored.Width; x++)
            {
                stored[x, y] = orientation switch
                {
                    1 => upright[x, y],
                    2 => upright[right - x, y],
                    3 => upright[right - x, bottom - y],
                    4 => upright[x, bottom - y],
                    5 => upright[y, x],
                    6 => upright[right - y, x],
                    7 => upright[right - y, bottom - x],
                    _ => upright[y, bottom - x],
                };
            }
        }

        return stored;
    }

    /// <summary>A JPEG file that states an orientation.</summary>
    public static byte[] ToJpeg(RgbImage stored, int orientation, bool littleEndian)
    {
        byte[] jpeg = Jpeg.Encode(stored, 95), exif = Exif(orientation, littleEndian);
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    /// <summary>The segment of a JPEG file that states an orientation, after one entry of another kind.</summary>
    public static byte[] Exif(int orientation, bool littleEndian)
    {
        byte[] tiff = new byte[8 + 2 + (2 * 12) + 4];
        (littleEndian ? "II*\0"u8 : "MM\0*"u8).CopyTo(tiff);
        Number(4, 8, 4);
        Number(8, 2, 2);
        Entry(10, 0x010F, 2);
        Entry(22, 0x0112, 3);
        Number(30, orientation, 2);
        byte[] segment = [0xFF, 0xE1, 0, (byte)(tiff.Length + 8), .. "Exif\0\0"u8, .. tiff];
        return segment;

        void Entry(int at, int tag, int type)
        {
            Number(at, tag, 2);
            Number(at + 2, type, 2);
            Number(at + 4, 1, 4);
        }

        void Number(int at, int value, int length)
        {
            if (littleEndian)
                BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at), value);
            else if (length == 4)
                BinaryPrimitives.WriteInt32BigEndian(tiff.AsSpan(at), value);
            else
                BinaryPrimitives.WriteInt16BigEndian(tiff.AsSpan(at), (short)value);
        }
    }
}

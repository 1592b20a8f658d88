using System.Numerics;
using System.Text.Json;
using Gqn.Native.Data;

namespace Gqn.Native.Photographs;

/// <summary>Reads <c>transforms.json</c>, poses in the convention of NeRF and instant-ngp: 4x4 matrices from camera to
/// world, in OpenGL's axes, where a camera looks along its −z and y points up.</summary>
internal static class TransformsFile
{
    /// <summary>The usual name of such a file.</summary>
    public const string UsualName = "transforms.json";

    private const string Frames = "frames", Matrix = "transform_matrix";
    private const int MaxLength = 1 << 28;

    // Written with few digits, a rotation is still one to this accuracy.
    private const double RotationTolerance = 0.01;

    private static readonly JsonDocumentOptions Options =
        new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Reads all poses.</summary>
    /// <param name="path">The file.</param>
    /// <param name="conventions">What the file leaves open.</param>
    /// <exception cref="DatasetException">The file is not in this convention, or a number is invalid.</exception>
    public static IReadOnlyList<PosedPicture> Read(string path, PoseConventions conventions)
    {
        using var document = Parse(path);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(Frames, out var frames)
            || frames.ValueKind != JsonValueKind.Array || frames.GetArrayLength() == 0)
        {
            throw new DatasetException(path, null, $"there is no list '{Frames}' with a pose for each picture");
        }

        RequirePinhole(root, path);
        var pictures = new List<PosedPicture>();
        foreach (var frame in frames.EnumerateArray())
        {
            string place = $"{Frames}[{pictures.Count}]";
            string file = FileOf(frame)
                ?? throw new DatasetException(path, null, $"{place} has no file_path, the name of its picture");
            double[] matrix = ReadMatrix(frame, path, place);
            var (pose, axes) = ToPose(matrix, conventions.Up ?? UpAxis.Z, path, place);
            var lens = LensOf(frame, root, path, place) with { ShorterAngle = conventions.FieldOfView };
            if (!lens.HasFocalLength)
            {
                throw new DatasetException(
                    path, null, "there is neither fl_x, the focal length in pixels, nor camera_angle_x; add one of "
                    + "them, or give --fov, the angle that the shorter side of the pictures spans");
            }

            pictures.Add(new PosedPicture(file, pose, lens, axes));
        }

        return pictures;
    }

    /// <summary>The pose of a camera-to-world matrix.</summary>
    /// <param name="m">The matrix, row by row; its upper three rows suffice.</param>
    /// <param name="up">The upward axis of the world.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="place">The frame in it, for messages.</param>
    /// <exception cref="DatasetException">The matrix is no pose.</exception>
    public static (CameraPose Pose, CameraAxes Axes) ToPose(
        ReadOnlySpan<double> m, UpAxis up, string path, string place)
    {
        Vector3 x = Column(m, 0), y = Column(m, 1), z = Column(m, 2);
        double scale = Math.Cbrt(Vector3.Dot(Vector3.Cross(x, y), z));
        if (scale < 0)
        {
            throw new DatasetException(
                path, null, $"{place}.{Matrix} mirrors: its axes are left-handed; a camera is turned and moved only");
        }

        bool isRotation = scale > 0 && IsSmall(Math.Abs(Vector3.Dot(x, y)) + Math.Abs(Vector3.Dot(y, z))
            + Math.Abs(Vector3.Dot(z, x)), scale * scale) && Lengths(x, y, z, scale);
        bool isTransposed = m.Length == 16 && !(IsSmall(Math.Abs(m[12]) + Math.Abs(m[13]) + Math.Abs(m[14]), 1)
            && IsSmall(m[15] - 1, 1));
        if (!isRotation || isTransposed)
        {
            throw new DatasetException(
                path, null, $"{place}.{Matrix} is not a rotation with a position"
                + (isTransposed
                    ? ": its last row is not 0, 0, 0, 1, as if rows and columns were swapped"
                    : string.Empty));
        }

        // Which of x and y is trusted more does not matter: they are nearly at right angles.
        var right = Vector3.Normalize(x);
        var upward = Vector3.Normalize(y - (Vector3.Dot(y, right) * right));
        var at = up == UpAxis.Y ? (m[3], -m[11], m[7]) : (m[3], m[7], m[11]);
        if (up == UpAxis.Y)
            (right, upward) = (Raised(right), Raised(upward));
        return (CameraPose.FromAxes(at, right, upward), new CameraAxes(right, upward));
    }

    /// <summary>A direction of a world whose y axis points up, in one whose z axis does.</summary>
    private static Vector3 Raised(Vector3 v) => new(v.X, -v.Z, v.Y);

    private static Vector3 Column(ReadOnlySpan<double> m, int column) =>
        new((float)m[column], (float)m[4 + column], (float)m[8 + column]);

    private static bool Lengths(Vector3 x, Vector3 y, Vector3 z, double scale) =>
        IsSmall(x.Length() - scale, scale) && IsSmall(y.Length() - scale, scale) && IsSmall(z.Length() - scale, scale);

    private static bool IsSmall(double value, double unit) => Math.Abs(value) <= RotationTolerance * unit;

    /// <summary>The picture that a frame names; null if it names none, or what no file can be called.</summary>
    private static string? FileOf(JsonElement frame)
    {
        if (frame.ValueKind != JsonValueKind.Object || !frame.TryGetProperty("file_path", out var file)
            || file.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            string name = file.GetString()!;
            return string.IsNullOrWhiteSpace(name) || name.Contains('\0') ? null : name;
        }
        catch (InvalidOperationException)
        {
            // Halves of characters.
            return null;
        }
    }

    private static double[] ReadMatrix(JsonElement frame, string path, string place)
    {
        if (!frame.TryGetProperty(Matrix, out var rows) || !(IsArray(rows, 3) || IsArray(rows, 4))
            || rows.EnumerateArray().Any(row => !IsArray(row, 4)))
        {
            throw new DatasetException(
                path, null, $"{place} has no {Matrix} of four rows of four numbers, from camera to world");
        }

        double[] numbers =
        [
            .. rows.EnumerateArray().SelectMany(row => row.EnumerateArray())
                .Select(number => number.ValueKind == JsonValueKind.Number ? number.GetDouble() : double.NaN),
        ];
        return Array.TrueForAll(numbers, number => float.IsFinite((float)number))
            ? numbers
            : throw new DatasetException(path, null, $"{place}.{Matrix} has an entry that is no finite number");
    }

    private static bool IsArray(JsonElement element, int length) =>
        element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == length;

    /// <summary>The lens of a frame: what the frame states, else what the file states for all.</summary>
    private static Lens LensOf(JsonElement frame, JsonElement root, string path, string place)
    {
        double? angleX = Angle("camera_angle_x"), angleY = Angle("camera_angle_y");
        // A frame's own angle is worth more than a focal length that is meant for the others.
        bool ownAngle = frame.TryGetProperty("camera_angle_x", out _) && !frame.TryGetProperty("fl_x", out _);
        return new Lens
        {
            Width = Above("w"),
            Height = Above("h"),
            FocalX = ownAngle ? null : Above("fl_x"),
            FocalY = ownAngle ? null : Above("fl_y"),
            AngleX = angleX,
            AngleY = angleY,
            CentreX = Number("cx"),
            CentreY = Number("cy"),
            Distortion = (Number("k1") ?? 0, Number("k2") ?? 0, Number("p1") ?? 0, Number("p2") ?? 0),
        };

        double? Number(string name)
        {
            if (!frame.TryGetProperty(name, out var value) && !root.TryGetProperty(name, out value))
                return null;
            return value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble())
                ? value.GetDouble()
                : throw new DatasetException(path, null, $"{name}, for {place}, is no finite number");
        }

        double? Above(string name) => Number(name) is not { } value || value > 0
            ? Number(name)
            : throw new DatasetException(path, null, FormattableString.Invariant(
                $"{name} {value}, for {place}, must be above 0"));

        double? Angle(string name) => Number(name) is not { } value || value is > 0 and < Math.PI
            ? Number(name)
            : throw new DatasetException(path, null, FormattableString.Invariant(
                $"{name} {value}, for {place}, must be above 0 and below pi: it is in radians"));
    }

    private static void RequirePinhole(JsonElement root, string path)
    {
        bool fisheye = root.TryGetProperty("is_fisheye", out var flag) && flag.ValueKind == JsonValueKind.True;
        string? model = root.TryGetProperty("camera_model", out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()
            : null;
        if (fisheye || model?.Contains("FISHEYE", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw new DatasetException(
                path, null, "the camera is a fisheye, and only pinhole cameras are read; undistort the pictures first "
                + "(colmap image_undistorter) and use the poses of the result");
        }
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxLength)
                throw new DatasetException(path, null, $"it has more than {MaxLength >> 20} MiB, too many for poses");
            using var stream = File.OpenRead(path);
            return JsonDocument.Parse(stream, Options);
        }
        catch (JsonException error)
        {
            throw new DatasetException(path, null, $"it is not valid JSON ({error.Message.TrimEnd('.')})", error);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or (IOException and not DatasetException))
        {
            throw new DatasetException(path, null, $"it cannot be read ({error.Message.TrimEnd('.')})", error);
        }
    }
}

using System.Globalization;
using System.Text;
using Gqn.Native.Data;

namespace Gqn.Native.Photographs;

/// <summary>Reads poses from a table of comma-separated values: file, x, y, z, yaw, pitch, one picture a line, in this
/// order or in that of a first line with these names. Lines that are empty or begin with # do not count.</summary>
internal static class PosesTable
{
    /// <summary>The usual name of such a file.</summary>
    public const string UsualName = "poses.csv";

    private const int MaxLength = 1 << 28;

    private static readonly string[] Names = ["file", "x", "y", "z", "yaw", "pitch"];

    /// <summary>Reads all poses.</summary>
    /// <param name="path">The file.</param>
    /// <param name="conventions">What the file leaves open; it needs a field of view.</param>
    /// <exception cref="DatasetException">A line is invalid, or there is none, or no field of view.</exception>
    public static IReadOnlyList<PosedPicture> Read(string path, PoseConventions conventions)
    {
        if (conventions.FieldOfView is null)
        {
            throw new DatasetException(
                path, null, "a table of poses does not hold the field of view; give --fov, the angle in degrees that "
                + "the shorter side of the pictures spans");
        }

        var lens = new Lens { ShorterAngle = conventions.FieldOfView };
        int[]? columns = null;
        var pictures = new List<PosedPicture>();
        string[] lines = ReadLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            var cells = Split(line);
            if (columns is null)
            {
                columns = Columns(cells, path);
                if (columns is not null)
                    continue;
                columns = [0, 1, 2, 3, 4, 5];
            }

            pictures.Add(Picture(cells, columns, lens, conventions.Degrees, path, i + 1));
        }

        return pictures.Count > 0 ? pictures : throw new DatasetException(path, null, "there is no pose in it");
    }

    private static PosedPicture Picture(
        List<string> cells, int[] columns, Lens lens, bool degrees, string path, int line)
    {
        if (cells.Count <= columns.Max())
        {
            throw new DatasetException(
                path, null, $"line {line} has {cells.Count} values, separated by commas, instead of file, x, y, z, "
                + "yaw, pitch");
        }

        string file = cells[columns[0]];
        if (file.Length == 0 || file.Contains('\0'))
            throw new DatasetException(path, null, $"line {line} names no picture");
        double[] numbers = new double[Names.Length];
        for (int i = 1; i < Names.Length; i++)
        {
            string cell = cells[columns[i]];
            if (!double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])
                || !float.IsFinite((float)numbers[i]))
            {
                throw new DatasetException(path, null, $"line {line}: {Names[i]} '{cell}' is no finite number");
            }
        }

        double unit = degrees ? Math.PI / 180 : 1;
        double yaw = numbers[4] * unit, pitch = numbers[5] * unit;
        if (Math.Abs(pitch) > (Math.PI / 2) + 1e-4 || (!degrees && Math.Abs(yaw) > 2.01 * Math.PI))
        {
            throw new DatasetException(
                path, null, FormattableString.Invariant($"line {line}: yaw {numbers[4]} and pitch {numbers[5]} are no ")
                + (degrees
                    ? "angles of a camera; pitch is from -90 to 90 degrees"
                    : "angles in radians; for degrees, give --degrees"));
        }

        var pose = new CameraPose(
            numbers[1], numbers[2], numbers[3], Math.IEEERemainder(yaw, 2 * Math.PI), pitch, Roll: 0);
        return new PosedPicture(file, pose, lens, Axes: null);
    }

    /// <summary>Where the columns are, if this line names them; null if it is a line of values.</summary>
    private static int[]? Columns(List<string> cells, string path)
    {
        if (cells.Count > 1 && double.TryParse(cells[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            return null;
        int[] columns = [.. Names.Select(name =>
            cells.FindIndex(cell => cell.Equals(name, StringComparison.OrdinalIgnoreCase)))];
        int missing = Array.IndexOf(columns, -1);
        return missing < 0
            ? columns
            : throw new DatasetException(
                path, null, $"the first line has neither numbers nor the names {string.Join(",", Names)} (there is no "
                + $"'{Names[missing]}')");
    }

    /// <summary>The values of a line; one in quotes may contain commas, and quotes if they are doubled.</summary>
    private static List<string> Split(string line)
    {
        var cells = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                cell.Append(c);
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                cells.Add(cell.ToString().Trim());
                cell.Clear();
            }
            else
            {
                cell.Append(c);
            }
        }

        cells.Add(cell.ToString().Trim());
        return cells;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxLength
                ? File.ReadAllLines(path)
                : throw new DatasetException(path, null, $"it has more than {MaxLength >> 20} MiB, too many for poses");
        }
        catch (Exception error) when (error is UnauthorizedAccessException or (IOException and not DatasetException))
        {
            throw new DatasetException(path, null, $"it cannot be read ({error.Message.TrimEnd('.')})", error);
        }
    }
}

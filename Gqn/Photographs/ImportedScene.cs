using System.Numerics;
using Gqn.Native.Data;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Photographs;

/// <summary>A scene whose cameras are in the units of the data set.</summary>
internal sealed class ImportedScene
{
    private readonly Camera[] _cameras;

    /// <summary>Converts the cameras of a scene.</summary>
    /// <param name="scene">The photographs of the scene.</param>
    /// <param name="fieldOfViewDegrees">The field of view of the views to make, in degrees.</param>
    /// <param name="options">How positions are converted.</param>
    /// <exception cref="OptionException">The scene cannot be fitted: all cameras are in one place.</exception>
    /// <exception cref="DatasetException">A position is too large for a record.</exception>
    public ImportedScene(PhotographedScene scene, float fieldOfViewDegrees, ImportOptions options)
    {
        (Name, Photographs) = (scene.Name, scene.Photographs);
        (double X, double Y, double Z) origin = default;
        Scale = options.Scale ?? 1;
        if (options.Fit)
        {
            (origin, double reach) = Extent(scene.Photographs);
            if (!(reach > 0))
                throw new OptionException($"--fit: all cameras of {Name} are in one place; leave --fit out.");
            Scale = ImportOptions.FitRange / reach;
        }

        _cameras = [.. scene.Photographs.Select(photograph => Convert(photograph.Pose))];
        int bad = Array.FindIndex(_cameras, camera => !float.IsFinite(camera.X + camera.Y + camera.Z));
        if (bad >= 0)
        {
            throw new DatasetException(
                scene.PosesFile, null, $"the position of {scene.Photographs[bad].File} is too large; give a "
                + "smaller --scale");
        }

        Camera Convert(CameraPose pose) => new(
            (float)((pose.X - origin.X) * Scale), (float)((pose.Y - origin.Y) * Scale),
            (float)((pose.Z - origin.Z) * Scale), (float)pose.Yaw, (float)pose.Pitch, fieldOfViewDegrees);
    }

    /// <summary>The name of the scene's folder.</summary>
    public string Name { get; }

    /// <summary>The pictures.</summary>
    public IReadOnlyList<Photograph> Photographs { get; }

    /// <summary>World units of the data set per unit of the poses.</summary>
    public double Scale { get; }

    /// <summary>The camera of each photograph.</summary>
    public IReadOnlyList<Camera> Cameras => _cameras;

    /// <summary>The corners of the box around the positions of cameras.</summary>
    public static SceneBounds BoxOf(IEnumerable<Camera> cameras)
    {
        Vector3 low = new(float.PositiveInfinity), high = new(float.NegativeInfinity);
        foreach (var camera in cameras)
        {
            var at = new Vector3(camera.X, camera.Y, camera.Z);
            (low, high) = (Vector3.Min(low, at), Vector3.Max(high, at));
        }

        return new SceneBounds(low, high);
    }

    /// <summary>The middle of the box around all positions, and half its longest edge.</summary>
    private static ((double X, double Y, double Z) Middle, double Reach) Extent(IReadOnlyList<Photograph> photographs)
    {
        (double x, double width) = Range(pose => pose.X);
        (double y, double depth) = Range(pose => pose.Y);
        (double z, double height) = Range(pose => pose.Z);
        return ((x, y, z), Math.Max(Math.Max(width, depth), height));

        (double Middle, double Half) Range(Func<CameraPose, double> coordinate)
        {
            double low = photographs.Min(photograph => coordinate(photograph.Pose));
            double high = photographs.Max(photograph => coordinate(photograph.Pose));
            return ((low + high) / 2, (high - low) / 2);
        }
    }
}

using System.Globalization;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary>A camera as it is written on the command line: x,y,z,yaw,pitch or x,y,z,yaw,pitch,fov.</summary>
/// <param name="Option">The option that it was given with, for messages.</param>
/// <param name="Pose">Position and angles; the field of view is not set.</param>
/// <param name="FieldOfViewDegrees">The field of view; null if it was not given.</param>
internal sealed record CameraArgument(string Option, Camera Pose, float? FieldOfViewDegrees)
{
    /// <summary>How a camera is written, for descriptions of options.</summary>
    public const string Format = "x,y,z,yaw,pitch[,fov]";

    private const float MaxCoordinate = 1e6f;

    private static readonly string[] Coordinates = ["x", "y", "z"];

    /// <summary>Parses a camera.</summary>
    /// <param name="option">The option, for messages.</param>
    /// <param name="text">Five or six numbers with a point as the decimal mark: world units, radians, degrees.</param>
    /// <exception cref="OptionException">The text is no camera, or an angle seems to be in degrees.</exception>
    public static CameraArgument Parse(string option, string text)
    {
        string[] parts = text.Split(',');
        float[] numbers = new float[parts.Length];
        bool areNumbers = parts.Length is 5 or 6;
        for (int i = 0; i < parts.Length && areNumbers; i++)
        {
            areNumbers = float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])
                && float.IsFinite(numbers[i]);
        }

        if (!areNumbers)
        {
            throw new OptionException(
                $"{option} {text}: write a camera as {Format}, numbers such as 3,0,0.77,3.14,0, with angles in radians "
                + "and the field of view in degrees.");
        }

        for (int i = 0; i < Coordinates.Length; i++)
        {
            if (MathF.Abs(numbers[i]) > MaxCoordinate)
                throw new OptionException($"{option} {text}: {Coordinates[i]} is beyond a million units.");
        }

        RequireAngle("yaw", numbers[3], MathF.Tau, "a full turn");
        RequireAngle("pitch", numbers[4], MathF.PI / 2, "straight up or down");
        if (parts.Length == 6 && numbers[5] is not (> 0 and < 180))
            throw new OptionException($"{option} {text}: the field of view is above 0 and below 180 degrees.");
        return new CameraArgument(
            option, new Camera(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], 0),
            parts.Length == 6 ? numbers[5] : null);

        void RequireAngle(string name, float angle, float most, string limit)
        {
            // The limits round up a little, so that 1.5708 is straight up.
            if (MathF.Abs(angle) <= most + 1e-4f)
                return;
            string radians = (angle * (Math.PI / 180)).ToString("0.####", CultureInfo.InvariantCulture);
            string degrees = angle.ToString(CultureInfo.InvariantCulture);
            throw new OptionException(
                $"{option} {text}: the {name} is beyond {limit}; angles are in radians, and {degrees} degrees are "
                + $"{radians}.");
        }
    }

    /// <summary>The camera for a model.</summary>
    /// <param name="usual">The field of view if none was given, in degrees.</param>
    /// <param name="model">The options of the model, which may prescribe a field of view.</param>
    /// <exception cref="OptionException">The model takes all pictures to have another field of view.</exception>
    public Camera ToCamera(float usual, ModelOptions model)
    {
        if (model is { NeedsBounds: true, FieldOfViewDegrees: { } known } && FieldOfViewDegrees is { } given
            && Math.Abs(known - given) > 1e-3)
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Option}: the model takes all pictures to have a field of view of {known} degrees "
                + $"(model.fieldOfViewDegrees), so {given} would not be seen: leave it out."));
        }

        return Pose with { FieldOfViewDegrees = FieldOfViewDegrees ?? usual };
    }
}

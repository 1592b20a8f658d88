using System.Numerics;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>The box that the scenes lie in, in world units; a side that is not given is that of the environment, or of
/// what the cameras of a data set see.</summary>
public sealed record BoundsOptions
{
    /// <summary>The least x.</summary>
    public double? MinX { get; init; }

    /// <summary>The greatest x.</summary>
    public double? MaxX { get; init; }

    /// <summary>The least y.</summary>
    public double? MinY { get; init; }

    /// <summary>The greatest y.</summary>
    public double? MaxY { get; init; }

    /// <summary>The least z.</summary>
    public double? MinZ { get; init; }

    /// <summary>The greatest z.</summary>
    public double? MaxZ { get; init; }

    /// <summary>The same with the sides that are missing.</summary>
    internal BoundsOptions CompletedBy(SceneBounds scenes) => new()
    {
        MinX = MinX ?? Rounded(scenes.Low.X),
        MaxX = MaxX ?? Rounded(scenes.High.X),
        MinY = MinY ?? Rounded(scenes.Low.Y),
        MaxY = MaxY ?? Rounded(scenes.High.Y),
        MinZ = MinZ ?? Rounded(scenes.Low.Z),
        MaxZ = MaxZ ?? Rounded(scenes.High.Z),
    };

    /// <summary>The box.</summary>
    /// <exception cref="OptionException">A side is missing, or the box has no inside.</exception>
    public SceneBounds ToBounds() => new(
        new Vector3(Side(MinX, "minX"), Side(MinY, "minY"), Side(MinZ, "minZ")),
        new Vector3(
            Above(MaxX, MinX, "maxX", "minX"), Above(MaxY, MinY, "maxY", "minY"), Above(MaxZ, MinZ, "maxZ", "minZ")));

    // A tenth of a thousandth of a unit is finer than any grid, and keeps config.json readable.
    private static double Rounded(float side) => Math.Round(side, 4);

    private static float Side(double? value, string name)
    {
        if (value is not { } side || !double.IsFinite(side))
        {
            throw new OptionException(
                $"model.bounds.{name} is missing: give the box that the scenes lie in, in world units.");
        }

        return (float)side;
    }

    private static float Above(double? high, double? low, string highName, string lowName)
    {
        float side = Side(high, highName), other = Side(low, lowName);
        if (!(side > other))
            throw new OptionException($"model.bounds.{highName} {high} must be above model.bounds.{lowName} {low}.");
        return side;
    }
}

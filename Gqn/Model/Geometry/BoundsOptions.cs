using System.Numerics;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>The bounding box of the scenes, in world units; sides that are not given are those of the environment, or
/// are estimated from the cameras of a data set.</summary>
public sealed record BoundsOptions
{
    /// <summary>Lower bound of x.</summary>
    public double? MinX { get; init; }

    /// <summary>Upper bound of x.</summary>
    public double? MaxX { get; init; }

    /// <summary>Lower bound of y.</summary>
    public double? MinY { get; init; }

    /// <summary>Upper bound of y.</summary>
    public double? MaxY { get; init; }

    /// <summary>Lower bound of z.</summary>
    public double? MinZ { get; init; }

    /// <summary>Upper bound of z.</summary>
    public double? MaxZ { get; init; }

    /// <summary>A copy with the missing sides filled in.</summary>
    internal BoundsOptions CompletedBy(SceneBounds scenes) => new()
    {
        MinX = MinX ?? Rounded(scenes.Low.X),
        MaxX = MaxX ?? Rounded(scenes.High.X),
        MinY = MinY ?? Rounded(scenes.Low.Y),
        MaxY = MaxY ?? Rounded(scenes.High.Y),
        MinZ = MinZ ?? Rounded(scenes.Low.Z),
        MaxZ = MaxZ ?? Rounded(scenes.High.Z),
    };

    /// <summary>Converts to a box.</summary>
    /// <exception cref="OptionException">A side is missing, or the box is empty.</exception>
    public SceneBounds ToBounds() => new(
        new Vector3(Side(MinX, "minX"), Side(MinY, "minY"), Side(MinZ, "minZ")),
        new Vector3(
            Above(MaxX, MinX, "maxX", "minX"), Above(MaxY, MinY, "maxY", "minY"), Above(MaxZ, MinZ, "maxZ", "minZ")));

    // 0.0001 units is finer than any grid, and keeps config.json readable.
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

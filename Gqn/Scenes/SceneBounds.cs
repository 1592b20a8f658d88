using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>The box that what can be seen of an environment's scenes lies in, walls of rooms included.</summary>
/// <param name="Low">The corner of the least coordinates, in world units.</param>
/// <param name="High">The corner of the greatest coordinates, in world units.</param>
public readonly record struct SceneBounds(Vector3 Low, Vector3 High)
{
    /// <summary>A square box on the floor about the origin.</summary>
    /// <param name="halfSide">Half its side, in world units.</param>
    /// <param name="height">Its height, in world units.</param>
    internal static SceneBounds OnFloor(float halfSide, float height) =>
        new(new Vector3(-halfSide, -halfSide, 0), new Vector3(halfSide, halfSide, height));

    /// <summary>The middle of the box.</summary>
    public Vector3 Centre => (Low + High) / 2;

    /// <summary>Lengths of its edges.</summary>
    public Vector3 Size => High - Low;

    /// <summary>Half the longer of its horizontal edges: the length that distances are measured in.</summary>
    public float Radius => MathF.Max(Size.X, Size.Y) / 2;
}

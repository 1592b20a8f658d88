using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A box around everything visible in an environment's scenes, including the walls of rooms.</summary>
/// <param name="Low">The corner with the smallest coordinates, in world units.</param>
/// <param name="High">The corner with the largest coordinates, in world units.</param>
public readonly record struct SceneBounds(Vector3 Low, Vector3 High)
{
    /// <summary>A box on the floor with a square base centred at the origin.</summary>
    /// <param name="halfSide">Half the side of the base, in world units.</param>
    /// <param name="height">The height of the box, in world units.</param>
    internal static SceneBounds OnFloor(float halfSide, float height) =>
        new(new Vector3(-halfSide, -halfSide, 0), new Vector3(halfSide, halfSide, height));

    /// <summary>The centre of the box.</summary>
    public Vector3 Centre => (Low + High) / 2;

    /// <summary>The edge lengths of the box.</summary>
    public Vector3 Size => High - Low;

    /// <summary>Half the longer of its horizontal edges: the unit of length for the network.</summary>
    public float Radius => MathF.Max(Size.X, Size.Y) / 2;
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>A square room without a ceiling, under a sky. Its walls are visible only from inside: a camera outside
/// looks through them.</summary>
/// <param name="halfSide">Half the side of the room; it is centred at the origin, its floor at height 0.</param>
/// <param name="height">The height of the walls, in world units.</param>
/// <param name="floorTile">The side of the square that the floor's texture covers once.</param>
/// <param name="wall">The texture of the walls.</param>
/// <param name="floor">The texture of the floor.</param>
internal sealed class RoomSurroundings(float halfSide, float height, float floorTile, RoomWall wall, RoomFloor floor)
{
    /// <summary>The surface numbers: the floor, then walls at +x, −x, +y, −y; the sky is 0.</summary>
    private const int Floor = 1 << 1, Wall = 2 << 1;

    private readonly TwoToneTexture _wall = TextureTables.Of(wall);
    private readonly TwoToneTexture _floor = TextureTables.Of(floor);

    /// <summary>The colour of the sky, as measured in the released images.</summary>
    public static Vector3 Sky { get; } = new Vector3(154, 226, 250) / 255f;

    /// <summary>Half the side of the room, in world units.</summary>
    public float HalfSide => halfSide;

    /// <summary>Traces rays in the empty room.</summary>
    public PacketHits Trace(Vector3 origin, in RayPacket rays)
    {
        Vector256<float> zero = Vector256<float>.Zero, half = Vector256.Create(halfSide);
        // The room is a prism over a square: a ray leaves it through the first of its axis-aligned walls that it
        // reaches, and never entered it if it left one pair of walls before it came between the other.
        var signedX = Vector256.CopySign(half, rays.Direction.X);
        var signedY = Vector256.CopySign(half, rays.Direction.Y);
        Vector256<float> ox = Vector256.Create(origin.X), oy = Vector256.Create(origin.Y);
        Vector256<float> exitX = (signedX - ox) * rays.Inverse.X, exitY = (signedY - oy) * rays.Inverse.Y;
        var enter = RayLanes.Greater((-signedX - ox) * rays.Inverse.X, (-signedY - oy) * rays.Inverse.Y);
        var isX = Vector256.LessThan(exitX, exitY);
        var exit = Vector256.ConditionalSelect(isX, exitX, exitY);
        var inside = Vector256.LessThanOrEqual(enter, exit) & Vector256.GreaterThan(exit, zero);

        var down = rays.Inverse.Z * -origin.Z;
        var isFloor = inside & Vector256.GreaterThan(down, zero)
            & Vector256.LessThan(rays.Direction.Z, zero)
            & Vector256.GreaterThanOrEqual(down, enter) & Vector256.LessThanOrEqual(down, exit);
        var top = Vector256.Create(origin.Z) + (exit * rays.Direction.Z);
        // Below the floor before it reaches the room; the sign of the height would depend on rounding where wall and
        // floor meet.
        var under = Vector256.LessThan(rays.Direction.Z, zero) & Vector256.LessThan(down, enter);
        var isWall = Vector256.AndNot(inside, isFloor | under)
            & Vector256.LessThanOrEqual(top, Vector256.Create(height));

        // The axis, x or y, then one of its two sides.
        var number = Vector256.ConditionalSelect(
            isX.AsInt32(), Vector256.Create(Wall), Vector256.Create(Wall + 4))
            - (Vector256.LessThan(
                Vector256.ConditionalSelect(isX, rays.Direction.X, rays.Direction.Y), zero).AsInt32() * 2);
        var one = Vector256<float>.One;
        return new PacketHits
        {
            Distance = Vector256.ConditionalSelect(
                isFloor, down, Vector256.ConditionalSelect(isWall, exit, RayLanes.Infinity)),
            Surface = Vector256.ConditionalSelect(
                isFloor.AsInt32(), Vector256.Create(Floor), number & isWall.AsInt32()),
            Normal = new Vector3x8(
                -Vector256.CopySign(one, rays.Direction.X) & isWall & isX,
                Vector256.AndNot(-Vector256.CopySign(one, rays.Direction.Y) & isWall, isX),
                one & isFloor),
        };
    }

    /// <summary>The colours of floor and walls under a light of brightness 1; undefined for other surfaces.</summary>
    /// <param name="hits">The hits of the rays.</param>
    /// <param name="point">The points that are hit.</param>
    /// <param name="rays">The rays of the hits.</param>
    /// <param name="step">The side of a pixel at distance 1.</param>
    public Vector3x8 Albedo(in PacketHits hits, in Vector3x8 point, in RayPacket rays, float step)
    {
        // Ignore the lowest bit, which marks shadows; numbers from PrimitiveShift on are primitives.
        var surface = hits.Surface & Vector256.Create(~1);
        var isFloor = Vector256.Equals(surface, Vector256.Create(Floor)).AsSingle();
        var isWall = (Vector256.GreaterThan(surface, Vector256.Create(Floor))
            & Vector256.LessThan(surface, Vector256.Create(1 << PacketHits.PrimitiveShift))).AsSingle();
        var pixel = hits.Distance * step;
        var half = Vector256.Create(halfSide);
        Vector3x8 colour = default;
        if (RayLanes.Any(isFloor))
        {
            float scale = 1 / floorTile;
            colour = _floor.Sample(
                Inside((point.X + half) * scale, isFloor), Inside((point.Y + half) * scale, isFloor),
                Inside(pixel * Vector256.Abs(rays.Inverse.Z) * scale, isFloor));
        }

        if (RayLanes.Any(isWall))
        {
            float scale = 1 / height;
            var isX = Vector256.LessThan(surface, Vector256.Create(Wall + 4)).AsSingle();
            // The texture starts at each wall's left end, seen from inside.
            var one = Vector256<float>.One;
            var along = Vector256.ConditionalSelect(
                isX, -point.Y * Vector256.CopySign(one, point.X), point.X * Vector256.CopySign(one, point.Y));
            var slant = Vector256.Abs(
                Vector256.ConditionalSelect(isX, rays.Inverse.X, rays.Inverse.Y));
            colour = Vector3x8.Select(isWall, _wall.Sample(
                Inside((along + half) * scale, isWall), Inside(point.Z * scale, isWall),
                Inside(pixel * slant * scale, isWall)), colour);
        }

        return colour;
    }

    /// <summary>Positive values in all lanes, as lookups need them; lanes outside the mask get a constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Inside(Vector256<float> value, Vector256<float> mask) =>
        RayLanes.Greater(Vector256.Create(1e-6f), value & mask);
}

using System.Numerics;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Primitives in a room, lit by a spot light that casts shadows.</summary>
internal sealed class RoomGeometry : SceneGeometry
{
    /// <summary>Shadow rays start at this fraction of the way to the light, beyond the rounding error of their
    /// origin.</summary>
    private const float ShadowStart = 1e-4f;

    private readonly Primitive[] _primitives;
    private readonly RoomSurroundings _room;
    private readonly SpotLight _light;

    /// <summary>Where primitives can cast shadows: their rectangles on a plane at distance 1 below the light.</summary>
    private readonly Rectangles _shadows;

    /// <param name="primitives">The primitives in the room.</param>
    /// <param name="room">The walls, floor and sky.</param>
    /// <param name="light">The room's light.</param>
    /// <exception cref="ArgumentException">There are more primitives than a scene can have.</exception>
    public RoomGeometry(Primitive[] primitives, RoomSurroundings room, SpotLight light)
    {
        if (primitives.Length > RayCaster.MaxPrimitives)
        {
            throw new ArgumentException(
                $"A scene can have {RayCaster.MaxPrimitives} primitives, not {primitives.Length}.",
                nameof(primitives));
        }

        (_primitives, _room, _light) = (primitives, room, light);
        foreach (ref readonly var primitive in primitives.AsSpan())
            _shadows.AddBelow(primitive, light.Position);
    }

    /// <summary>The primitives in the room.</summary>
    public ReadOnlySpan<Primitive> Primitives => _primitives;

    /// <summary>The room's light.</summary>
    public SpotLight Light => _light;

    public override (Vector2 Low, Vector2 High)? Walls => (new(-_room.HalfSide), new(_room.HalfSide));

    public override void Render(in Camera camera, int size, Span<byte> rgb, Span<byte> parts, Span<float> depth) =>
        RayCaster.Render(_primitives, new RoomShading(this), camera, size, rgb, parts, depth);

    /// <summary>Mask of those of eight points that lie in shadow.</summary>
    /// <param name="point">The points to test.</param>
    /// <param name="towards">The vectors from the points to the light.</param>
    /// <param name="asked">Mask of the lanes to test; the others count as not in shadow.</param>
    private Vector256<float> Shadowed(in Vector3x8 point, in Vector3x8 towards, Vector256<float> asked)
    {
        var shadowed = Vector256<float>.Zero;
        if (!RayLanes.Any(asked))
            return shadowed;
        ulong candidates = _shadows.MeetingBelow(towards, asked);
        if (candidates == 0)
            return shadowed;
        var rays = new RayPacket(towards);
        for (; candidates != 0; candidates &= candidates - 1)
        {
            ref readonly var primitive = ref _primitives[BitOperations.TrailingZeroCount(candidates)];
            var entries = Intersection.Enter(primitive, point, rays, ShadowStart);
            shadowed |= Vector256.LessThan(entries.Distance, Vector256<float>.One);
            if (!RayLanes.Any(Vector256.AndNot(asked, shadowed)))
                break;
        }

        return shadowed & asked;
    }

    private readonly struct RoomShading(RoomGeometry geometry) : IShading
    {
        public static bool HasSurroundings => true;

        public PacketHits Surroundings(in PinholeView view, in RayPacket rays) =>
            geometry._room.Trace(view.Origin, rays);

        public Vector3x8 Shade(in PinholeView view, in RayPacket rays, ref PacketHits hits)
        {
            var zero = Vector256<float>.Zero;
            var isSky = Vector256.Equals(hits.Surface, Vector256<int>.Zero).AsSingle();
            var sky = Vector3x8.Create(RoomSurroundings.Sky);
            if (Vector256.ExtractMostSignificantBits(isSky) == 0xFF)
                return sky;
            var distance = Vector256.ConditionalSelect(isSky, zero, hits.Distance);
            var point = Vector3x8.Create(view.Origin) + (rays.Direction * distance);

            var albedo = geometry._room.Albedo(hits, point, rays, view.Step);
            var shine = zero;
            for (ulong rest = hits.Primitives; rest != 0; rest &= rest - 1)
            {
                int number = BitOperations.TrailingZeroCount(rest);
                ref readonly var primitive = ref geometry._primitives[number];
                var mask = Vector256.Equals(
                    hits.Surface >> PacketHits.PrimitiveShift, Vector256.Create(number + 1)).AsSingle();
                if (!RayLanes.Any(mask))
                    continue;
                var outwards = Intersection.Normal(
                    primitive, point, PacketHits.FaceOf(hits.Surface) & mask.AsInt32());
                hits.Normal = Vector3x8.Select(mask, outwards, hits.Normal);
                albedo = Vector3x8.Select(mask, Vector3x8.Create(primitive.Colour), albedo);
                shine = Vector256.ConditionalSelect(mask, Vector256.Create(primitive.Shine), shine);
            }

            var options = geometry._light.Options;
            var light = geometry._light.At(point, hits.Normal);
            var asked = Vector256.AndNot(SpotLight.Matters(light), isSky);
            var shadowed = geometry.Shadowed(point, light.Towards, asked);
            hits.Surface -= shadowed.AsInt32();

            var head = RayLanes.Greater(
                -Vector3x8.Dot(rays.Direction, hits.Normal) * rays.InverseLength, zero);
            var brightness = Vector256.Create(options.Ambient) + (head * options.Headlight)
                + Vector256.AndNot(light.Diffuse * options.Spot, shadowed);
            var colour = albedo * brightness;
            if (RayLanes.Any(Vector256.GreaterThan(shine, zero)))
            {
                var half = (light.Towards * light.InverseDistance) - (rays.Direction * rays.InverseLength);
                var cosine = RayLanes.Greater(Vector3x8.Dot(half, hits.Normal), zero)
                    / Vector256.Sqrt(RayLanes.Greater(Vector3x8.Dot(half, half), Vector256.Create(1e-12f)));
                var highlight = Vector256.AndNot(
                    RayLanes.Power(cosine, options.Shininess) * light.Beam * shine * options.Specular, shadowed);
                colour += new Vector3x8(highlight, highlight, highlight);
            }

            var white = Vector256<float>.One;
            colour = new Vector3x8(
                RayLanes.Lesser(colour.X, white), RayLanes.Lesser(colour.Y, white), RayLanes.Lesser(colour.Z, white));
            return Vector3x8.Select(isSky, sky, colour);
        }
    }
}

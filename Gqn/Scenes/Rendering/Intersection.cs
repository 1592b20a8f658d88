using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The points where eight rays enter a primitive.</summary>
/// <param name="distance">The distance along each ray, in multiples of its direction; +∞ if it misses.</param>
/// <param name="face">The primitive's smooth face at that point; undefined if the ray misses.</param>
internal readonly struct Entries(Vector256<float> distance, Vector256<int> face)
{
    public readonly Vector256<float> Distance = distance;
    public readonly Vector256<int> Face = face;
}

/// <summary>Intersects rays with primitives in closed form: exact but for rounding.</summary>
internal static class Intersection
{
    /// <summary>Finds where rays first enter a primitive beyond a distance. A ray that starts inside does not enter it,
    /// unless it comes out of a hole.</summary>
    /// <param name="primitive">The primitive that the rays may hit.</param>
    /// <param name="origin">The origin of the rays, in world coordinates.</param>
    /// <param name="rays">The directions of the rays, in world coordinates.</param>
    /// <param name="minimum">Entries at or below this distance are ignored; at least 0.</param>
    public static Entries Enter(in Primitive primitive, in Vector3x8 origin, in RayPacket rays, float minimum)
    {
        ref readonly var frame = ref primitive.Frame;
        var nearest = Vector256.Create(minimum);
        var from = origin - Vector3x8.Create(frame.Origin);
        if (primitive.Kind == PrimitiveKind.Box && frame.IsAligned)
            return Polyhedra.Box(primitive, from, rays.Inverse, nearest);

        // Each ray's origin moves to its point nearest to the centre: there all numbers have the scale of the
        // primitive, so little is lost to cancellation; and it identifies the rays that miss.
        var ray = frame.ToLocal(rays.Direction);
        from = frame.ToLocal(from);
        var shift = -Vector3x8.Dot(from, ray) / Vector3x8.Dot(ray, ray);
        from += ray * shift;
        float radius = primitive.BoundingRadiusSquared;
        if (!RayLanes.Any(Vector256.LessThan(Vector3x8.Dot(from, from), Vector256.Create(radius))))
            return new Entries(RayLanes.Infinity, default);
        nearest -= shift;
        var entries = primitive.Kind switch
        {
            PrimitiveKind.Box => Polyhedra.Box(primitive, from, Reciprocal(ray), nearest),
            PrimitiveKind.Sphere => Quadrics.Sphere(primitive, from, ray, nearest),
            PrimitiveKind.Capsule => Quadrics.Capsule(primitive, from, ray, nearest),
            PrimitiveKind.Cylinder => Quadrics.Cylinder(primitive, from, ray, nearest),
            PrimitiveKind.Cone => Quadrics.Cone(primitive, from, ray, nearest),
            PrimitiveKind.Icosahedron => Polyhedra.Icosahedron(primitive, from, ray, nearest),
            _ => Polyhedra.TriangleFrame(primitive, from, ray, nearest),
        };
        return new Entries(entries.Distance + shift, entries.Face);
    }

    /// <summary>The outward unit normals, in world coordinates, at the points where rays enter.</summary>
    /// <param name="primitive">The primitive that the rays enter.</param>
    /// <param name="point">Points on its surface, in the world; others give finite but meaningless vectors.</param>
    /// <param name="face">The faces that the points lie on.</param>
    public static Vector3x8 Normal(in Primitive primitive, in Vector3x8 point, Vector256<int> face)
    {
        ref readonly var frame = ref primitive.Frame;
        var at = frame.ToLocal(point - Vector3x8.Create(frame.Origin));
        return frame.ToWorld(primitive.Kind switch
        {
            PrimitiveKind.Box => Polyhedra.BoxNormal(face),
            PrimitiveKind.Sphere => Quadrics.SphereNormal(at),
            PrimitiveKind.Capsule => Quadrics.CapsuleNormal(primitive, at),
            PrimitiveKind.Cylinder => Quadrics.CylinderNormal(at, face),
            PrimitiveKind.Cone => Quadrics.ConeNormal(primitive, at, face),
            PrimitiveKind.Icosahedron => Polyhedra.IcosahedronNormal(face),
            _ => Polyhedra.TriangleFrameNormal(face),
        });
    }

    /// <summary>1/d, per component.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 Reciprocal(in Vector3x8 d) =>
        new(RayLanes.Reciprocal(d.X), RayLanes.Reciprocal(d.Y), RayLanes.Reciprocal(d.Z));
}

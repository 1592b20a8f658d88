using System.Numerics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The shapes with exact ray intersections. Each fills its local box.</summary>
internal enum PrimitiveKind
{
    /// <summary>The local box itself.</summary>
    Box,

    /// <summary>A ball around the local origin.</summary>
    Sphere,

    /// <summary>A cylinder along z with hemispherical ends.</summary>
    Capsule,

    /// <summary>A cylinder along z.</summary>
    Cylinder,

    /// <summary>A cone along z with its apex on top.</summary>
    Cone,

    /// <summary>Twenty triangles around the local origin, resting on one of them.</summary>
    Icosahedron,

    /// <summary>An upright equilateral triangle of three square bars with mitred ends, a hole between them; it lies in
    /// the x-z plane with its apex on top.</summary>
    TriangleFrame,
}

/// <summary>A solid shape in the world.</summary>
/// <remarks>For all shapes but boxes, the local origin is the centre of the local box, and so the centre of a bounding
/// sphere.</remarks>
/// <param name="Kind">The shape.</param>
/// <param name="Frame">The position and orientation of the primitive.</param>
/// <param name="Low">The corner of the local box with the smallest coordinates.</param>
/// <param name="High">The corner of the local box with the largest coordinates.</param>
/// <param name="Colour">R, G, B in 0..1 under a light of brightness 1.</param>
/// <param name="Part">The number of its pixels in the part map, from 1. Several primitives can form one part.</param>
/// <param name="Shine">The strength of its highlight, as a multiple of the light's; 0 is matt.</param>
internal readonly record struct Primitive(
    PrimitiveKind Kind, Frame Frame, Vector3 Low, Vector3 High, Vector3 Colour, byte Part, float Shine = 0)
{
    /// <summary>The position and orientation of the primitive.</summary>
    public readonly Frame Frame = Frame;

    /// <summary>The squared radius of a bounding sphere around the local origin, slightly enlarged against rounding.
    /// For boxes with their origin elsewhere it is not tight.</summary>
    public readonly float BoundingRadiusSquared = 1.0001f * Kind switch
    {
        PrimitiveKind.Sphere or PrimitiveKind.Icosahedron => High.X * High.X,
        PrimitiveKind.Capsule => High.Z * High.Z,
        _ => Square(Vector3.Max(Vector3.Abs(Low), Vector3.Abs(High))),
    };

    /// <summary>The inradius of an icosahedron as a multiple of its circumradius, √((5 + 2√5) / 15): the height of its
    /// centre when it rests on a face.</summary>
    public const float IcosahedronInradius = .79465447f;

    /// <summary>A box with edges of the given lengths, centred at the frame's origin.</summary>
    public static Primitive Box(Frame frame, Vector3 size, Vector3 colour, byte part, float shine = 0) =>
        Centred(PrimitiveKind.Box, frame, size * .5f, colour, part, shine);

    /// <summary>A sphere.</summary>
    public static Primitive Sphere(Vector3 centre, float radius, Vector3 colour, byte part, float shine = 0) =>
        Centred(PrimitiveKind.Sphere, Frame.At(centre), new Vector3(radius), colour, part, shine);

    /// <summary>All points within a radius of a line segment; a sphere if the segment is a point.</summary>
    public static Primitive Capsule(
        Vector3 from, Vector3 to, float radius, Vector3 colour, byte part, float shine = 0)
    {
        if (from == to)
            return Sphere(from, radius, colour, part, shine);
        var half = (to - from) * .5f;
        float length = MathF.Sqrt(Square(half));
        return Centred(PrimitiveKind.Capsule, Frame.Along((from + to) * .5f, half),
            new Vector3(radius, radius, length + radius), colour, part, shine);
    }

    /// <summary>A cylinder between the centres of its ends; a short one is a disc, or a ring around a thinner
    /// link.</summary>
    public static Primitive Cylinder(
        Vector3 from, Vector3 to, float radius, Vector3 colour, byte part, float shine = 0)
    {
        var half = (to - from) * .5f;
        return Centred(PrimitiveKind.Cylinder, Frame.Along((from + to) * .5f, half),
            new Vector3(radius, radius, MathF.Sqrt(Square(half))), colour, part, shine);
    }

    /// <summary>An upright cone; its foot is the centre of its base.</summary>
    public static Primitive Cone(
        Vector3 foot, float radius, float height, Vector3 colour, byte part, float shine = 0) =>
        Centred(PrimitiveKind.Cone, Frame.At(foot + new Vector3(0, 0, height * .5f)),
            new Vector3(radius, radius, height * .5f), colour, part, shine);

    /// <summary>An icosahedron around the frame's origin, with the given circumradius; the normal of its lowest face is
    /// −z.</summary>
    public static Primitive Icosahedron(Frame frame, float radius, Vector3 colour, byte part, float shine = 0) =>
        Centred(PrimitiveKind.Icosahedron, frame, new Vector3(radius), colour, part, shine);

    /// <summary>A triangle of three bars, given by its outer side and the side of the bars' square sections; the
    /// frame's origin is at half its height.</summary>
    public static Primitive TriangleFrame(
        Frame frame, float side, float bar, Vector3 colour, byte part, float shine = 0) =>
        Centred(PrimitiveKind.TriangleFrame, frame, new Vector3(side, bar, side * Sin60) * .5f, colour, part, shine);

    /// <summary>sin 60°.</summary>
    internal const float Sin60 = .8660254f;

    private static float Square(Vector3 v) => (v.X * v.X) + (v.Y * v.Y) + (v.Z * v.Z);

    private static Primitive Centred(
        PrimitiveKind kind, Frame frame, Vector3 half, Vector3 colour, byte part, float shine) =>
        new(kind, frame, -half, half, colour, part, shine);
}

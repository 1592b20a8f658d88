using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Intersects rays with shapes with flat faces, in local coordinates.</summary>
internal static class Polyhedra
{
    /// <summary>Normals of ten faces of an icosahedron; the other ten are opposite. The last one is z.</summary>
    private static readonly Vector3[] IcosahedronAxes = MakeIcosahedronAxes();

    /// <summary>Bottom, right, left, −y and +y faces; then the bottom, right and left faces of the hole.</summary>
    private static readonly Vector3[] TriangleFrameNormals =
    [
        -Vector3.UnitZ, new(Primitive.Sin60, 0, .5f), new(-Primitive.Sin60, 0, .5f), -Vector3.UnitY, Vector3.UnitY,
        Vector3.UnitZ, new(-Primitive.Sin60, 0, -.5f), new(Primitive.Sin60, 0, -.5f),
    ];

    /// <summary>A ray is inside a box while it is between both planes of all three pairs. The face is 2·axis + (0 on
    /// the low side, 1 on the high side).</summary>
    public static Entries Box(
        in Primitive box, in Vector3x8 from, in Vector3x8 inverse, Vector256<float> minimum)
    {
        var x = new Slab(box.Low.X, box.High.X, from.X, inverse.X);
        var y = new Slab(box.Low.Y, box.High.Y, from.Y, inverse.Y);
        var z = new Slab(box.Low.Z, box.High.Z, from.Z, inverse.Z);
        var enter = x.Enter;
        var face = HighSide(inverse.X);
        var later = Vector256.GreaterThan(y.Enter, enter);
        enter = Vector256.ConditionalSelect(later, y.Enter, enter);
        face = Vector256.ConditionalSelect(later.AsInt32(), HighSide(inverse.Y) + Vector256.Create(2), face);
        later = Vector256.GreaterThan(z.Enter, enter);
        enter = Vector256.ConditionalSelect(later, z.Enter, enter);
        face = Vector256.ConditionalSelect(later.AsInt32(), HighSide(inverse.Z) + Vector256.Create(4), face);
        var hit = Vector256.LessThanOrEqual(enter, x.Leave)
            & Vector256.LessThanOrEqual(enter, y.Leave)
            & Vector256.LessThanOrEqual(enter, z.Leave)
            & Vector256.GreaterThan(enter, minimum);
        return new Entries(Vector256.ConditionalSelect(hit, enter, RayLanes.Infinity), face);

        // 1 for a ray that goes down the axis: it enters on the high side.
        static Vector256<int> HighSide(Vector256<float> inverse) =>
            -Vector256.LessThan(inverse, Vector256<float>.Zero).AsInt32();
    }

    /// <summary>A ray is inside while it is between all ten pairs of opposite planes. The face is 2·axis + (0 on the
    /// side of the axis, 1 opposite).</summary>
    public static Entries Icosahedron(
        in Primitive icosahedron, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        var inradius = Vector256.Create(icosahedron.High.X * Primitive.IcosahedronInradius);
        Vector256<float> enter = -RayLanes.Infinity, leave = RayLanes.Infinity;
        Vector256<int> face = default;
        for (int axis = 0; axis < IcosahedronAxes.Length; axis++)
        {
            var normal = IcosahedronAxes[axis];
            var inverse = RayLanes.Reciprocal(Vector3x8.Dot(ray, normal));
            var middle = -Vector3x8.Dot(from, normal) * inverse;
            var half = inradius * Vector256.Abs(inverse);
            var later = Vector256.GreaterThan(middle - half, enter);
            enter = Vector256.ConditionalSelect(later, middle - half, enter);
            // A ray that goes up the axis comes from the opposite side.
            var side = Vector256.Create(2 * axis)
                - Vector256.GreaterThan(inverse, Vector256<float>.Zero).AsInt32();
            face = Vector256.ConditionalSelect(later.AsInt32(), side, face);
            leave = RayLanes.Lesser(leave, middle + half);
        }

        var hit = Vector256.LessThanOrEqual(enter, leave) & Vector256.GreaterThan(enter, minimum);
        return new Entries(Vector256.ConditionalSelect(hit, enter, RayLanes.Infinity), face);
    }

    /// <summary>The outer triangle's prism minus the infinite prism of the hole: a ray that reaches the outer prism
    /// within the hole enters where it leaves the hole.</summary>
    public static Entries TriangleFrame(
        in Primitive frame, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        float bar = frame.High.Y - frame.Low.Y;
        var slab = new Slab(frame.Low.Y, frame.High.Y, from.Y, RayLanes.Reciprocal(ray.Y));
        Vector256<float> enter = slab.Enter, leave = slab.Leave;
        var enterFace = Vector256.Create(3)
            - Vector256.LessThan(ray.Y, Vector256<float>.Zero).AsInt32();
        Vector256<float> hole = -RayLanes.Infinity, holeEnd = RayLanes.Infinity;
        Vector256<int> holeFace = default;
        for (int side = 0; side < 3; side++)
        {
            var normal = TriangleFrameNormals[side];
            float offset = side == 0 ? -frame.Low.Z : frame.High.Z * normal.Z;
            Vector256<float> towards = Vector3x8.Dot(ray, normal), inverse = RayLanes.Reciprocal(towards);
            var outer = (Vector256.Create(offset) - Vector3x8.Dot(from, normal)) * inverse;
            var inner = (Vector256.Create(offset - bar) - Vector3x8.Dot(from, normal)) * inverse;
            var inwards = Vector256.LessThan(inverse, Vector256<float>.Zero);

            var later = inwards & Vector256.GreaterThan(outer, enter);
            enter = Vector256.ConditionalSelect(later, outer, enter);
            enterFace = Vector256.ConditionalSelect(later.AsInt32(), Vector256.Create(side), enterFace);
            leave = Vector256.ConditionalSelect(inwards, leave, RayLanes.Lesser(leave, outer));
            hole = Vector256.ConditionalSelect(inwards, RayLanes.Greater(hole, inner), hole);
            var earlier = Vector256.AndNot(Vector256.LessThan(inner, holeEnd), inwards);
            holeEnd = Vector256.ConditionalSelect(earlier, inner, holeEnd);
            holeFace = Vector256.ConditionalSelect(earlier.AsInt32(), Vector256.Create(5 + side), holeFace);
        }

        var inHole = Vector256.LessThan(hole, enter) & Vector256.LessThan(enter, holeEnd);
        var direct = Vector256.AndNot(
            Vector256.LessThanOrEqual(enter, leave) & Vector256.GreaterThan(enter, minimum), inHole);
        var behindHole = Vector256.LessThan(hole, holeEnd) & Vector256.LessThan(enter, holeEnd)
            & Vector256.LessThan(holeEnd, leave) & Vector256.GreaterThan(holeEnd, minimum);
        var distance = Vector256.ConditionalSelect(
            direct, enter, Vector256.ConditionalSelect(behindHole, holeEnd, RayLanes.Infinity));
        return new Entries(distance, Vector256.ConditionalSelect(direct.AsInt32(), enterFace, holeFace));
    }

    public static Vector3x8 BoxNormal(Vector256<int> face)
    {
        var sign = Vector256.ConvertToSingle(((face & Vector256<int>.One) * 2) - Vector256<int>.One);
        var axis = face >>> 1;
        return new Vector3x8(Along(0), Along(1), Along(2));

        Vector256<float> Along(int number) => sign & Vector256.Equals(axis, Vector256.Create(number)).AsSingle();
    }

    public static Vector3x8 IcosahedronNormal(Vector256<int> face)
    {
        var sign = Vector256.ConvertToSingle(Vector256<int>.One - ((face & Vector256<int>.One) * 2));
        return Lookup(IcosahedronAxes, face >>> 1) * sign;
    }

    public static Vector3x8 TriangleFrameNormal(Vector256<int> face) => Lookup(TriangleFrameNormals, face);

    private static Vector3x8 Lookup(ReadOnlySpan<Vector3> vectors, Vector256<int> index)
    {
        Span<float> x = stackalloc float[RayLanes.Count], y = stackalloc float[RayLanes.Count];
        Span<float> z = stackalloc float[RayLanes.Count];
        for (int lane = 0; lane < RayLanes.Count; lane++)
        {
            var vector = vectors[index[lane]];
            (x[lane], y[lane], z[lane]) = (vector.X, vector.Y, vector.Z);
        }

        return new Vector3x8(Vector256.Create<float>(x), Vector256.Create<float>(y), Vector256.Create<float>(z));
    }

    /// <summary>An icosahedron's face normals are the corners of a dodecahedron: (±1, ±1, ±1) and the cyclic
    /// permutations of (0, ±1/φ, ±φ). They are rotated so that (1, 1, 1) becomes z.</summary>
    private static Vector3[] MakeIcosahedronAxes()
    {
        double phi = (1 + Math.Sqrt(5)) / 2;
        List<(double X, double Y, double Z)> corners = [(1, 1, -1), (1, -1, 1), (-1, 1, 1)];
        foreach (double sign in new[] { 1.0, -1.0 })
        {
            corners.Add((0, sign / phi, phi));
            corners.Add((sign / phi, phi, 0));
            corners.Add((phi, 0, sign / phi));
        }

        corners.Add((1, 1, 1));
        double s = Math.Sqrt(3), two = Math.Sqrt(2), six = Math.Sqrt(6);
        return [.. corners.Select(c => new Vector3(
            (float)((c.X - c.Y) / two / s),
            (float)((c.X + c.Y - (2 * c.Z)) / six / s),
            (float)((c.X + c.Y + c.Z) / s / s)))];
    }

    /// <summary>The distances at which rays pass a pair of planes perpendicular to an axis.</summary>
    private readonly struct Slab
    {
        public readonly Vector256<float> Enter, Leave;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Slab(float low, float high, Vector256<float> from, Vector256<float> inverse)
        {
            var a = (Vector256.Create(low) - from) * inverse;
            var b = (Vector256.Create(high) - from) * inverse;
            Enter = RayLanes.Lesser(a, b);
            Leave = RayLanes.Greater(a, b);
        }
    }
}

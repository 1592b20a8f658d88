using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Intersects rays with round shapes, in local coordinates; the rays start near the shape.</summary>
internal static class Quadrics
{
    /// <summary>A sphere, |p|² = r².</summary>
    public static Entries Sphere(
        in Primitive sphere, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        var enter = EnterSphere(from, ray, Vector256.Create(sphere.High.X));
        return new Entries(Beyond(enter, minimum), Vector256<int>.Zero);
    }

    /// <summary>The first of the two distances to a sphere's surface; +∞ if the ray misses it.</summary>
    private static Vector256<float> EnterSphere(in Vector3x8 from, in Vector3x8 ray, Vector256<float> radius)
    {
        var length = Vector3x8.Dot(ray, ray);
        var middle = -Vector3x8.Dot(from, ray) / length;
        var nearest = from + (ray * middle);
        var inside = (radius * radius) - Vector3x8.Dot(nearest, nearest);
        return Vector256.ConditionalSelect(
            Vector256.GreaterThanOrEqual(inside, Vector256<float>.Zero),
            middle - Vector256.Sqrt(Vector256.Abs(inside) / length), RayLanes.Infinity);
    }

    /// <summary>The cylinder between the ends, or the ball on whose side the infinite cylinder is entered.</summary>
    public static Entries Capsule(
        in Primitive capsule, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        var tube = EnterTube(from, ray, capsule.High.X);
        var end = Vector256.Create(capsule.High.Z - capsule.High.X);
        var height = from.Z + (tube.Enter * ray.Z);
        var ball = EnterSphere(
            new Vector3x8(from.X, from.Y, from.Z - Vector256.CopySign(end, height)), ray,
            Vector256.Create(capsule.High.X));
        var enter = Vector256.ConditionalSelect(
            Vector256.LessThanOrEqual(Vector256.Abs(height), end), tube.Enter, ball);
        enter = Vector256.ConditionalSelect(tube.Hit, enter, RayLanes.Infinity);
        return new Entries(Beyond(enter, minimum), Vector256<int>.Zero);
    }

    /// <summary>Inside the infinite cylinder and between two planes; the faces are 0 round, 1 bottom, 2 top.</summary>
    public static Entries Cylinder(
        in Primitive cylinder, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        var tube = EnterTube(from, ray, cylinder.High.X);
        (var low, var high) = Slab(cylinder, from, ray);
        var enter = RayLanes.Greater(tube.Enter, low);
        var leave = RayLanes.Lesser(tube.Leave, high);
        var hit = tube.Hit & Vector256.LessThanOrEqual(enter, leave);
        return new Entries(
            Beyond(Vector256.ConditionalSelect(hit, enter, RayLanes.Infinity), minimum),
            EndFace(Vector256.GreaterThan(low, tube.Enter), ray));
    }

    /// <summary>x² + y² ≤ k²·w², where w ≥ 0 is the depth below the apex, above the base; faces are 0 round, 1
    /// base.</summary>
    public static Entries Cone(
        in Primitive cone, in Vector3x8 from, in Vector3x8 ray, Vector256<float> minimum)
    {
        float slope = cone.High.X / (cone.High.Z - cone.Low.Z);
        var k = Vector256.Create(slope * slope);
        var depth = Vector256.Create(cone.High.Z) - from.Z;
        var a = (ray.X * ray.X) + (ray.Y * ray.Y) - (k * ray.Z * ray.Z);
        var b = (from.X * ray.X) + (from.Y * ray.Y) + (k * depth * ray.Z);
        var c = (from.X * from.X) + (from.Y * from.Y) - (k * depth * depth);
        var discriminant = (b * b) - (a * c);
        var zero = Vector256<float>.Zero;

        // The root of larger magnitude is free of cancellation; the other follows from their product.
        var q = -(b + Vector256.CopySign(Vector256.Sqrt(RayLanes.Greater(discriminant, zero)), b));
        Vector256<float> one = q * RayLanes.Reciprocal(a), other = c * RayLanes.Reciprocal(q);
        Vector256<float> first = RayLanes.Lesser(one, other), second = RayLanes.Greater(one, other);

        // a > 0: the inside is between the roots. a < 0: it is outside them, where one side is the cone's mirror image
        // above the apex.
        Vector256<float> steep = Vector256.LessThan(a, zero), down = Vector256.LessThan(ray.Z, zero);
        var side = Vector256.ConditionalSelect(
            steep, Vector256.ConditionalSelect(down, second, -RayLanes.Infinity), first);
        var sideLeave = Vector256.ConditionalSelect(
            steep, Vector256.ConditionalSelect(down, RayLanes.Infinity, first), second);
        // Without real roots a flat ray misses; a steep one passes through the apex itself, up to rounding.
        var real = Vector256.GreaterThanOrEqual(discriminant, zero);

        (var low, var high) = Slab(cone, from, ray);
        var enter = RayLanes.Greater(side, low);
        var hit = real & Vector256.LessThanOrEqual(enter, RayLanes.Lesser(sideLeave, high));
        return new Entries(
            Beyond(Vector256.ConditionalSelect(hit, enter, RayLanes.Infinity), minimum),
            EndFace(Vector256.GreaterThan(low, side), ray));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 SphereNormal(in Vector3x8 at) =>
        at * RayLanes.Reciprocal(Vector256.Sqrt(Vector3x8.Dot(at, at)));

    public static Vector3x8 CapsuleNormal(in Primitive capsule, in Vector3x8 at)
    {
        var end = Vector256.Create(capsule.High.Z - capsule.High.X);
        var axis = RayLanes.Lesser(RayLanes.Greater(at.Z, -end), end);
        return SphereNormal(new Vector3x8(at.X, at.Y, at.Z - axis));
    }

    public static Vector3x8 CylinderNormal(in Vector3x8 at, Vector256<int> face)
    {
        var round = SphereNormal(new Vector3x8(at.X, at.Y, Vector256<float>.Zero));
        return WithEnds(round, face);
    }

    /// <summary>The gradient of x² + y² − k²·w².</summary>
    public static Vector3x8 ConeNormal(in Primitive cone, in Vector3x8 at, Vector256<int> face)
    {
        float slope = cone.High.X / (cone.High.Z - cone.Low.Z);
        var radius = Vector256.Sqrt((at.X * at.X) + (at.Y * at.Y));
        return WithEnds(SphereNormal(new Vector3x8(at.X, at.Y, radius * slope)), face);
    }

    /// <summary>The round normal for face 0, −z for face 1, z for face 2.</summary>
    private static Vector3x8 WithEnds(in Vector3x8 round, Vector256<int> face)
    {
        var isRound = Vector256.Equals(face, Vector256<int>.Zero).AsSingle();
        var end = Vector256.ConvertToSingle((face * 2) - Vector256.Create(3));
        return Vector3x8.Select(
            isRound, round, new Vector3x8(Vector256<float>.Zero, Vector256<float>.Zero, end));
    }

    /// <summary>0 if the round side is entered, else 1 for a ray from below, 2 for one from above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> EndFace(Vector256<float> byEnd, in Vector3x8 ray) => byEnd.AsInt32()
        & (Vector256<int>.One - Vector256.LessThan(ray.Z, Vector256<float>.Zero).AsInt32());

    /// <summary>The distances at which a ray is between the planes of both ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Enter, Vector256<float> Leave) Slab(
        in Primitive primitive, in Vector3x8 from, in Vector3x8 ray)
    {
        var inverse = RayLanes.Reciprocal(ray.Z);
        var a = (Vector256.Create(primitive.Low.Z) - from.Z) * inverse;
        var b = (Vector256.Create(primitive.High.Z) - from.Z) * inverse;
        return (RayLanes.Lesser(a, b), RayLanes.Greater(a, b));
    }

    /// <summary>The infinite cylinder around z.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Tube EnterTube(in Vector3x8 from, in Vector3x8 ray, float radius)
    {
        var length = (ray.X * ray.X) + (ray.Y * ray.Y);
        // A ray along the axis is always inside, or never.
        var inverse = RayLanes.Reciprocal(length);
        var middle = -((from.X * ray.X) + (from.Y * ray.Y)) * inverse;
        Vector256<float> x = from.X + (middle * ray.X), y = from.Y + (middle * ray.Y);
        var inside = Vector256.Create(radius * radius) - ((x * x) + (y * y));
        var half = Vector256.Sqrt(Vector256.Abs(inside) * inverse);
        return new Tube(
            Vector256.GreaterThanOrEqual(inside, Vector256<float>.Zero), middle - half, middle + half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Beyond(Vector256<float> enter, Vector256<float> minimum) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(enter, minimum), enter, RayLanes.Infinity);

    private readonly struct Tube(Vector256<float> hit, Vector256<float> enter, Vector256<float> leave)
    {
        public readonly Vector256<float> Hit = hit, Enter = enter, Leave = leave;
    }
}

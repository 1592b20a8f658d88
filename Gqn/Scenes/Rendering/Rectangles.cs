using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Bounding rectangles of primitives in a projection from one point. Testing eight of them against another
/// rectangle costs a few instructions.</summary>
internal struct Rectangles
{
    /// <summary>The maximum number of rectangles: their numbers are the bits of one word.</summary>
    public const int MaxCount = 64;

    /// <summary>Points less than this below a light, in world units, are not projected.</summary>
    private const float NotBelow = 1e-2f;

    /// <summary>Far above the rounding error at that distance, far below the size of a primitive.</summary>
    private const float ShadowMargin = 1e-4f;

    private Sides _left, _top, _right, _bottom;
    private int _count;

    private readonly ulong All => _count == 0 ? 0 : ulong.MaxValue >> (MaxCount - _count);

    /// <summary>Adds a rectangle; its number is the count before.</summary>
    public void Add(float left, float top, float right, float bottom)
    {
        _left[_count] = left;
        _top[_count] = top;
        _right[_count] = right;
        _bottom[_count] = bottom;
        _count++;
    }

    /// <summary>Bits of the rectangles that share more than a border with the given one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Meeting(float left, float top, float right, float bottom)
    {
        ulong meeting = 0;
        for (int i = 0; i < _count; i += RayLanes.Count)
        {
            var mask =
                Vector256.LessThan(Load(in _left, i), Vector256.Create(right))
                & Vector256.GreaterThan(Load(in _right, i), Vector256.Create(left))
                & Vector256.LessThan(Load(in _top, i), Vector256.Create(bottom))
                & Vector256.GreaterThan(Load(in _bottom, i), Vector256.Create(top));
            meeting |= (ulong)Vector256.ExtractMostSignificantBits(mask) << i;
        }
        // The last eight may be partly unused.
        return meeting & All;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(in Sides sides, int index) =>
        Vector256.LoadUnsafe(in sides[0], (nuint)index);

    /// <summary>Adds the rectangle of pixels that a primitive can touch, widened by a margin far above the rounding of
    /// a projection and far below a pixel.</summary>
    public void AddOnScreen(in Primitive primitive, in PinholeView view)
    {
        const float Margin = .01f;
        float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
        for (int corner = 0; corner < 8; corner++)
        {
            var at = Corner(primitive, corner) - view.Origin;
            if (!view.Project(at.X, at.Y, at.Z, out float column, out float row))
            {
                // A primitive that reaches behind the camera has no rectangle: it gets the whole image.
                Add(0, 0, view.Size, view.Size);
                return;
            }

            (left, right) = (Math.Min(left, column), Math.Max(right, column));
            (top, bottom) = (Math.Min(top, row), Math.Max(bottom, row));
        }

        Add(Pixel(left - Margin), Pixel(top - Margin), Pixel(right + Margin) + 1, Pixel(bottom + Margin) + 1);
    }

    /// <summary>Rounds a coordinate down to whole pixels, clamped to where floats represent them exactly.</summary>
    private static float Pixel(float at) => MathF.Floor(Math.Clamp(at, -1e6f, 1e6f));

    /// <summary>Adds the rectangle that a primitive covers on a plane at distance 1 below a light.</summary>
    public void AddBelow(in Primitive primitive, Vector3 light)
    {
        float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
        for (int corner = 0; corner < 8; corner++)
        {
            var from = light - Corner(primitive, corner);
            if (from.Z < NotBelow)
            {
                // A primitive that reaches the light's height can cast its shadow anywhere.
                Add(float.NegativeInfinity, float.NegativeInfinity, float.PositiveInfinity, float.PositiveInfinity);
                return;
            }

            (left, right) = (Math.Min(left, -from.X / from.Z), Math.Max(right, -from.X / from.Z));
            (top, bottom) = (Math.Min(top, -from.Y / from.Z), Math.Max(bottom, -from.Y / from.Z));
        }

        Add(left - ShadowMargin, top - ShadowMargin, right + ShadowMargin, bottom + ShadowMargin);
    }

    /// <summary>Bits of the rectangles that the rays from a light to eight points meet.</summary>
    /// <param name="towards">The vectors from the points to the light.</param>
    /// <param name="asked">Mask of the lanes that matter, at least one.</param>
    public readonly ulong MeetingBelow(in Vector3x8 towards, Vector256<float> asked)
    {
        if (RayLanes.Any(asked & Vector256.LessThan(towards.Z, Vector256.Create(NotBelow))))
            return All;
        Vector256<float> scale = Vector256<float>.One / towards.Z, none = RayLanes.Infinity;
        Vector256<float> x = -towards.X * scale, y = -towards.Y * scale;
        return Meeting(
            RayLanes.Least(Vector256.ConditionalSelect(asked, x, none)) - ShadowMargin,
            RayLanes.Least(Vector256.ConditionalSelect(asked, y, none)) - ShadowMargin,
            RayLanes.Greatest(Vector256.ConditionalSelect(asked, x, -none)) + ShadowMargin,
            RayLanes.Greatest(Vector256.ConditionalSelect(asked, y, -none)) + ShadowMargin);
    }

    /// <summary>A corner of a primitive's local box, in world coordinates.</summary>
    public static Vector3 Corner(in Primitive primitive, int corner) => primitive.Frame.ToWorld(new Vector3(
        (corner & 1) == 0 ? primitive.Low.X : primitive.High.X,
        (corner & 2) == 0 ? primitive.Low.Y : primitive.High.Y,
        (corner & 4) == 0 ? primitive.Low.Z : primitive.High.Z));

    [InlineArray(MaxCount)]
    private struct Sides
    {
        private float _first;
    }
}

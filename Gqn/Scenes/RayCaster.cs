using System.Buffers;
using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A box with faces across the axes.</summary>
/// <param name="Low">Its corner with the least coordinates, in world units.</param>
/// <param name="High">Its corner with the greatest coordinates; boxes that touch share these floats exactly.</param>
/// <param name="Colour">R, G, B in 0..1 under a light of brightness 1.</param>
internal readonly record struct Box(Vector3 Low, Vector3 High, Vector3 Colour);

/// <summary>brightness(n) = sky + (sky − ground)·min(0, n_z) + sun · max(0, n·l), and a pixel is
/// min(1, brightness · colour).</summary>
/// <param name="Direction">l, the unit vector towards the sun.</param>
/// <param name="Sky">What a face turned away from the sun receives.</param>
/// <param name="Ground">What a face that looks straight down receives.</param>
/// <param name="Sun">What the sun adds to a face that looks straight at it.</param>
internal readonly record struct Lighting(Vector3 Direction, float Sky, float Ground, float Sun)
{
    /// <summary>The brightness of a face with normal ±e_axis.</summary>
    public float OfFace(int axis, float sign)
    {
        float towardsSun = sign * Direction[axis];
        float below = axis == 2 && sign < 0 ? Sky - Ground : 0;
        return Sky - below + (Sun * Math.Max(0, towardsSun));
    }
}

/// <summary>Pictures of boxes on black, one ray at a time.</summary>
/// <remarks>
/// One ray through each pixel centre finds the part and face there. Where these differ from those of one of the four
/// neighbours, the pixel becomes the mean over <see cref="EdgeSamples"/> rays; elsewhere it is flat, and more rays
/// would tell nothing. A ray is tried against the boxes whose rectangle on the picture holds its pixel. All arithmetic
/// is scalar and in one order, so that the bytes are the same on every processor; nothing is shared, so that they are
/// the same on any number of threads.
/// </remarks>
internal static class RayCaster
{
    /// <summary>How many rays an edge pixel is the mean of.</summary>
    public const int EdgeSamples = 8;

    /// <summary>The most boxes that a scene can have: their part numbers fit a byte, their rectangles the
    /// stack.</summary>
    public const int MaxBoxes = 64;

    /// <summary>Where the rays of an edge pixel go: Hammersley's points, one in each row and column of an 8×8
    /// grid.</summary>
    private static readonly Vector2[] EdgeOffsets = [.. Enumerable.Range(0, EdgeSamples).Select(i => new Vector2(
        (i + .5f) / EdgeSamples, (((i & 1) << 2) + (i & 2) + (i >> 2) + .5f) / EdgeSamples))];

    /// <summary>Renders into <paramref name="rgb"/> (size × size × 3) and, unless empty, <paramref name="parts"/>
    /// (size × size; box k is part k + 1).</summary>
    public static void Render(
        ReadOnlySpan<Box> boxes, in Camera camera, in Lighting lighting, int size, Span<byte> rgb, Span<byte> parts)
    {
        if (boxes.Length > MaxBoxes)
            throw new ArgumentException($"A scene can have {MaxBoxes} boxes, not {boxes.Length}.", nameof(boxes));

        var view = new View(camera, size);
        Span<ScreenBox> screen = stackalloc ScreenBox[boxes.Length];
        ScreenBox union = new() { Left = size, Top = size };
        for (int i = 0; i < boxes.Length; i++)
        {
            screen[i] = new ScreenBox(boxes[i], view);
            union.Left = Math.Min(union.Left, screen[i].Left);
            union.Top = Math.Min(union.Top, screen[i].Top);
            union.Right = Math.Max(union.Right, screen[i].Right);
            union.Bottom = Math.Max(union.Bottom, screen[i].Bottom);
        }
        Span<float> faceLight = stackalloc float[6];
        for (int face = 0; face < 6; face++)
            faceLight[face] = lighting.OfFace(face >> 1, (face & 1) == 0 ? -1 : 1);

        ushort[] rented = ArrayPool<ushort>.Shared.Rent(size * size);
        Span<ushort> seen = rented.AsSpan(0, size * size);
        seen.Clear();
        rgb.Clear();
        for (int y = union.Top; y < union.Bottom; y++)
        {
            for (int x = union.Left; x < union.Right; x++)
                seen[(y * size) + x] = view.Trace(screen, x, y, .5f, .5f);
        }
        for (int y = union.Top; y < union.Bottom; y++)
        {
            for (int x = union.Left; x < union.Right; x++)
            {
                int pixel = (y * size) + x;
                Vector3 colour = IsEdge(seen, size, x, y)
                    ? EdgeColour(view, screen, boxes, faceLight, x, y)
                    : Shade(seen[pixel], boxes, faceLight);
                rgb[pixel * 3] = (byte)((colour.X * 255f) + .5f);
                rgb[(pixel * 3) + 1] = (byte)((colour.Y * 255f) + .5f);
                rgb[(pixel * 3) + 2] = (byte)((colour.Z * 255f) + .5f);
            }
        }
        for (int pixel = 0; pixel < parts.Length; pixel++)
            parts[pixel] = (byte)((seen[pixel] + 5) / 6);
        ArrayPool<ushort>.Shared.Return(rented);
    }

    private static bool IsEdge(ReadOnlySpan<ushort> seen, int size, int x, int y)
    {
        int pixel = (y * size) + x;
        ushort here = seen[pixel];
        return (x > 0 && seen[pixel - 1] != here) || (x + 1 < size && seen[pixel + 1] != here)
            || (y > 0 && seen[pixel - size] != here) || (y + 1 < size && seen[pixel + size] != here);
    }

    private static Vector3 EdgeColour(
        in View view, ReadOnlySpan<ScreenBox> screen, ReadOnlySpan<Box> boxes, ReadOnlySpan<float> faceLight,
        int x, int y)
    {
        Vector3 sum = Vector3.Zero;
        foreach (Vector2 offset in EdgeOffsets)
            sum += Shade(view.Trace(screen, x, y, offset.X, offset.Y), boxes, faceLight);
        return sum * (1f / EdgeSamples);
    }

    private static Vector3 Shade(ushort seen, ReadOnlySpan<Box> boxes, ReadOnlySpan<float> faceLight)
    {
        if (seen == 0) return Vector3.Zero;
        (int box, int face) = Math.DivRem(seen - 1, 6);
        return Vector3.Min(boxes[box].Colour * faceLight[face], Vector3.One);
    }

    /// <summary>A box as this camera sees it: corners relative to the camera, and the pixels that it can
    /// touch.</summary>
    private struct ScreenBox
    {
        public float LowX, LowY, LowZ, HighX, HighY, HighZ;
        public int Left, Top, Right, Bottom;

        public ScreenBox(in Box box, in View view)
        {
            Vector3 origin = view.Origin;
            (LowX, LowY, LowZ) = (box.Low.X - origin.X, box.Low.Y - origin.Y, box.Low.Z - origin.Z);
            (HighX, HighY, HighZ) = (box.High.X - origin.X, box.High.Y - origin.Y, box.High.Z - origin.Z);
            (Right, Bottom) = (view.Size, view.Size);
            float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
            for (int corner = 0; corner < 8; corner++)
            {
                float x = (corner & 1) == 0 ? LowX : HighX;
                float y = (corner & 2) == 0 ? LowY : HighY;
                float z = (corner & 4) == 0 ? LowZ : HighZ;
                // A box that reaches behind the camera has no rectangle: it keeps the whole picture.
                if (!view.Project(x, y, z, out float column, out float row)) return;
                (left, right) = (Math.Min(left, column), Math.Max(right, column));
                (top, bottom) = (Math.Min(top, row), Math.Max(bottom, row));
            }
            // The margin is far above the rounding of a projection and far below a pixel.
            const float Margin = .01f;
            Left = (int)Math.Clamp(MathF.Floor(left - Margin), 0, view.Size);
            Top = (int)Math.Clamp(MathF.Floor(top - Margin), 0, view.Size);
            Right = (int)Math.Clamp(MathF.Floor(right + Margin) + 1, 0, view.Size);
            Bottom = (int)Math.Clamp(MathF.Floor(bottom + Margin) + 1, 0, view.Size);
        }
    }

    /// <summary>A camera's axes, ready to make rays.</summary>
    private readonly struct View
    {
        public readonly Vector3 Origin;
        public readonly int Size;
        private readonly Vector3 _forward;
        private readonly Vector3 _right;
        private readonly Vector3 _up;
        private readonly float _tangent;
        private readonly float _step;

        public View(in Camera camera, int size)
        {
            // Angles pass through double so that every platform's mathematics library rounds to the same float.
            (double sinYaw, double cosYaw) = Math.SinCos(camera.Yaw);
            (double sinPitch, double cosPitch) = Math.SinCos(camera.Pitch);
            Origin = new Vector3(camera.X, camera.Y, camera.Z);
            Size = size;
            _forward = new Vector3((float)(cosPitch * cosYaw), (float)(cosPitch * sinYaw), (float)sinPitch);
            _right = new Vector3((float)sinYaw, (float)-cosYaw, 0);
            _up = new Vector3((float)(-sinPitch * cosYaw), (float)(-sinPitch * sinYaw), (float)cosPitch);
            _tangent = (float)Math.Tan(camera.FieldOfViewDegrees * (Math.PI / 360));
            _step = 2 * _tangent / size;
        }

        /// <summary>Where a point relative to the camera appears, in pixels; false if not in front of the
        /// camera.</summary>
        public bool Project(float x, float y, float z, out float column, out float row)
        {
            float depth = (x * _forward.X) + (y * _forward.Y) + (z * _forward.Z);
            float scale = 1 / (depth * _step);
            column = (Size * .5f) + (((x * _right.X) + (y * _right.Y)) * scale);
            row = (Size * .5f) - (((x * _up.X) + (y * _up.Y) + (z * _up.Z)) * scale);
            return depth > 1e-3f;
        }

        /// <summary>What is seen at (x + dx, y + dy): 0 for nothing, else 1 + 6·box + face, where face is
        /// 2·axis + (0 on the low side, 1 on the high side).</summary>
        public ushort Trace(ReadOnlySpan<ScreenBox> boxes, int x, int y, float dx, float dy)
        {
            float h = ((x + dx) * _step) - _tangent;
            float v = _tangent - ((y + dy) * _step);
            float invX = Reciprocal(_forward.X + (h * _right.X) + (v * _up.X));
            float invY = Reciprocal(_forward.Y + (h * _right.Y) + (v * _up.Y));
            float invZ = Reciprocal(_forward.Z + (v * _up.Z));
            float nearest = float.MaxValue;
            int seen = 0;
            for (int i = 0; i < boxes.Length; i++)
            {
                ref readonly ScreenBox box = ref boxes[i];
                if (x < box.Left || x >= box.Right || y < box.Top || y >= box.Bottom) continue;

                // The ray is inside the box while it is between both planes of each of the three pairs.
                (float enterX, float leaveX) = Order(box.LowX * invX, box.HighX * invX);
                (float enterY, float leaveY) = Order(box.LowY * invY, box.HighY * invY);
                (float enterZ, float leaveZ) = Order(box.LowZ * invZ, box.HighZ * invZ);
                float enter = enterX;
                int face = invX < 0 ? 1 : 0;
                if (enterY > enter) (enter, face) = (enterY, invY < 0 ? 3 : 2);
                if (enterZ > enter) (enter, face) = (enterZ, invZ < 0 ? 5 : 4);
                if (enter > leaveX || enter > leaveY || enter > leaveZ || enter <= 0 || enter >= nearest) continue;
                nearest = enter;
                seen = 1 + (6 * i) + face;
            }
            return (ushort)seen;
        }

        private static (float Lesser, float Greater) Order(float a, float b) => a < b ? (a, b) : (b, a);

        /// <summary>1/d, finite also for a ray along a plane, so that 0 · ∞ never arises.</summary>
        private static float Reciprocal(float d) => 1 / (MathF.Abs(d) < 1e-20f ? MathF.CopySign(1e-20f, d) : d);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes;

/// <summary>Renders a maze for level cameras between its walls, with one ray for each quarter of a pixel
/// column.</summary>
/// <remarks>
/// For a level camera, vertical lines of the world are vertical in the image. One ray on the plan therefore determines
/// all that a thin column of the image shows: sky, then the courses of the wall, then stretches of floor, each from one
/// known height to the next. Heights are fractional, and a pixel is the exact mean over its height: each column is
/// stored as its derivative, in which a change of colour at height r is split between the two pixels around r, and
/// integrated at the end. Horizontally, the mean of <see cref="SubColumns"/> rays smooths the walls' vertical edges.
/// The floor's pattern is averaged over each pixel's footprint.
/// <para>
/// Arithmetic is scalar, or in vectors without contraction, in a fixed order, so that the bytes are the same on every
/// processor; no state is shared, so that they are the same for any number of threads.
/// </para>
/// </remarks>
internal static class MazeCaster
{
    /// <summary>The number of rays per column of pixels.</summary>
    public const int SubColumns = 4;

    private const int MaxSize = Scene.MaxImageSize;

    /// <summary>Renders into <paramref name="rgb"/> (size × size × 3) and, unless empty, <paramref name="depth"/>
    /// (size × size).</summary>
    public static void Render(MazeGeometry maze, in Camera camera, int size, Span<byte> rgb, Span<float> depth)
    {
        var view = new View(camera, size);
        Span<float> tones = stackalloc float[MaxSize + Vector256<float>.Count];
        Span<float> distances = stackalloc float[MaxSize + Vector256<float>.Count];
        Span<Vector4> surfaces = stackalloc Vector4[MaxSize + 1], floors = stackalloc Vector4[MaxSize + 1];
        surfaces = surfaces[..(size + 1)];
        floors = floors[..(size + 1)];
        int horizon = size / 2;
        for (int i = 0; i < size - horizon; i++)
            distances[i] = view.FloorDistance(horizon + i);

        for (int column = 0; column < size; column++)
        {
            surfaces.Clear();
            floors.Clear();
            surfaces[0] = new Vector4(maze.Sky, 0) * SubColumns;
            for (int sub = 0; sub < SubColumns; sub++)
                AddColumn(maze, view, column + ((sub + .5f) / SubColumns), surfaces, floors);
            FillTones(maze.FloorPattern, view, column + .5f, distances, tones, size - horizon);
            WriteColumn(surfaces, floors, tones, horizon, rgb[(column * 3)..], size);
        }

        if (!depth.IsEmpty)
            WriteDepth(maze, view, size, depth);
    }

    /// <summary>Adds the changes of colour down one thin column.</summary>
    private static void AddColumn(
        MazeGeometry maze, in View view, float column, Span<Vector4> surfaces, Span<Vector4> floors)
    {
        Span<FloorStretch> stretches = stackalloc FloorStretch[MazePlan.MaxStretches];
        var direction = view.DirectionAt(column);
        int count = maze.Plan.Trace(view.Position, direction, stretches, out var hit);

        // Along the wall the pattern is averaged over the thin column; vertically its courses alternate.
        int axis = hit.Face >> 1;
        float along = axis == 0
            ? view.Position.Y + (hit.Distance * direction.Y)
            : view.Position.X + (hit.Distance * direction.X);
        float width = hit.Distance * view.Step / (SubColumns * MathF.Abs(axis == 0 ? direction.X : direction.Y));
        float wave = maze.WallPattern.Wave(along, width);
        var wall = new Vector4(maze.WallOf(hit.Area, hit.Face), 0);
        Vector4 even = wall * maze.WallPattern.Tone(wave, 1), odd = wall * maze.WallPattern.Tone(wave, -1);

        float pixels = view.PixelsPerUnit(hit.Distance);
        float height = maze.Options.WallHeight, tile = maze.Options.WallTile;
        int course = (int)MathF.Ceiling(height / tile) - 1;
        Vector4 above = new(maze.Sky, 0), below = (course & 1) == 0 ? even : odd;
        Add(surfaces, view.Middle - ((height - view.Height) * pixels), below - above);
        for (; course > 0; course--)
        {
            above = below;
            below = (course & 1) == 0 ? odd : even;
            Add(surfaces, view.Middle + ((view.Height - (course * tile)) * pixels), below - above);
        }

        float foot = view.Middle + (view.Height * pixels);
        Add(surfaces, foot, -below);

        var far = Vector4.Zero;
        for (int i = count - 1; i >= 0; i--)
        {
            var floor = new Vector4(maze.FloorOf(stretches[i].Area), 1);
            Add(floors, foot, floor - far);
            far = floor;
            foot = view.Middle + (view.Height * view.PixelsPerUnit(stretches[i].Start));
        }
    }

    /// <summary>Adds a change by <paramref name="change"/> at height <paramref name="row"/> of the image: the pixel
    /// there gets its share, and the next one the rest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Span<Vector4> column, float row, Vector4 change)
    {
        if (row >= column.Length - 1)
            return;
        row = MathF.Max(row, 0);
        int pixel = (int)row;
        var rest = change * (row - pixel);
        column[pixel] += change - rest;
        column[pixel + 1] += rest;
    }

    /// <summary>Computes the floor's tones in one column, from the horizon downwards, eight pixels at a time.</summary>
    private static void FillTones(
        CheckerPattern pattern, in View view, float column, ReadOnlySpan<float> distances, Span<float> tones, int count)
    {
        var direction = view.DirectionAt(column);
        // A pixel's footprint is a parallelogram: one side across the ray, one along it. A box with the variance of its
        // projection has the root of the sum of their squares as its width.
        Vector2 across = view.Right * view.Step, lengthwise = direction * (view.Step / view.Height);
        across *= across;
        lengthwise *= lengthwise;
        for (int i = 0; i < count; i += Vector256<float>.Count)
        {
            var distance = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(distances), (nuint)i);
            var square = distance * distance;
            var waveX = pattern.Wave(
                Vector256.Create(view.Position.X) + (distance * direction.X),
                distance * Vector256.Sqrt(Vector256.Create(across.X) + (square * lengthwise.X)));
            var waveY = pattern.Wave(
                Vector256.Create(view.Position.Y) + (distance * direction.Y),
                distance * Vector256.Sqrt(Vector256.Create(across.Y) + (square * lengthwise.Y)));
            pattern.Tone(waveX, waveY).StoreUnsafe(ref MemoryMarshal.GetReference(tones), (nuint)i);
        }
    }

    /// <summary>Integrates the derivatives and writes a column of pixels.</summary>
    /// <param name="surfaces">The derivatives of sky and walls.</param>
    /// <param name="floors">The derivatives of floors.</param>
    /// <param name="tones">The factors of the floors, from row <paramref name="horizon"/> on.</param>
    /// <param name="horizon">The first row that can show floor.</param>
    /// <param name="rgb">The image, from the column's first pixel on.</param>
    /// <param name="size">The number of pixels in a row.</param>
    private static void WriteColumn(ReadOnlySpan<Vector4> surfaces, ReadOnlySpan<Vector4> floors,
        ReadOnlySpan<float> tones, int horizon, Span<byte> rgb, int size)
    {
        const float Scale = 255f / SubColumns;
        Vector4 surface = Vector4.Zero, floor = Vector4.Zero;
        for (int row = 0; row < size; row++)
        {
            surface += surfaces[row];
            var colour = surface;
            if (row >= horizon)
            {
                floor += floors[row];
                colour += floor * tones[row - horizon];
            }
            // Sums that should be 0 or 1 may be off by rounding, but by far less than the half level added here.
            colour = (colour * Scale) + new Vector4(.5f);
            int at = row * size * 3;
            rgb[at] = (byte)colour.X;
            rgb[at + 1] = (byte)colour.Y;
            rgb[at + 2] = (byte)colour.Z;
        }
    }

    private static void WriteDepth(MazeGeometry maze, in View view, int size, Span<float> depth)
    {
        Span<FloorStretch> stretches = stackalloc FloorStretch[MazePlan.MaxStretches];
        for (int column = 0; column < size; column++)
        {
            maze.Plan.Trace(view.Position, view.DirectionAt(column + .5f), stretches, out var hit);
            float pixels = view.PixelsPerUnit(hit.Distance);
            float top = view.Middle - ((maze.Options.WallHeight - view.Height) * pixels);
            float foot = view.Middle + (view.Height * pixels);
            for (int row = 0; row < size; row++)
            {
                float centre = row + .5f;
                depth[(row * size) + column] = centre < top ? float.PositiveInfinity
                    : centre <= foot ? hit.Distance
                    : view.FloorDistance(row);
            }
        }
    }

    /// <summary>A level camera that casts rays on the plan; distances are measured along the forward axis.</summary>
    private readonly struct View
    {
        public readonly Vector2 Position;
        public readonly Vector2 Right;
        public readonly float Height;
        public readonly float Middle;

        /// <summary>The width of one pixel at distance 1, in world units.</summary>
        public readonly float Step;
        private readonly Vector2 _forward;
        private readonly float _pixelsAtOne;

        public View(in Camera camera, int size)
        {
            // Angles pass through double so that every platform's mathematics library rounds to the same float.
            (double sin, double cos) = Math.SinCos(camera.Yaw);
            float tangent = (float)Math.Tan(camera.FieldOfViewDegrees * (Math.PI / 360));
            Position = new Vector2(camera.X, camera.Y);
            Height = camera.Z;
            _forward = new Vector2((float)cos, (float)sin);
            Right = new Vector2((float)sin, (float)-cos);
            Middle = size * .5f;
            Step = 2 * tangent / size;
            _pixelsAtOne = size / (2 * tangent);
        }

        /// <summary>The direction of the ray through a column of the image, in pixels.</summary>
        public Vector2 DirectionAt(float column) => _forward + (Right * ((column - Middle) * Step));

        /// <summary>The number of pixels per world unit at a distance; finite even for a camera at a wall.</summary>
        public float PixelsPerUnit(float distance) => _pixelsAtOne / MathF.Max(distance, 1e-6f);

        /// <summary>The distance of the floor at the centre of a row of pixels or, if that is on or above the horizon,
        /// at the centre of the row's part below it.</summary>
        public float FloorDistance(int row) => Height * _pixelsAtOne / MathF.Max(row + .5f - Middle, .25f);
    }
}

using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>Renders a maze for any camera, one ray at a time: for cameras that look up or down or are above the walls,
/// which <see cref="MazeCaster"/> does not support.</summary>
/// <remarks>
/// A pixel is the mean of a grid of rays; patterns are averaged over each ray's footprint. From above, walls have flat
/// tops, and everything beyond the ring wall is such a top. A camera inside a wall or below the floor sees that colour
/// everywhere, at distance 0.
/// </remarks>
internal static class MazeRays
{
    /// <summary>The number of rays along each side of a pixel.</summary>
    public const int Grid = 4;

    /// <inheritdoc cref="MazeCaster.Render"/>
    public static void Render(MazeGeometry maze, in Camera camera, int size, Span<byte> rgb, Span<float> depth)
    {
        var view = new View(maze, camera, size);
        for (int pixel = 0; pixel < size * size; pixel++)
        {
            (int row, int column) = Math.DivRem(pixel, size);
            var sum = Vector3.Zero;
            for (int i = 0; i < Grid * Grid; i++)
            {
                sum += view.Trace(
                    column + (((i % Grid) + .5f) / Grid), row + (((i / Grid) + .5f) / Grid), out _);
            }

            var level = (sum * (255f / (Grid * Grid))) + new Vector3(.5f);
            rgb[pixel * 3] = (byte)level.X;
            rgb[(pixel * 3) + 1] = (byte)level.Y;
            rgb[(pixel * 3) + 2] = (byte)level.Z;
            if (!depth.IsEmpty)
                view.Trace(column + .5f, row + .5f, out depth[pixel]);
        }
    }

    /// <summary>A camera with its axes, which casts rays.</summary>
    private readonly ref struct View
    {
        private readonly MazeGeometry _maze;
        private readonly Vector3 _origin;
        private readonly Vector3 _forward;
        private readonly Vector3 _right;
        private readonly Vector3 _up;
        private readonly float _middle;
        private readonly float _step;

        public View(MazeGeometry maze, in Camera camera, int size)
        {
            // Angles pass through double so that every platform's mathematics library rounds to the same float.
            (double sinYaw, double cosYaw) = Math.SinCos(camera.Yaw);
            (double sinPitch, double cosPitch) = Math.SinCos(camera.Pitch);
            _maze = maze;
            _origin = new Vector3(camera.X, camera.Y, camera.Z);
            _forward = new Vector3((float)(cosPitch * cosYaw), (float)(cosPitch * sinYaw), (float)sinPitch);
            _right = new Vector3((float)sinYaw, (float)-cosYaw, 0);
            _up = new Vector3((float)(-sinPitch * cosYaw), (float)(-sinPitch * sinYaw), (float)cosPitch);
            _middle = size * .5f;
            _step = 2 * (float)Math.Tan(camera.FieldOfViewDegrees * (Math.PI / 360)) / size;
        }

        /// <summary>The colour at a point of the image, and its depth along the forward axis.</summary>
        public Vector3 Trace(float column, float row, out float depth)
        {
            var direction = _forward + (_right * ((column - _middle) * _step)) + (_up * ((_middle - row) * _step));
            float height = _maze.Options.WallHeight;
            depth = 0;
            if (_origin.Z <= 0)
                return _maze.WallTop;
            if (_origin.Z >= height)
            {
                depth = direction.Z < 0 ? (height - _origin.Z) / direction.Z : float.PositiveInfinity;
                if (direction.Z >= 0)
                    return _maze.Sky;
            }

            // The point where the ray descends below the walls' tops.
            var entry = new Vector2(_origin.X + (depth * direction.X), _origin.Y + (depth * direction.Y));
            if (_maze.Plan.AreaAt(entry.X, entry.Y) == MazePlan.Solid)
                return _maze.WallTop;
            Span<FloorStretch> stretches = stackalloc FloorStretch[MazePlan.MaxStretches];
            int count = _maze.Plan.Trace(entry, new Vector2(direction.X, direction.Y), stretches, out var hit);

            float toWall = depth + hit.Distance, z = _origin.Z + (toWall * direction.Z);
            if (z > height)
            {
                depth = float.PositiveInfinity;
                return _maze.Sky;
            }

            if (z >= 0)
            {
                depth = toWall;
                (int across, int along) = hit.Face < 2 ? (0, 1) : (1, 0);
                float tone = ToneOf(_maze.WallPattern, direction, toWall, across, along, 2);
                return _maze.WallOf(hit.Area, hit.Face) * tone;
            }

            float toFloor = -_origin.Z / direction.Z;
            int area = stretches[0].Area;
            for (int i = 1; i < count && depth + stretches[i].Start <= toFloor; i++)
                area = stretches[i].Area;
            depth = toFloor;
            return _maze.FloorOf(area) * ToneOf(_maze.FloorPattern, direction, toFloor, 2, 0, 1);
        }

        /// <summary>The tone of a pattern where a ray hits a plane perpendicular to one axis, averaged over the ray's
        /// footprint on the plane.</summary>
        private float ToneOf(CheckerPattern pattern, Vector3 direction, float distance, int across, int a, int b) =>
            pattern.Tone(
                new Vector2(_origin[a] + (distance * direction[a]), _origin[b] + (distance * direction[b])),
                new Vector2(Footprint(direction, distance, across, a), Footprint(direction, distance, across, b)));

        /// <summary>The extent of a ray's footprint along one axis: the hit point moves by one vector to the next ray
        /// on the right and by another to that above, and their components along the axis add in quadrature.</summary>
        private float Footprint(Vector3 direction, float distance, int across, int along)
        {
            float slope = direction[along] / direction[across];
            float right = _right[along] - (slope * _right[across]), up = _up[along] - (slope * _up[across]);
            return distance * (_step / Grid) * MathF.Sqrt((right * right) + (up * up));
        }
    }
}

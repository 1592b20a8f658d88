using System.Numerics;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>A maze with its colours, ready for rendering.</summary>
internal sealed class MazeGeometry : SceneGeometry
{
    private const int Faces = 4;

    private readonly Vector3[] _floors;
    private readonly Vector3[] _walls;

    public MazeGeometry(MazeOptions options, MazeFactors factors)
    {
        Options = options;
        Plan = new MazePlan(factors.Layout, options.WallThickness);
        WallPattern = new CheckerPattern(options.WallTile, options.WallContrast);
        FloorPattern = new CheckerPattern(options.FloorTile, options.FloorContrast);
        Sky = ToVector(options.SkyColour);
        WallTop = ToVector(options.WallTopColour);

        Span<float> brightness = stackalloc float[Faces];
        (double sin, double cos) = Math.SinCos(options.LightAzimuthDegrees * (Math.PI / 180));
        for (int face = 0; face < Faces; face++)
        {
            float towards = (float)((face & 1) == 0 ? -1 : 1) * (float)(face >> 1 == 0 ? cos : sin);
            brightness[face] = 1 - options.LightContrast + (options.LightContrast * towards);
        }

        int areas = 1 + factors.Rooms.Count;
        _floors = new Vector3[areas];
        _walls = new Vector3[areas * Faces];
        for (int area = 0; area < areas; area++)
        {
            var colours = area == MazeLayout.Corridor ? factors.Corridor : factors.Rooms[area - 1];
            _floors[area] = ToVector(options.FloorColours[colours.Floor]);
            var wall = ToVector(options.WallColours[colours.Wall]);
            for (int face = 0; face < Faces; face++)
                _walls[(area * Faces) + face] = wall * brightness[face];
        }
    }

    public MazeOptions Options { get; }

    public MazePlan Plan { get; }

    public CheckerPattern WallPattern { get; }

    public CheckerPattern FloorPattern { get; }

    public Vector3 Sky { get; }

    public Vector3 WallTop { get; }

    public Vector3 FloorOf(int area) => _floors[area];

    /// <summary>The colour of an area's walls on one face, including the light.</summary>
    public Vector3 WallOf(int area, int face) => _walls[(area * Faces) + face];

    public override (Vector2 Low, Vector2 High)? Walls => (new(Plan.Lines[0]), new(Plan.Lines[^1]));

    public override void Render(in Camera camera, int size, Span<byte> rgb, Span<byte> parts, Span<float> depth)
    {
        parts.Clear();
        bool isInside = camera.Z > 0 && camera.Z < Options.WallHeight
            && Plan.AreaAt(camera.X, camera.Y) != MazePlan.Solid;
        if (camera.Pitch == 0 && isInside)
            MazeCaster.Render(this, camera, size, rgb, depth);
        else
            MazeRays.Render(this, camera, size, rgb, depth);
    }

    private static Vector3 ToVector(Rgb colour) => new Vector3(colour.R, colour.G, colour.B) / 255f;
}

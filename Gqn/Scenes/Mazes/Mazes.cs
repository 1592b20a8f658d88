using Gqn.Native.Engine;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>Mazes of rooms and corridors, seen from inside.</summary>
/// <remarks>
/// As in the released data set, a maze has 7×7 cells with walls on their borders, one or two rooms that several
/// corridors lead to, and uniformly drawn colours of walls and floors, one pair for the corridors and one for each
/// room. Cameras are anywhere on the floor, not too close to a wall, and look horizontally in any direction.
/// Unpublished parameters of the geometry are in <see cref="MazeOptions"/>.
/// <para>
/// The split: a hash of the layout assigns about a tenth of all layouts to the test set, so that no test maze is ever
/// seen in training, in any colours.
/// </para>
/// </remarks>
public sealed class Mazes : SceneEnvironment
{
    /// <summary>The longest step of a tour, and the length over which its camera turns, in cells.</summary>
    private const double StepLength = .25, TurningLength = 1;

    private readonly MazeOptions _options;

    /// <summary>Creates the environment of mazes.</summary>
    /// <param name="options">The parameters, on which scenes depend as well; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside its limits.</exception>
    public Mazes(MazeOptions? options = null)
    {
        _options = options ?? new MazeOptions();
        _options.Validate();
    }

    private enum Purpose : uint
    {
        Layout = 1,
        WallColours = 2,
        FloorColours = 3,
        Positions = 4,
        Headings = 5,
    }

    /// <inheritdoc/>
    public override string Name => "mazes";

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override int ViewsPerScene => _options.ViewsPerScene;

    /// <inheritdoc/>
    public override SceneBounds Bounds => SceneBounds.OnFloor(MazeLayout.Side / 2f, _options.WallHeight);

    /// <inheritdoc/>
    /// <remarks>Three grid cells per maze cell: a wall on either side and the corridor between them.</remarks>
    public override int UsualGridWidth => 3 * MazeLayout.Side;

    /// <inheritdoc/>
    public override int UsualImageSize => 84;

    /// <inheritdoc/>
    public override Scene Sample(SceneSplit split, ulong index)
    {
        var layouts = StreamFor(split, index, (uint)Purpose.Layout);
        MazeLayout layout;
        do
        {
            layout = MazeGenerator.Draw(_options, layouts);
        }
        while (SplitOf(layout) != split);

        var walls = StreamFor(split, index, (uint)Purpose.WallColours);
        var floors = StreamFor(split, index, (uint)Purpose.FloorColours);
        var corridor = DrawColours(walls, floors);
        var rooms = new MazeAreaColours[layout.Rooms.Count];
        for (int k = 0; k < rooms.Length; k++)
            rooms[k] = DrawColours(walls, floors);
        return Compose(new MazeFactors(layout, corridor, rooms), DrawCameras(layout, split, index), split, index);
    }

    /// <summary>Cameras at the centres of cells, where no maze has a wall, in an order that spreads them over the maze;
    /// each is turned by the golden angle relative to the previous one.</summary>
    public override Camera[] FixedViews(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        const int Cells = MazeLayout.Side * MazeLayout.Side;
        // 30 is close to Cells / golden ratio and coprime to Cells: every cell occurs once in each round.
        const int Stride = 30;
        double golden = Math.PI * (3 - Math.Sqrt(5));
        var cameras = new Camera[count];
        for (int i = 0; i < count; i++)
            cameras[i] = InCell(_options, (int)((long)Stride * i % Cells), golden * i);
        return cameras;
    }

    /// <inheritdoc/>
    /// <remarks>The walk begins in the cell of the scene's first camera, in about the direction of that
    /// camera.</remarks>
    internal override Camera[] Tour(Scene scene, int count)
    {
        var first = scene.Cameras.IsEmpty ? default : scene.Cameras[0];
        int quarters = (int)Math.Round(Math.IEEERemainder(first.Yaw, Math.Tau) / (Math.PI / 2));
        var layout = Own<MazeFactors>(scene.Factors).Layout;
        var cells = MazeWalk.Of(layout, MazeLayout.CellAt(first.X, first.Y), (MazeSide)((quarters + 4) % 4));
        var walk = new FloorPath([.. cells.Select(MazeWalk.CentreOf)]).Walk(
            count, StepLength, TurningLength, (_, ahead) => Math.Atan2(ahead.Y, ahead.X));
        return [.. walk.Select(place => new Camera(
            place.At.X, place.At.Y, _options.EyeHeight, Allowed(place.Yaw), 0, _options.FieldOfViewDegrees))];
    }

    /// <summary>Cameras at the centre of every cell of a maze, for maps of a network's uncertainty.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="headings">The number of directions, evenly spaced from the x axis on; at least 1.</param>
    /// <returns>49 · <paramref name="headings"/> cameras: cells in reading order of the plan, row by row from the
    /// north-west, with all headings of each cell in turn.</returns>
    /// <exception cref="ArgumentException">The scene is not a maze.</exception>
    public static Camera[] GridViews(Scene scene, int headings)
    {
        var maze = GeometryOf(scene);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headings);
        const int Side = MazeLayout.Side;
        var cameras = new Camera[Side * Side * headings];
        for (int i = 0; i < cameras.Length; i++)
        {
            (int place, int heading) = Math.DivRem(i, headings);
            int cell = ((Side - 1 - (place / Side)) * Side) + (place % Side);
            cameras[i] = InCell(maze.Options, cell, Math.Tau * heading / headings);
        }

        return cameras;
    }

    /// <summary>Renders the plan of a maze: an orthographic image from above, north on top. It shows x and y from −3.5
    /// to 3.5, floors in their colours and walls in <see cref="MazeOptions.WallTopColour"/>; pixels are exact
    /// means.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="size">Height and width in pixels; at least 1.</param>
    /// <exception cref="ArgumentException">The scene is not a maze.</exception>
    public static RgbImage RenderTopDown(Scene scene, int size)
    {
        var maze = GeometryOf(scene);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return MazeTopDown.Render(maze, size);
    }

    /// <summary>The split that a layout belongs to: test with probability 1/10.</summary>
    internal SceneSplit SplitOf(MazeLayout layout) =>
        SceneHash.Mix(SceneHash.OfName(Name), layout.Identity) % 10 == 0 ? SceneSplit.Test : SceneSplit.Train;

    private static MazeGeometry GeometryOf(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        return scene.Geometry as MazeGeometry
            ?? throw new ArgumentException("Only scenes of mazes have a plan and a grid of views.", nameof(scene));
    }

    private static Camera InCell(MazeOptions options, int cell, double heading) => new(
        MazeLayout.CentreOf(cell % MazeLayout.Side), MazeLayout.CentreOf(cell / MazeLayout.Side), options.EyeHeight,
        Yaw(heading), 0, options.FieldOfViewDegrees);

    /// <summary>Wraps a heading to −π..π.</summary>
    private static float Yaw(double heading)
    {
        heading %= Math.Tau;
        return (float)(heading < Math.PI ? heading : heading - Math.Tau);
    }

    /// <summary>The nearest heading that cameras can have.</summary>
    private float Allowed(float yaw)
    {
        if (_options.Headings == 0)
            return yaw;
        double between = Math.Tau / _options.Headings;
        return Yaw((Math.Round(yaw / between) + _options.Headings) * between);
    }

    private MazeAreaColours DrawColours(RandomStream walls, RandomStream floors) =>
        new(walls.NextInt32(_options.WallColours.Count), floors.NextInt32(_options.FloorColours.Count));

    private Camera[] DrawCameras(MazeLayout layout, SceneSplit split, ulong index)
    {
        var positions = StreamFor(split, index, (uint)Purpose.Positions);
        var headings = StreamFor(split, index, (uint)Purpose.Headings);
        var plan = new MazePlan(layout, _options.WallThickness);
        var cameras = new Camera[ViewsPerScene];
        float reach = (MazeLayout.Side / 2f) - (_options.WallThickness / 2) - _options.Clearance;
        foreach (ref var camera in cameras.AsSpan())
        {
            float x, y;
            do
            {
                x = positions.NextSingle(-reach, reach);
                y = positions.NextSingle(-reach, reach);
            }
            while (!plan.IsClear(x, y, _options.Clearance));
            double turn = _options.Headings == 0
                ? headings.NextSingle()
                : headings.NextInt32(_options.Headings) / (double)_options.Headings;
            camera = new Camera(x, y, _options.EyeHeight, Yaw(Math.Tau * turn), 0, _options.FieldOfViewDegrees);
        }

        return cameras;
    }

    /// <inheritdoc/>
    private protected override SceneGeometry Build(SceneFactors factors)
    {
        var own = Own<MazeFactors>(factors);
        if (own.Layout is null || own.Rooms is null)
            throw new FactorException($"A scene of {Name} has a layout and colours of its rooms.");
        if (own.Rooms.Count != own.Layout.Rooms.Count)
        {
            throw new FactorException($"rooms has colours for {own.Rooms.Count} rooms, but the layout has "
                + $"{own.Layout.Rooms.Count}; change both together.");
        }

        Check("corridor", own.Corridor);
        for (int k = 0; k < own.Rooms.Count; k++)
            Check($"rooms[{k}]", own.Rooms[k]);
        return new MazeGeometry(_options, own);
    }

    private void Check(string area, MazeAreaColours colours)
    {
        if (colours.Wall < 0 || colours.Wall >= _options.WallColours.Count)
        {
            throw new FactorException(
                $"{area}.wall is a colour from 0 to {_options.WallColours.Count - 1}, not {colours.Wall}.");
        }

        if (colours.Floor < 0 || colours.Floor >= _options.FloorColours.Count)
        {
            throw new FactorException(
                $"{area}.floor is a colour from 0 to {_options.FloorColours.Count - 1}, not {colours.Floor}.");
        }
    }
}

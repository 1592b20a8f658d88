using System.Numerics;
using System.Text.Json.Serialization;
using Gqn.Native.Engine;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>The colour of one cube, with value (brightness) 1.</summary>
/// <param name="Hue">The position on the colour circle, 0 to 1; 0 is red, ⅓ green, ⅔ blue.</param>
/// <param name="Saturation">0 is white, 1 the pure hue.</param>
public readonly record struct CubeColour(float Hue, float Saturation)
{
    /// <summary>R, G, B in 0..1: channel = 1 − S · clamp(2 − |((6·hue + offset) mod 6) − 3|, 0, 1).</summary>
    internal Vector3 ToRgb()
    {
        (float hue, float saturation) = (Hue, Saturation);
        return new Vector3(Channel(0), Channel(4), Channel(2));

        float Channel(float offset)
        {
            float distance = MathF.Abs((((6 * hue) + offset) % 6) - 3);
            return 1 - (saturation * Math.Clamp(2 - distance, 0, 1));
        }
    }
}

/// <summary>The generative factors of a Shepard-Metzler scene.</summary>
/// <param name="Cells">The cubes in the order of the walk that placed them, from (0, 0, 0).</param>
/// <param name="Colours">The colour of each cube, in the same order.</param>
public sealed record ShepardMetzlerFactors(IReadOnlyList<GridCell> Cells, IReadOnlyList<CubeColour> Colours)
    : SceneFactors
{
    /// <summary>"cells", and "colours[k]" for each cube.</summary>
    [JsonIgnore]
    public override IReadOnlyList<string> Properties =>
        ["cells", .. Enumerable.Range(0, Colours.Count).Select(k => $"colours[{k}]")];

    /// <inheritdoc/>
    public override object this[string property] => property == "cells" ? Cells
        : TryElement(property, "colours", Colours.Count, out int k, out var field) && field.IsEmpty ? Colours[k]
        : throw Unknown(property);

    /// <inheritdoc/>
    public override SceneFactors With(string property, object value)
    {
        if (property == "cells")
            return this with { Cells = Cast<IReadOnlyList<GridCell>>(property, value) };
        if (!TryElement(property, "colours", Colours.Count, out int k, out var field) || !field.IsEmpty)
            throw Unknown(property);
        CubeColour[] colours = [.. Colours];
        colours[k] = Cast<CubeColour>(property, value);
        return this with { Colours = colours };
    }

    /// <summary>The mirror image of the object: the other half of a pair in the mental-rotation task.</summary>
    public ShepardMetzlerFactors Mirror() => this with { Cells = [.. Cells.Select(cell => cell with { X = -cell.X })] };

    /// <summary>The shape up to translation and rotation, as sorted cells of three digits: two objects can be rotated
    /// into each other if and only if these are equal.</summary>
    public string CanonicalForm => PolycubeShape.Of([.. Cells], []).ToText(Cells.Count);

    /// <summary>The canonical form of the mirror image.</summary>
    public string MirrorForm => PolycubeShape.OfMirrored([.. Cells]).ToText(Cells.Count);

    /// <summary>Whether no rotation maps the object to its mirror image, as the pairs of the mental-rotation task
    /// require.</summary>
    public bool IsChiral => CanonicalForm != MirrorForm;
}

/// <summary>Objects after Shepard and Metzler: coloured cubes joined face to face along a self-avoiding random
/// walk.</summary>
/// <remarks>
/// Each step of the walk goes to one of the free neighbours of the last cube, all equally likely. The object's exact
/// barycentre is the origin. Each cube has its own hue, uniform on the circle, and a saturation of 0.85 to 0.9. Cameras
/// lie on a sphere of radius 3 around the origin, uniformly except for the caps beyond ±85°, where yaw degenerates, and
/// look at the origin with a field of view of 45°. The edge of a cube is 0.36 (five parts) or 0.32 (seven parts, so
/// that even a straight object is inside the image from every camera).
/// <para>
/// The split. With seven parts there are 310 shapes: a hash of the shape's canonical form assigns about a tenth of them
/// to the test set, so no test shape is ever seen in training, in any rotation or colour (its mirror image may be).
/// With five parts there are 18, too few to hold any out: the hash covers the shape together with each cube's hue,
/// quantised to ten bins, so no test object is a rotated copy of a training object with the same ten-bin hues, but the
/// shapes are shared, and hues on both sides of a bin's border can be close.
/// </para>
/// </remarks>
public sealed class ShepardMetzler : SceneEnvironment
{
    /// <summary>The distance of cameras from the object's barycentre, in world units.</summary>
    public const float CameraDistance = 3;

    /// <summary>The maximum elevation of a camera, in degrees.</summary>
    public const float MaxPitchDegrees = 85;

    /// <summary>The field of view of the cameras, in degrees.</summary>
    public const float FieldOfViewDegrees = 45;

    private const int HueBins = 10;
    private const double TourElevationDegrees = 20;

    // Chosen to match the released images: faces in the sun saturate (0.97, 1.28 and 1.43 times the colour, so their
    // main channel is at 240 to 255), the others have half of that, and those facing down a third.
    private static readonly Lighting Light =
        new(new Vector3(1, .6f, 1.2f) / MathF.Sqrt(2.8f), Sky: .5f, Ground: .3f, Sun: 1.3f);

    private readonly int _parts;

    internal ShepardMetzler(int parts)
    {
        _parts = parts;
        CubeEdge = parts == 5 ? .36f : .32f;
        Name = $"shepard-metzler-{parts}";
    }

    private enum Purpose : uint
    {
        Shape = 1,
        Colours = 2,
        Cameras = 3,
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override int ViewsPerScene => 15;

    /// <inheritdoc/>
    /// <remarks>The barycentre is the origin; along an axis, no part of a chain of cubes is farther from it than half
    /// the length of a straight chain, apart from the excess of a rotated corner, which 0.1 covers.</remarks>
    public override SceneBounds Bounds
    {
        get
        {
            float reach = (_parts * CubeEdge / 2) + .1f;
            return new SceneBounds(new Vector3(-reach), new Vector3(reach));
        }
    }

    /// <inheritdoc/>
    public override int UsualGridWidth => 12;

    /// <summary>The edge length of a cube, in world units.</summary>
    public float CubeEdge { get; }

    /// <inheritdoc/>
    public override Scene Sample(SceneSplit split, ulong index)
    {
        var shapes = StreamFor(split, index, (uint)Purpose.Shape);
        var hues = StreamFor(split, index, (uint)Purpose.Colours);
        var cells = new GridCell[_parts];
        var colours = new CubeColour[_parts];
        DrawWalk(shapes, cells);
        DrawColours(hues, colours);
        while (SplitOf(cells, colours) != split)
        {
            if (SplitsByShape)
                DrawWalk(shapes, cells);
            else
                DrawColours(hues, colours);
        }

        var cameras = DrawCameras(StreamFor(split, index, (uint)Purpose.Cameras), ViewsPerScene);
        return Compose(new ShepardMetzlerFactors(cells, colours), cameras, split, index);
    }

    /// <summary>Cameras along a Fibonacci spiral, evenly distributed over the sphere between the polar caps.</summary>
    public override Camera[] FixedViews(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        double limit = Math.Sin(MaxPitchDegrees * (Math.PI / 180)), golden = Math.PI * (3 - Math.Sqrt(5));
        var cameras = new Camera[count];
        for (int i = 0; i < count; i++)
            cameras[i] = LookingAlong(golden * i, ((((2 * i) + 1) / (double)count) - 1) * limit);
        return cameras;
    }

    /// <inheritdoc/>
    /// <remarks>Once around the object, from 20° above it.</remarks>
    internal override Camera[] Tour(Scene scene, int count)
    {
        double sinPitch = -Math.Sin(TourElevationDegrees * (Math.PI / 180));
        return [.. Enumerable.Range(0, count).Select(i => LookingAlong(Math.Tau * i / count, sinPitch))];
    }

    /// <summary>The split that an object belongs to: test with probability 1/10.</summary>
    internal SceneSplit SplitOf(ReadOnlySpan<GridCell> cells, ReadOnlySpan<CubeColour> colours)
    {
        Span<int> bins = stackalloc int[cells.Length];
        for (int i = 0; i < bins.Length; i++)
            bins[i] = Math.Min((int)(colours[i].Hue * HueBins), HueBins - 1);
        var identity = PolycubeShape.Of(cells, SplitsByShape ? [] : bins);
        ulong hash = SceneHash.Mix(SceneHash.Mix(SceneHash.OfName(Name), identity.Cells), identity.Labels);
        return hash % 10 == 0 ? SceneSplit.Test : SceneSplit.Train;
    }

    private bool SplitsByShape => _parts > 5;

    private static void DrawWalk(RandomStream random, Span<GridCell> cells)
    {
        Span<GridCell> free = stackalloc GridCell[6];
        cells[0] = default;
        for (int i = 1; i < cells.Length; i++)
        {
            var last = cells[i - 1];
            ReadOnlySpan<GridCell> neighbours =
            [
                last with { X = last.X - 1 }, last with { X = last.X + 1 },
                last with { Y = last.Y - 1 }, last with { Y = last.Y + 1 },
                last with { Z = last.Z - 1 }, last with { Z = last.Z + 1 },
            ];
            int count = 0;
            foreach (var neighbour in neighbours)
            {
                if (!cells[..i].Contains(neighbour))
                    free[count++] = neighbour;
            }
            // A walk on the lattice is never trapped before its twelfth cell, so there is always a free neighbour.
            cells[i] = free[random.NextInt32(count)];
        }
    }

    private static void DrawColours(RandomStream random, Span<CubeColour> colours)
    {
        foreach (ref var colour in colours)
            colour = new CubeColour(random.NextSingle(), random.NextSingle(.85f, .9f));
    }

    /// <summary>Draws uniform directions: on a sphere, uniform in area means uniform in height.</summary>
    private static Camera[] DrawCameras(RandomStream random, int count)
    {
        var cameras = new Camera[count];
        double limit = Math.Sin(MaxPitchDegrees * (Math.PI / 180));
        foreach (ref var camera in cameras.AsSpan())
        {
            double angle = random.NextSingle() * Math.Tau;
            camera = LookingAlong(angle, ((2 * (double)random.NextSingle()) - 1) * limit);
        }

        return cameras;
    }

    /// <summary>A camera on the sphere.</summary>
    /// <param name="angle">The heading, in radians.</param>
    /// <param name="sinPitch">The sine of the pitch.</param>
    private static Camera LookingAlong(double angle, double sinPitch)
    {
        angle %= Math.Tau;
        double radius = Math.Sqrt(1 - (sinPitch * sinPitch));
        double yaw = angle < Math.PI ? angle : angle - Math.Tau;
        return new Camera(
            (float)(-CameraDistance * radius * Math.Cos(yaw)), (float)(-CameraDistance * radius * Math.Sin(yaw)),
            (float)(-CameraDistance * sinPitch), (float)yaw, (float)Math.Asin(sinPitch), FieldOfViewDegrees);
    }

    /// <inheritdoc/>
    private protected override SceneGeometry Build(SceneFactors factors)
    {
        var own = Own<ShepardMetzlerFactors>(factors);
        Check(own);
        var barycentre = Vector3.Zero;
        foreach (var cell in own.Cells)
            barycentre += new Vector3(cell.X, cell.Y, cell.Z);
        barycentre /= own.Cells.Count;

        // cell + ½ is exact and equals the next cell − ½: touching cubes share the same planes, without cracks.
        var boxes = new Box[own.Cells.Count];
        var half = new Vector3(.5f);
        for (int i = 0; i < boxes.Length; i++)
        {
            var cell = new Vector3(own.Cells[i].X, own.Cells[i].Y, own.Cells[i].Z);
            boxes[i] = new Box(
                (cell - half - barycentre) * CubeEdge, (cell + half - barycentre) * CubeEdge, own.Colours[i].ToRgb());
        }

        return new PolycubeGeometry(boxes, Light);
    }

    private void Check(ShepardMetzlerFactors factors)
    {
        if (factors.Cells?.Count != _parts || factors.Colours?.Count != _parts)
            throw new FactorException($"A scene of {Name} has {_parts} cells and as many colours.");
        for (int i = 0; i < _parts; i++)
        {
            (float hue, float saturation) = (factors.Colours[i].Hue, factors.Colours[i].Saturation);
            if (hue is not (>= 0 and <= 1) || saturation is not (>= 0 and <= 1))
                throw new FactorException($"colours[{i}] has a hue and a saturation from 0 to 1, not {hue}, {saturation}.");
            for (int j = 0; j < i; j++)
            {
                if (factors.Cells[i] == factors.Cells[j])
                    throw new FactorException($"cells[{j}] and cells[{i}] are the same cell.");
            }
        }
    }
}

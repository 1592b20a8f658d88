using System.Numerics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>The placement of the cameras of rooms.</summary>
public enum RoomCameras
{
    /// <summary>On a ring around the room, looking at its centre.</summary>
    Ring,

    /// <summary>Anywhere in the room, looking in any direction along the floor.</summary>
    Free,
}

/// <summary>A square room, open to the sky, with coloured objects and a spot light that casts shadows.</summary>
/// <remarks>
/// One of five wall textures and one of three floor textures; one to three objects of seven shapes with continuous
/// colours and sizes and without overlap; a light anywhere below the ceiling. All are independent and uniform, except
/// that an object's position is redrawn until it is free, and a free camera's until it is clear of the objects. Each
/// factor of each object has its own random stream, so that a different distribution of one leaves the draws of all
/// others unchanged. Training and test scenes draw continuous factors from different streams: no scene is in both.
/// <para>
/// An object is a shape of fixed proportions times a size; the released data sets may have boxes and cylinders of
/// varying proportions.
/// </para>
/// </remarks>
public sealed class Rooms : SceneEnvironment
{
    /// <summary>After this many unsuccessful attempts, the options are considered impossible.</summary>
    private const int MaxAttempts = 10_000;

    /// <summary>The length of a tour over which a free camera turns, in world units.</summary>
    private const double TurningLength = 1;

    private readonly RoomCameras _cameras;
    private readonly bool _rotating;

    /// <summary>Creates the environment of rooms.</summary>
    /// <param name="cameras">The placement of the cameras.</param>
    /// <param name="rotating">Whether objects are rotated about the vertical axis.</param>
    /// <param name="options">Sizes and ranges; null for the defaults. Different options give different scenes under the
    /// same name.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public Rooms(RoomCameras cameras, bool rotating = false, RoomOptions? options = null)
    {
        (_cameras, _rotating, Options) = (cameras, rotating, options ?? new RoomOptions());
        Options.Validate();
        Name = $"rooms-{(cameras == RoomCameras.Ring ? "ring" : "free")}{(rotating ? "-rotating" : string.Empty)}";
    }

    private enum Purpose : uint
    {
        Wall = 1,
        Floor,
        Light,
        ObjectCount,

        // The number of an object or camera is added to these.
        Shape = 0x100,
        Colour = 0x200,
        Size = 0x300,
        Position = 0x400,
        Yaw = 0x500,
        Camera = 0x600,
    }

    /// <summary>Sizes and ranges.</summary>
    public RoomOptions Options { get; }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override int ViewsPerScene => 10;

    /// <inheritdoc/>
    public override SceneBounds Bounds => SceneBounds.OnFloor(Options.HalfSide, Options.WallHeight);

    /// <inheritdoc/>
    public override int UsualImageSize => _rotating ? 128 : 64;

    /// <inheritdoc/>
    public override Scene Sample(SceneSplit split, ulong index)
    {
        var walls = Enum.GetValues<RoomWall>();
        var floors = Enum.GetValues<RoomFloor>();
        var light = Stream(Purpose.Light);
        int count = Options.MinObjects
            + Stream(Purpose.ObjectCount).NextInt32(Options.MaxObjects - Options.MinObjects + 1);
        var objects = new RoomObject[count];
        for (int k = 0; k < count; k++)
        {
            objects[k] = new RoomObject(
                (RoomShape)Stream(Purpose.Shape, k).NextInt32(Enum.GetValues<RoomShape>().Length),
                DrawColour(Stream(Purpose.Colour, k)),
                Stream(Purpose.Size, k).NextSingle(Options.MinSize, Options.MaxSize), 0, 0,
                _rotating ? Stream(Purpose.Yaw, k).NextSingle(0, MathF.Tau) : 0);
        }

        Place(objects, k => Stream(Purpose.Position, k));
        var factors = new RoomFactors(
            walls[Stream(Purpose.Wall).NextInt32(walls.Length)],
            floors[Stream(Purpose.Floor).NextInt32(floors.Length)],
            new WorldPoint(Within(light, Options.Light.Range), Within(light, Options.Light.Range),
                Options.Light.Height),
            objects);
        var cameras = new Camera[ViewsPerScene];
        for (int view = 0; view < cameras.Length; view++)
            cameras[view] = DrawCamera(Stream(Purpose.Camera, view), objects);
        return Compose(factors, cameras, split, index);

        RandomStream Stream(Purpose purpose, int number = 0) => StreamFor(split, index, (uint)purpose + (uint)number);
    }

    /// <summary>Cameras evenly spaced on the ring, from the x axis towards the y axis, even if scenes have free
    /// cameras.</summary>
    public override Camera[] FixedViews(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return [.. Enumerable.Range(0, count).Select(i => OnRing(i * Math.Tau / count))];
    }

    /// <inheritdoc/>
    /// <remarks>Free cameras look at the middle of the room, the point that they look towards most often, at the mean
    /// pitch.</remarks>
    internal override Camera[] Tour(Scene scene, int count)
    {
        if (_cameras == RoomCameras.Ring)
            return FixedViews(count);
        RoomObject[] objects = [.. Own<RoomFactors>(scene.Factors).Objects];
        var points = new RoomWalk(
            Options.FreeRange, (at, distance) => IsClear(objects, at.X, at.Y, distance),
            Options.FreeClearance).Points();
        if (points.Count == 0)
            throw NoPlaceForCameras();
        float pitch = (Options.MinPitchDegrees + Options.MaxPitchDegrees) * (MathF.PI / 360);
        var walk = new FloorPath(points).Walk(
            count, double.PositiveInfinity, TurningLength, (at, _) => Math.Atan2(-at.Y, -at.X));
        return [.. walk.Select(place => new Camera(
            place.At.X, place.At.Y, Options.CameraHeight, place.Yaw, pitch, Options.FieldOfViewDegrees))];
    }

    private HsvColour DrawColour(RandomStream random)
    {
        float hue = random.NextSingle();
        if (Options.PaletteHues > 0)
            hue = Math.Min((int)(hue * Options.PaletteHues), Options.PaletteHues - 1) / (float)Options.PaletteHues;
        return new HsvColour(hue, random.NextSingle(Options.MinSaturation, 1), random.NextSingle(Options.MinValue, 1));
    }

    /// <summary>Draws a free position for each object in turn; starts over if there is no space left.</summary>
    private void Place(Span<RoomObject> objects, Func<int, RandomStream> streamOf)
    {
        const int TriesPerObject = 100;
        RandomStream[] streams = [.. Enumerable.Range(0, objects.Length).Select(streamOf)];
        int attempts = 0;
        for (int k = 0, tries = 0; k < objects.Length; attempts++)
        {
            if (attempts == MaxAttempts)
            {
                throw new FactorException($"{objects.Length} objects of sizes up to {Options.MaxSize} find no room "
                    + $"within ±{Options.PlacementRange}: give RoomOptions fewer or smaller ones.");
            }

            objects[k] = objects[k] with
            {
                X = Within(streams[k], Options.PlacementRange),
                Y = Within(streams[k], Options.PlacementRange),
            };
            if (IsFree(objects[..k], objects[k]))
                (k, tries) = (k + 1, 0);
            else if (++tries == TriesPerObject)
                (k, tries) = (0, 0);
        }
    }

    private bool IsFree(ReadOnlySpan<RoomObject> others, in RoomObject own)
    {
        foreach (ref readonly var other in others)
        {
            float apart = BoundingRadius(other) + BoundingRadius(own) + Options.Gap;
            (float x, float y) = (other.X - own.X, other.Y - own.Y);
            if ((x * x) + (y * y) < apart * apart)
                return false;
        }

        return true;
    }

    private float BoundingRadius(in RoomObject own) => own.Size * Options.Shapes.BoundingRadius(own.Shape);

    private Camera DrawCamera(RandomStream random, ReadOnlySpan<RoomObject> objects)
    {
        if (_cameras == RoomCameras.Ring)
            return OnRing(random.NextSingle() * Math.Tau);
        float x = 0, y = 0;
        for (int attempt = 0; ; attempt++)
        {
            if (attempt == MaxAttempts)
                throw NoPlaceForCameras();
            (x, y) = (Within(random, Options.FreeRange), Within(random, Options.FreeRange));
            if (IsClear(objects, x, y, Options.FreeClearance))
                break;
        }

        double aimX = random.NextNormal() * Options.LookAtDeviation;
        double aimY = random.NextNormal() * Options.LookAtDeviation;
        float pitch = random.NextSingle(Options.MinPitchDegrees, Options.MaxPitchDegrees) * (MathF.PI / 180);
        return new Camera(
            x, y, Options.CameraHeight, (float)Math.Atan2(aimY - y, aimX - x), pitch, Options.FieldOfViewDegrees);
    }

    private FactorException NoPlaceForCameras() =>
        new($"No place within ±{Options.FreeRange} is {Options.FreeClearance} clear of all objects: give RoomOptions "
            + "fewer or smaller objects or less clearance.");

    private bool IsClear(ReadOnlySpan<RoomObject> objects, float x, float y, float clearance)
    {
        foreach (ref readonly var own in objects)
        {
            float apart = BoundingRadius(own) + clearance;
            if (((own.X - x) * (own.X - x)) + ((own.Y - y) * (own.Y - y)) < apart * apart)
                return false;
        }

        return true;
    }

    private Camera OnRing(double angle)
    {
        double yaw = angle < Math.PI ? angle : angle - Math.Tau;
        return new Camera(
            (float)(-Options.RingRadius * Math.Cos(yaw)), (float)(-Options.RingRadius * Math.Sin(yaw)),
            Options.CameraHeight, (float)yaw, 0, Options.FieldOfViewDegrees);
    }

    private static float Within(RandomStream random, float range) => random.NextSingle(-range, range);

    /// <inheritdoc/>
    private protected override SceneGeometry Build(SceneFactors factors)
    {
        var own = Own<RoomFactors>(factors);
        own.Check(Options.HalfSide);
        var primitives = new Primitive[own.Objects.Count];
        for (int k = 0; k < primitives.Length; k++)
            primitives[k] = PrimitiveOf(own.Objects[k], (byte)(k + 1));
        var room = new RoomSurroundings(Options.HalfSide, Options.WallHeight, Options.FloorTile, own.Wall, own.Floor);
        var light = own.Light.ToVector();
        var target = new Vector3(light.X * (1 - Options.Light.Aim), light.Y * (1 - Options.Light.Aim), 0);
        return new RoomGeometry(primitives, room, SpotLight.Towards(light, target, Options.Light));
    }

    private Primitive PrimitiveOf(in RoomObject own, byte part)
    {
        var shapes = Options.Shapes;
        var colour = own.Colour.ToRgb();
        float size = own.Size;
        (float x, float y, float yaw) = (own.X, own.Y, own.Yaw);
        return own.Shape switch
        {
            RoomShape.Box => Primitive.Box(
                Standing(shapes.BoxEdge * .5f), new Vector3(shapes.BoxEdge * size), colour, part, shine: 1),
            RoomShape.Sphere => Primitive.Sphere(
                At(shapes.SphereRadius), shapes.SphereRadius * size, colour, part, shine: 1),
            RoomShape.Cylinder => Primitive.Cylinder(
                At(0), At(shapes.CylinderHeight), shapes.CylinderRadius * size, colour, part, shine: 1),
            RoomShape.Capsule => Primitive.Capsule(
                At(shapes.CapsuleRadius), At(shapes.CapsuleHeight - shapes.CapsuleRadius),
                shapes.CapsuleRadius * size, colour, part, shine: 1),
            RoomShape.Cone => Primitive.Cone(
                At(0), shapes.ConeRadius * size, shapes.ConeHeight * size, colour, part, shine: 1),
            RoomShape.Icosahedron => Primitive.Icosahedron(
                Standing(shapes.IcosahedronRadius * Primitive.IcosahedronInradius),
                shapes.IcosahedronRadius * size, colour, part, shine: 1),
            _ => Primitive.TriangleFrame(
                Standing(shapes.TriangleSide * Primitive.Sin60 * .5f), shapes.TriangleSide * size,
                shapes.TriangleBar * size, colour, part, shine: 1),
        };

        Vector3 At(float height) => new(x, y, height * size);
        Frame Standing(float middle) => Frame.Turned(At(middle), yaw);
    }
}

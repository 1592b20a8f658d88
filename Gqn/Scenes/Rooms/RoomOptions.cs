namespace Gqn.Native.Scenes;

/// <summary>Sizes, ranges and cameras of rooms.</summary>
/// <remarks>
/// From the description of the released data set: the side of 7, five walls, three floors and seven shapes, one to
/// three objects, ten views. Measured on its images: the heights of walls and camera, pitch 0, the field of view, the
/// ring's radius, the sky. Everything else is our choice.
/// </remarks>
public sealed record RoomOptions
{
    /// <summary>Half the side of the square room, in world units; its centre is the origin.</summary>
    public float HalfSide { get; init; } = 3.5f;

    /// <summary>Height of the walls, in world units.</summary>
    public float WallHeight { get; init; } = 2.1f;

    /// <summary>The side of the square that the floor's texture covers once, in world units.</summary>
    public float FloorTile { get; init; } = 3.5f;

    /// <summary>The minimum number of objects in a sampled scene.</summary>
    public int MinObjects { get; init; } = 1;

    /// <summary>The maximum number of objects in a sampled scene, up to <see cref="RoomFactors.MaxObjects"/>; with 4 or
    /// 5, scenes are out of the usual distribution.</summary>
    public int MaxObjects { get; init; } = 3;

    /// <summary>Objects' x and y are uniform in ± this range, in world units.</summary>
    public float PlacementRange { get; init; } = 2.2f;

    /// <summary>The minimum distance between the bounding circles of two sampled objects, in world units.</summary>
    public float Gap { get; init; } = .15f;

    /// <summary>The minimum size of a sampled object, as a multiple of its shape's usual dimensions.</summary>
    public float MinSize { get; init; } = .6f;

    /// <summary>The maximum size of a sampled object.</summary>
    public float MaxSize { get; init; } = 1.4f;

    /// <summary>The minimum saturation of a sampled colour; the maximum is 1.</summary>
    public float MinSaturation { get; init; } = .75f;

    /// <summary>The minimum value (brightness) of a sampled colour; the maximum is 1.</summary>
    public float MinValue { get; init; } = .85f;

    /// <summary>0 for hues anywhere on the colour circle, else the number of evenly spaced hues; factor experiments use
    /// 8.</summary>
    public int PaletteHues { get; init; }

    /// <summary>The dimensions of the seven shapes at size 1.</summary>
    public RoomShapeOptions Shapes { get; init; } = new();

    /// <summary>The lighting of the room.</summary>
    public RoomLightOptions Light { get; init; } = new();

    /// <summary>Field of view of the cameras, in degrees.</summary>
    public float FieldOfViewDegrees { get; init; } = 45;

    /// <summary>Height of the cameras, in world units.</summary>
    public float CameraHeight { get; init; } = .77f;

    /// <summary>Distance of ring cameras from the room's centre, in world units. From outside they look through the
    /// walls.</summary>
    public float RingRadius { get; init; } = 4.5f;

    /// <summary>Free cameras' x and y are uniform in ± this range, in world units.</summary>
    public float FreeRange { get; init; } = 3;

    /// <summary>The minimum distance of free cameras from objects' bounding circles, in world units.</summary>
    public float FreeClearance { get; init; } = .5f;

    /// <summary>Free cameras look towards points whose x and y are normally distributed around 0 with this standard
    /// deviation, in world units.</summary>
    public float LookAtDeviation { get; init; } = 2;

    /// <summary>The minimum pitch of a free camera, in degrees.</summary>
    public float MinPitchDegrees { get; init; }

    /// <summary>The maximum pitch of a free camera, in degrees.</summary>
    public float MaxPitchDegrees { get; init; }

    /// <exception cref="ArgumentException">A value is out of range, or values contradict each other.</exception>
    internal void Validate()
    {
        if (MinObjects < 0 || MaxObjects < MinObjects || MaxObjects > RoomFactors.MaxObjects)
        {
            throw new ArgumentException(
                $"RoomOptions: there can be 0 to {RoomFactors.MaxObjects} objects, not {MinObjects} to {MaxObjects}.");
        }

        if (!(MinSize > 0 && MinSize <= MaxSize && MaxSize <= RoomFactors.MaxSize))
        {
            throw new ArgumentException(
                $"RoomOptions: sizes lie above 0 and up to {RoomFactors.MaxSize}, not from {MinSize} to {MaxSize}.");
        }

        if (!(PlacementRange >= 0 && PlacementRange <= HalfSide && FreeRange >= 0 && FreeRange <= HalfSide))
        {
            throw new ArgumentException("RoomOptions: PlacementRange and FreeRange lie between 0 and HalfSide, "
                + $"which is {HalfSide}; they are {PlacementRange} and {FreeRange}.");
        }

        if (!(WallHeight > 0 && FloorTile > 0 && FieldOfViewDegrees is > 0 and < 180 && Light.Height > 0))
        {
            throw new ArgumentException("RoomOptions: WallHeight, FloorTile and Light.Height are above 0 and "
                + "FieldOfViewDegrees lies between 0 and 180.");
        }

        if (!(Light.CutoffDegrees is > 0 and < 90 && Light.SpotExponent > 0 && Light.Shininess > 0))
        {
            throw new ArgumentException("RoomOptions: Light.CutoffDegrees lies between 0 and 90; "
                + "Light.SpotExponent and Light.Shininess are at least 1.");
        }

        if (!(Light.Range >= 0 && Light.Range <= HalfSide))
            throw new ArgumentException($"RoomOptions: Light.Range lies between 0 and HalfSide, not at {Light.Range}.");
        if (PaletteHues < 0)
            throw new ArgumentException($"RoomOptions: {PaletteHues} hues are fewer than none.");
    }
}

/// <summary>The dimensions of objects of size 1, in world units; our choice, to match the released images.</summary>
public sealed record RoomShapeOptions
{
    /// <summary>Radius of the sphere.</summary>
    public float SphereRadius { get; init; } = .375f;

    /// <summary>Edge length of the box, a cube.</summary>
    public float BoxEdge { get; init; } = .75f;

    /// <summary>Radius of the cylinder.</summary>
    public float CylinderRadius { get; init; } = .34f;

    /// <summary>Height of the cylinder.</summary>
    public float CylinderHeight { get; init; } = .875f;

    /// <summary>Radius of the upright capsule.</summary>
    public float CapsuleRadius { get; init; } = .25f;

    /// <summary>Height of the capsule, including its round ends.</summary>
    public float CapsuleHeight { get; init; } = 1.25f;

    /// <summary>Radius of the cone's base.</summary>
    public float ConeRadius { get; init; } = .375f;

    /// <summary>Height of the cone.</summary>
    public float ConeHeight { get; init; } = 1;

    /// <summary>Circumradius of the icosahedron.</summary>
    public float IcosahedronRadius { get; init; } = .4f;

    /// <summary>Outer side of the triangle.</summary>
    public float TriangleSide { get; init; } = .9f;

    /// <summary>Side of the square cross-section of the triangle's bars.</summary>
    public float TriangleBar { get; init; } = .16f;

    /// <summary>The radius of a circle on the floor that contains the shape at size 1 at any yaw.</summary>
    public float BoundingRadius(RoomShape shape) => shape switch
    {
        RoomShape.Box => BoxEdge * .70710678f,
        RoomShape.Sphere => SphereRadius,
        RoomShape.Cylinder => CylinderRadius,
        RoomShape.Capsule => CapsuleRadius,
        RoomShape.Cone => ConeRadius,
        RoomShape.Icosahedron => IcosahedronRadius,
        RoomShape.Triangle =>
            MathF.Sqrt((TriangleSide * TriangleSide) + (TriangleBar * TriangleBar)) * .5f,
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "There is no such shape."),
    };
}

namespace Gqn.Native.Scenes;

/// <summary>The lighting of rooms: a spot light near the ceiling, whose position varies from scene to scene, a
/// headlight at the camera, and ambient light.</summary>
/// <remarks>All values are our choice, to match the released images: a saturated pool of light on the floor, dark floor
/// elsewhere, hard shadows, walls that are dark at grazing angles.</remarks>
public sealed record RoomLightOptions
{
    /// <summary>Brightness of the ambient light.</summary>
    public float Ambient { get; init; } = .18f;

    /// <summary>Brightness that the headlight adds to a surface facing the camera.</summary>
    public float Headlight { get; init; } = .62f;

    /// <summary>Brightness that the spot light adds to a surface facing it, on the axis of its cone.</summary>
    public float Spot { get; init; } = 1.1f;

    /// <summary>Exponent of the cosine with which the spot fades towards the border of its cone.</summary>
    public int SpotExponent { get; init; } = 10;

    /// <summary>Half the angle of the spot's cone, in degrees, below 90; its light has faded to zero there.</summary>
    public float CutoffDegrees { get; init; } = 45;

    /// <summary>Brightness of the spot's highlights on shiny objects.</summary>
    public float Specular { get; init; } = .3f;

    /// <summary>Exponent of the highlights' cosine; larger exponents make them smaller.</summary>
    public int Shininess { get; init; } = 32;

    /// <summary>Height of the spot light above the floor, in world units.</summary>
    public float Height { get; init; } = 3;

    /// <summary>The spot light's x and y are uniform in ± this range, in world units.</summary>
    public float Range { get; init; } = 2.5f;

    /// <summary>The aim of the spot: 0 straight down, 1 at the room's centre; interpolated in between.</summary>
    public float Aim { get; init; } = .5f;
}

namespace Gqn.Native.Scenes;

/// <summary>How rooms are lit: by a spot light under a place of the ceiling that changes from scene to scene, by a lamp
/// at the camera, and a little everywhere.</summary>
/// <remarks>All values are our choice, after the look of the released pictures: a pool of light on the floor that
/// saturates, dark floor elsewhere, hard shadows, walls that are dark when seen at a flat angle.</remarks>
public sealed record RoomLightOptions
{
    /// <summary>Brightness everywhere.</summary>
    public float Ambient { get; init; } = .18f;

    /// <summary>What the camera's lamp adds to a surface that it faces.</summary>
    public float Headlight { get; init; } = .62f;

    /// <summary>What the spot light adds to a surface that faces it, in the middle of its cone.</summary>
    public float Spot { get; init; } = 1.1f;

    /// <summary>The power of the cosine with which the spot fades towards the border of its cone.</summary>
    public int SpotExponent { get; init; } = 10;

    /// <summary>Half the angle of the spot's cone, in degrees, below 90; its light has faded to nothing
    /// there.</summary>
    public float CutoffDegrees { get; init; } = 45;

    /// <summary>The brightness of the spot's highlights on shiny things.</summary>
    public float Specular { get; init; } = .3f;

    /// <summary>The power of the cosine that makes highlights small.</summary>
    public int Shininess { get; init; } = 32;

    /// <summary>Height of the spot light above the floor, in world units.</summary>
    public float Height { get; init; } = 3;

    /// <summary>The spot light's x and y are uniform between − this and this, in world units.</summary>
    public float Range { get; init; } = 2.5f;

    /// <summary>Where the spot aims: 0 straight down, 1 at the room's centre, between them in between.</summary>
    public float Aim { get; init; } = .5f;
}

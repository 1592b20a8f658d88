using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>What eight rays see first.</summary>
internal struct PacketHits
{
    /// <summary>The bits of <see cref="Surface"/> that a primitive's number plus one begins at; below it are its face
    /// and, as the lowest bit, whether it lies in a shadow.</summary>
    public const int PrimitiveShift = 8;

    /// <summary>How far; +∞ where nothing is.</summary>
    public Vector256<float> Distance;

    /// <summary>Which smooth piece of which thing is seen. Where two neighbouring pixels have different numbers there
    /// is an edge between them.</summary>
    public Vector256<int> Surface;

    /// <summary>The unit normals of the surroundings, where those are seen.</summary>
    public Vector3x8 Normal;

    /// <summary>The primitives that some of the rays may see, as bits; others are certainly not seen.</summary>
    public ulong Primitives;

    /// <summary>The surface number of a primitive's face.</summary>
    public static int SurfaceOf(int primitive, int face) => ((primitive + 1) << PrimitiveShift) | (face << 1);

    /// <summary>The faces in the surface numbers of primitives.</summary>
    public static Vector256<int> FaceOf(Vector256<int> surface) => (surface >> 1) & Vector256.Create(0x7F);
}

/// <summary>How a scene is lit and what surrounds its primitives.</summary>
internal interface IShading
{
    /// <summary>Whether there is anything but black around the primitives.</summary>
    static abstract bool HasSurroundings { get; }

    /// <summary>What the rays would see without primitives.</summary>
    PacketHits Surroundings(in PinholeView view, in RayPacket rays);

    /// <summary>The colours of what is seen, 0 to 1; marks shadows in <see cref="PacketHits.Surface"/>.</summary>
    Vector3x8 Shade(in PinholeView view, in RayPacket rays, ref PacketHits hits);
}

using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The first hits of a packet of eight rays.</summary>
internal struct PacketHits
{
    /// <summary>The bit of <see cref="Surface"/> at which the primitive's number plus one starts; below it are the face
    /// and, in the lowest bit, whether the point is in shadow.</summary>
    public const int PrimitiveShift = 8;

    /// <summary>The distance along each ray; +∞ if nothing is hit.</summary>
    public Vector256<float> Distance;

    /// <summary>The number of the smooth surface that is hit. Between two neighbouring pixels with different numbers
    /// there is an edge.</summary>
    public Vector256<int> Surface;

    /// <summary>The unit normals of the surroundings, for rays that hit them.</summary>
    public Vector3x8 Normal;

    /// <summary>Bits of the primitives that some rays may hit; all others are certainly not hit.</summary>
    public ulong Primitives;

    /// <summary>The surface number of a primitive's face.</summary>
    public static int SurfaceOf(int primitive, int face) => ((primitive + 1) << PrimitiveShift) | (face << 1);

    /// <summary>Extracts the faces from the surface numbers of primitives.</summary>
    public static Vector256<int> FaceOf(Vector256<int> surface) => (surface >> 1) & Vector256.Create(0x7F);
}

/// <summary>The lighting of a scene and the surroundings of its primitives.</summary>
internal interface IShading
{
    /// <summary>Whether the primitives have surroundings; otherwise the background is black.</summary>
    static abstract bool HasSurroundings { get; }

    /// <summary>What the rays would hit without primitives.</summary>
    PacketHits Surroundings(in PinholeView view, in RayPacket rays);

    /// <summary>Computes the colours of the hits, 0 to 1; marks shadows in <see cref="PacketHits.Surface"/>.</summary>
    Vector3x8 Shade(in PinholeView view, in RayPacket rays, ref PacketHits hits);
}

using System.Numerics;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>An axis-aligned box.</summary>
/// <param name="Low">The corner with the smallest coordinates, in world units.</param>
/// <param name="High">The corner with the largest coordinates; boxes that touch share these floats exactly.</param>
/// <param name="Colour">R, G, B in 0..1 under a light of brightness 1.</param>
internal readonly record struct Box(Vector3 Low, Vector3 High, Vector3 Colour);

/// <summary>brightness(n) = sky + (sky − ground)·min(0, n_z) + sun · max(0, n·l), and a pixel is
/// min(1, brightness · colour).</summary>
/// <param name="Direction">l, the unit vector towards the sun.</param>
/// <param name="Sky">Brightness of a face turned away from the sun.</param>
/// <param name="Ground">Brightness of a face pointing straight down.</param>
/// <param name="Sun">Brightness that the sun adds to a face pointing straight at it.</param>
internal readonly record struct Lighting(Vector3 Direction, float Sky, float Ground, float Sun)
{
    /// <summary>The brightness of a face with normal ±e_axis.</summary>
    public float OfFace(int axis, float sign)
    {
        float towardsSun = sign * Direction[axis];
        float below = axis == 2 && sign < 0 ? Sky - Ground : 0;
        return Sky - below + (Sun * Math.Max(0, towardsSun));
    }
}

/// <summary>Boxes on a black background, lit by a sky and a sun.</summary>
internal sealed class PolycubeGeometry : SceneGeometry
{
    private const int Faces = 6;

    private readonly Box[] _boxes;
    private readonly Primitive[] _primitives;
    private readonly Vector3[] _colours;

    /// <exception cref="ArgumentException">There are more boxes than a scene can have.</exception>
    public PolycubeGeometry(Box[] boxes, Lighting lighting)
    {
        if (boxes.Length > RayCaster.MaxPrimitives)
        {
            throw new ArgumentException(
                $"A scene can have {RayCaster.MaxPrimitives} boxes, not {boxes.Length}.", nameof(boxes));
        }

        _boxes = boxes;
        _primitives = new Primitive[boxes.Length];
        _colours = new Vector3[boxes.Length * Faces];
        for (int i = 0; i < boxes.Length; i++)
        {
            // In the world's frame the corners are unchanged, so that there are no cracks between touching boxes.
            _primitives[i] = new Primitive(
                PrimitiveKind.Box, Frame.World, boxes[i].Low, boxes[i].High, boxes[i].Colour, (byte)(i + 1));
            for (int face = 0; face < Faces; face++)
            {
                float light = lighting.OfFace(face >> 1, (face & 1) == 0 ? -1 : 1);
                _colours[(i * Faces) + face] = Vector3.Min(boxes[i].Colour * light, Vector3.One);
            }
        }
    }

    /// <summary>The boxes; box k is part k + 1.</summary>
    public ReadOnlySpan<Box> Boxes => _boxes;

    public override void Render(in Camera camera, int size, Span<byte> rgb, Span<byte> parts, Span<float> depth) =>
        RayCaster.Render(_primitives, new FaceShading(_colours), camera, size, rgb, parts, depth);

    /// <summary>Each face has one colour.</summary>
    private readonly struct FaceShading(Vector3[] colours) : IShading
    {
        public static bool HasSurroundings => false;

        public PacketHits Surroundings(in PinholeView view, in RayPacket rays) =>
            new() { Distance = RayLanes.Infinity };

        public Vector3x8 Shade(in PinholeView view, in RayPacket rays, ref PacketHits hits)
        {
            Span<float> red = stackalloc float[RayLanes.Count], green = stackalloc float[RayLanes.Count];
            Span<float> blue = stackalloc float[RayLanes.Count];
            for (int lane = 0; lane < RayLanes.Count; lane++)
            {
                int surface = hits.Surface[lane];
                int number = (surface >> PacketHits.PrimitiveShift) - 1, face = (surface >> 1) & 0x7F;
                var colour = number < 0 ? Vector3.Zero : colours[(number * Faces) + face];
                (red[lane], green[lane], blue[lane]) = (colour.X, colour.Y, colour.Z);
            }

            return new Vector3x8(
                Vector256.Create<float>(red), Vector256.Create<float>(green), Vector256.Create<float>(blue));
        }
    }
}

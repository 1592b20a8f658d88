using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Renders primitives, eight rays at a time.</summary>
/// <remarks>
/// One ray through each pixel centre finds the visible surface. If it differs from that of one of the four neighbours —
/// another primitive, face, wall, or the other side of a shadow's border — the pixel becomes the mean of a packet of
/// <see cref="EdgeSamples"/> rays; elsewhere it is smooth, and more rays would add little. A packet is tested against
/// the primitives whose screen rectangle it meets. All arithmetic is in single-precision lanes in a fixed order, so
/// that the bytes are the same on every processor; no state is shared, so that they are the same for any number of
/// threads.
/// </remarks>
internal static class RayCaster
{
    /// <summary>The number of rays that an edge pixel averages.</summary>
    public const int EdgeSamples = RayLanes.Count;

    /// <summary>The maximum number of primitives in a scene.</summary>
    public const int MaxPrimitives = Rectangles.MaxCount;

    /// <summary>The rays of an edge pixel: Hammersley points, one in each row and column of an 8×8 grid.</summary>
    private static readonly Vector256<float> EdgeColumns =
        Vector256.Create(.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f) / EdgeSamples;

    private static readonly Vector256<float> EdgeRows =
        Vector256.Create(.5f, 4.5f, 2.5f, 6.5f, 1.5f, 5.5f, 3.5f, 7.5f) / EdgeSamples;

    /// <summary>Renders an image.</summary>
    /// <param name="primitives">The primitives of the scene; at most <see cref="MaxPrimitives"/>.</param>
    /// <param name="shading">The scene's lighting and surroundings.</param>
    /// <param name="camera">The camera to render from.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    /// <param name="parts">Receives size × size part numbers at pixel centres; or empty.</param>
    /// <param name="depth">Receives size × size distances along the forward axis at pixel centres; or empty.</param>
    public static void Render<TShading>(
        ReadOnlySpan<Primitive> primitives, in TShading shading, in Camera camera, int size, Span<byte> rgb,
        Span<byte> parts, Span<float> depth)
        where TShading : struct, IShading
    {
        var view = new PinholeView(camera, size);
        var screen = default(Rectangles);
        foreach (ref readonly var primitive in primitives)
            screen.AddOnScreen(primitive, view);

        int length = SurfaceMap.Length(size);
        int[] rented = ArrayPool<int>.Shared.Rent(length);
        var surfaces = new SurfaceMap(rented.AsSpan(0, length), size);
        var picture = new Picture<TShading>(primitives, shading, view, screen);
        picture.RenderCentres(surfaces, rgb, parts, depth);
        picture.RenderEdges(surfaces, rgb);
        ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>The state shared by the two passes over an image.</summary>
    private readonly ref struct Picture<TShading>(
        ReadOnlySpan<Primitive> primitives, in TShading shading, in PinholeView view, in Rectangles screen)
        where TShading : struct, IShading
    {
        private readonly ReadOnlySpan<Primitive> _primitives = primitives;
        private readonly ref readonly TShading _shading = ref shading;
        private readonly ref readonly PinholeView _view = ref view;
        private readonly ref readonly Rectangles _screen = ref screen;

        /// <summary>First pass: one ray per pixel, eight pixels of a row at a time.</summary>
        public void RenderCentres(SurfaceMap surfaces, Span<byte> rgb, Span<byte> parts, Span<float> depth)
        {
            int size = _view.Size;
            var firstColumns = Vector256.Create(.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f);
            for (int y = 0; y < size; y++)
            {
                var rows = Vector256.Create(y + .5f);
                for (int x = 0; x < size; x += RayLanes.Count)
                {
                    int first = (y * size) + x, count = Math.Min(RayLanes.Count, size - x);
                    ulong candidates = _screen.Meeting(x, y, x + RayLanes.Count, y + 1);
                    if (candidates == 0 && !TShading.HasSurroundings)
                    {
                        surfaces.Store(x, y, Vector256<int>.Zero);
                        rgb.Slice(first * 3, count * 3).Clear();
                        if (!parts.IsEmpty)
                            parts.Slice(first, count).Clear();
                        if (!depth.IsEmpty)
                            depth.Slice(first, count).Fill(float.PositiveInfinity);
                        continue;
                    }

                    var rays = _view.Rays(firstColumns + Vector256.Create((float)x), rows);
                    var hits = Trace(rays, candidates);
                    var colour = _shading.Shade(_view, rays, ref hits);
                    surfaces.Store(x, y, hits.Surface);
                    Store(colour, rgb.Slice(first * 3, count * 3));
                    if (!parts.IsEmpty)
                        StoreParts(hits.Surface, parts.Slice(first, count));
                    for (int lane = 0; lane < count && !depth.IsEmpty; lane++)
                        depth[first + lane] = hits.Distance[lane];
                }
            }
        }

        /// <summary>Second pass: a packet for each pixel with an edge to a neighbour.</summary>
        public void RenderEdges(SurfaceMap surfaces, Span<byte> rgb)
        {
            int size = _view.Size;
            surfaces.PadColumns();
            for (int y = 0; y < size; y++)
            {
                for (int x = 0; x < size; x += RayLanes.Count)
                {
                    for (uint edges = surfaces.Edges(x, y); edges != 0; edges &= edges - 1)
                    {
                        int column = x + BitOperations.TrailingZeroCount(edges);
                        var colour = EdgeColour(column, y);
                        var pixel = rgb.Slice(((y * size) + column) * 3, 3);
                        pixel[0] = (byte)((colour.X * 255f) + .5f);
                        pixel[1] = (byte)((colour.Y * 255f) + .5f);
                        pixel[2] = (byte)((colour.Z * 255f) + .5f);
                    }
                }
            }
        }

        private Vector3 EdgeColour(int x, int y)
        {
            var rays = _view.Rays(
                Vector256.Create((float)x) + EdgeColumns, Vector256.Create((float)y) + EdgeRows);
            var hits = Trace(rays, _screen.Meeting(x, y, x + 1, y + 1));
            var colour = _shading.Shade(_view, rays, ref hits);
            var sum = Vector3.Zero;
            for (int lane = 0; lane < EdgeSamples; lane++)
                sum += new Vector3(colour.X[lane], colour.Y[lane], colour.Z[lane]);
            return sum * (1f / EdgeSamples);
        }

        private PacketHits Trace(in RayPacket rays, ulong candidates)
        {
            var hits = _shading.Surroundings(_view, rays);
            var origin = Vector3x8.Create(_view.Origin);
            for (; candidates != 0; candidates &= candidates - 1)
            {
                int number = BitOperations.TrailingZeroCount(candidates);
                ref readonly var primitive = ref _primitives[number];
                var entries = Intersection.Enter(primitive, origin, rays, 0);
                var nearer = Vector256.LessThan(entries.Distance, hits.Distance);
                if (!RayLanes.Any(nearer))
                    continue;
                hits.Primitives |= 1ul << number;
                hits.Distance = Vector256.ConditionalSelect(nearer, entries.Distance, hits.Distance);
                hits.Surface = Vector256.ConditionalSelect(
                    nearer.AsInt32(),
                    Vector256.Create(PacketHits.SurfaceOf(number, 0)) + (entries.Face << 1), hits.Surface);
            }

            return hits;
        }

        private void StoreParts(Vector256<int> surface, Span<byte> parts)
        {
            for (int lane = 0; lane < parts.Length; lane++)
            {
                int number = (surface[lane] >> PacketHits.PrimitiveShift) - 1;
                parts[lane] = number < 0 ? (byte)0 : _primitives[number].Part;
            }
        }
    }

    private static void Store(in Vector3x8 colour, Span<byte> rgb)
    {
        Vector256<int> red = Level(colour.X), green = Level(colour.Y), blue = Level(colour.Z);
        var pixels = red | (green << 8) | (blue << 16);
        for (int lane = 0, at = 0; at < rgb.Length; lane++, at += 3)
        {
            int pixel = pixels[lane];
            (rgb[at], rgb[at + 1], rgb[at + 2]) = ((byte)pixel, (byte)(pixel >> 8), (byte)(pixel >> 16));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Level(Vector256<float> channel) =>
        Vector256.ConvertToInt32((channel * 255f) + Vector256.Create(.5f));
}

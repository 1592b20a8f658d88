using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Scenes;

namespace Gqn.Native.Tests.Geometry;

/// <summary>A point that a pixel shows.</summary>
/// <param name="Camera">The camera that sees it.</param>
/// <param name="Column">Column of the pixel.</param>
/// <param name="Row">Row of the pixel.</param>
/// <param name="Depth">Distance along the camera's line of sight.</param>
/// <param name="Point">The point in the world.</param>
internal readonly record struct SeenSurface(Camera Camera, int Column, int Row, float Depth, Point3 Point)
{
    public Vector3 Position => new((float)Point.X, (float)Point.Y, (float)Point.Z);
}

/// <summary>Surfaces in the world, from the renderer's depth maps.</summary>
internal static class SeenSurfaces
{
    /// <summary>The surfaces in some pictures of an environment, seen by its own cameras and by the same cameras with
    /// other pitches, of both signs.</summary>
    public static IEnumerable<SeenSurface> Of(SceneEnvironment environment, int size, int scenes, int cameras)
    {
        for (ulong index = 0; index < (ulong)scenes; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            foreach (var camera in scene.Cameras[..cameras].ToArray())
            {
                foreach (var seen in InPicture(scene, camera, size)
                    .Concat(InPicture(scene, camera with { Pitch = .11f }, size))
                    .Concat(InPicture(scene, camera with { Pitch = -.13f }, size)))
                {
                    yield return seen;
                }
            }
        }
    }

    /// <summary>The surfaces in a picture.</summary>
    public static IEnumerable<SeenSurface> InPicture(Scene scene, Camera camera, int size)
    {
        float[] depth = new float[size * size];
        scene.Render(camera, size, new byte[size * size * 3], [], depth);
        var reference = new ReferenceCamera(camera, size);
        for (int pixel = 0; pixel < depth.Length; pixel++)
        {
            int column = pixel % size, row = pixel / size;
            if (float.IsFinite(depth[pixel]))
            {
                var point = reference.Origin + (reference.Ray(column + .5, row + .5) * depth[pixel]);
                yield return new SeenSurface(camera, column, row, depth[pixel], point);
            }
        }
    }
}

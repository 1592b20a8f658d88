using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Checks whether the cameras of the first scenes of a source see a box.</summary>
internal static class SceneSight
{
    /// <summary>The number of scenes that are looked at.</summary>
    public const int Scenes = 16;

    /// <summary>The cameras of the first scenes; each scene is loaded lazily.</summary>
    /// <exception cref="DatasetException">A scene is damaged or cannot be read.</exception>
    public static IEnumerable<Camera> Cameras(SceneSource source)
    {
        using var reader = source.CreateReader(Scene.MinImageSize);
        for (int scene = 0; scene < Scenes; scene++)
        {
            if (Reference(source, scene) is not { } reference)
                yield break;
            reader.Load(reference);
            for (int view = 0; view < source.ViewsPerScene; view++)
                yield return reader.Camera(view);
        }
    }

    /// <summary>Whether a camera of the first scenes sees a part of the box of a geometry.</summary>
    /// <exception cref="DatasetException">A scene is damaged or cannot be read.</exception>
    public static bool Sees(SceneSource source, ViewGeometry geometry) =>
        Cameras(source).Any(camera => geometry.IsInSight(camera));

    /// <summary>Refuses a geometry whose box is outside the view of all cameras.</summary>
    /// <exception cref="OptionException">No camera sees any part of the box.</exception>
    /// <exception cref="DatasetException">A scene is damaged or cannot be read.</exception>
    public static void Require(SceneSource source, ViewGeometry geometry)
    {
        if (Sees(source, geometry))
            return;
        throw new OptionException(
            $"No camera of the first {Scenes} scenes of {source.Name} sees anything of the box from "
            + $"{geometry.Bounds.Low} to {geometry.Bounds.High}: set model.bounds.minX, maxX, minY, maxY, minZ and maxZ to "
            + "where the scenes are.");
    }

    private static SceneReference? Reference(SceneSource source, int scene)
    {
        if (source.Files is not { } files)
            return SceneReference.Of((ulong)scene);
        // The first file suffices to know where the cameras are.
        return scene < files.CountScenes(0) ? new SceneReference(0, scene) : null;
    }
}

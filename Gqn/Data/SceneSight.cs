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
        foreach (var reference in References(source).Take(Scenes))
        {
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

    private static IEnumerable<SceneReference> References(SceneSource source)
    {
        if (source.Files is not { } files)
        {
            for (ulong scene = 0; ; scene++)
                yield return SceneReference.Of(scene);
        }

        for (int file = 0; file < files.Count; file++)
        {
            for (int record = 0; record < files.CountScenes(file); record++)
                yield return new SceneReference(file, record);
        }
    }
}

using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>A source of scenes: an environment that renders them, or the files of a data set. Safe for use by several
/// threads.</summary>
public abstract class SceneSource
{
    /// <summary>The name of the environment or of the data set.</summary>
    public abstract string Name { get; }

    /// <summary>The number of views of each scene.</summary>
    /// <exception cref="DatasetException">The data set has no scene, or its first is damaged.</exception>
    public abstract int ViewsPerScene { get; }

    /// <summary>Finds the box that contains the scenes, and the usual number of grid cells along its longer horizontal
    /// side.</summary>
    /// <param name="fieldOfViewDegrees">The field of view of the cameras; null for the one that the scenes
    /// state.</param>
    /// <exception cref="DatasetException">The data set has no scene, or its first is damaged.</exception>
    public abstract (SceneBounds Bounds, int GridWidth) FindBounds(double? fieldOfViewDegrees = null);

    /// <summary>The damaged records passed over so far; null if none may be.</summary>
    public virtual DamagedRecords? Damaged => null;

    /// <summary>Reads the first scene, so that what is wrong with all scenes is known before anything is
    /// begun.</summary>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <exception cref="DatasetException">There is no scene, or the first is damaged.</exception>
    public virtual void RequireReadable(int imageSize)
    {
    }

    /// <summary>The files of a finite set; null if the supply of scenes is endless.</summary>
    internal abstract ISceneFiles? Files { get; }

    /// <summary>The number of scenes; null if the supply is endless.</summary>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    internal long? CountScenes() => Files is { } files
        ? Enumerable.Range(0, files.Count).Sum(file => (long)files.CountScenes(file))
        : null;

    /// <summary>The scenes from a number on, in order: that of their numbers, or of the records in the files. Files
    /// before the first scene are only counted.</summary>
    /// <param name="first">The number of the first scene, from 0.</param>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    internal IEnumerable<SceneReference> InOrder(long first)
    {
        if (Files is not { } files)
        {
            for (ulong index = (ulong)first; ; index++)
                yield return SceneReference.Of(index);
        }

        for (int file = 0; file < files.Count; file++)
        {
            int count = files.CountScenes(file);
            for (long record = first; record < count; record++)
                yield return new SceneReference(file, (int)record);
            first = Math.Max(0, first - count);
        }
    }

    /// <summary>Creates a reader that loads one scene at a time.</summary>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    internal abstract SceneReader CreateReader(int imageSize);
}

/// <summary>Loads one scene at a time; not thread-safe.</summary>
internal abstract class SceneReader : IDisposable
{
    /// <summary>The number of the loaded scene in its split.</summary>
    public abstract ulong Index { get; }

    /// <summary>Loads a scene.</summary>
    /// <exception cref="DatasetException">The scene is damaged or cannot be read.</exception>
    public abstract void Load(SceneReference reference);

    /// <summary>The scene that takes the place of a damaged one.</summary>
    public virtual SceneReference After(SceneReference damaged) => damaged;

    /// <summary>The camera of a view of the loaded scene.</summary>
    public abstract Camera Camera(int view);

    /// <summary>Renders or decodes a view of the loaded scene.</summary>
    /// <param name="view">The index of the view.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    /// <exception cref="DatasetException">The frame is damaged, or not square.</exception>
    public abstract void Render(int view, Span<byte> rgb);

    /// <summary>The loaded scene itself, with the cameras of its views in order; null if its contents are
    /// unknown.</summary>
    /// <exception cref="DatasetException">The ground truth in the file is damaged.</exception>
    public abstract Scene? FindScene();

    /// <inheritdoc/>
    public abstract void Dispose();
}

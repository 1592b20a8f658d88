using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Where scenes come from: an environment that renders them, or the files of a data set. Several threads may
/// share one.</summary>
public abstract class SceneSource
{
    /// <summary>What the scenes are called: the environment's name, or the data set's.</summary>
    public abstract string Name { get; }

    /// <summary>How many views each scene has.</summary>
    /// <exception cref="DatasetException">The data set has no scene, or its first is damaged.</exception>
    public abstract int ViewsPerScene { get; }

    /// <summary>The box that the scenes lie in, and into how many places a grid over them divides its longer horizontal
    /// side.</summary>
    /// <param name="fieldOfViewDegrees">That of the cameras, where somebody knows it better than the scenes; else
    /// null.</param>
    /// <exception cref="DatasetException">The data set has no scene, or its first is damaged.</exception>
    public abstract (SceneBounds Bounds, int GridWidth) FindBounds(double? fieldOfViewDegrees = null);

    /// <summary>The files that a finite set is spread over; null where scenes never end.</summary>
    internal abstract ISceneFiles? Files { get; }

    /// <summary>What loads scenes one after the other.</summary>
    /// <param name="imageSize">Height and width of the pictures, in pixels.</param>
    internal abstract SceneReader CreateReader(int imageSize);
}

/// <summary>Loads one scene after the other; not safe for use by several threads at once.</summary>
internal abstract class SceneReader : IDisposable
{
    /// <summary>The number of the loaded scene in its set.</summary>
    public abstract ulong Index { get; }

    /// <summary>Goes to a scene.</summary>
    /// <exception cref="DatasetException">It is damaged or cannot be read.</exception>
    public abstract void Load(SceneReference reference);

    /// <summary>The camera of a view of the loaded scene.</summary>
    public abstract Camera Camera(int view);

    /// <summary>The picture of a view of the loaded scene.</summary>
    /// <param name="view">Which.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    /// <exception cref="DatasetException">It is damaged, or not square.</exception>
    public abstract void Render(int view, Span<byte> rgb);

    /// <summary>The loaded scene itself, with the views' cameras in their order; null where nobody knows what is in
    /// it.</summary>
    /// <exception cref="DatasetException">What the files say about it is damaged.</exception>
    public abstract Scene? FindScene();

    /// <inheritdoc/>
    public abstract void Dispose();
}

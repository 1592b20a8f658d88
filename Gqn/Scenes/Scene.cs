using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>Which of two disjoint sets a scene belongs to.</summary>
public enum SceneSplit
{
    /// <summary>Scenes to learn from.</summary>
    Train,

    /// <summary>Scenes held out of training.</summary>
    Test,
}

/// <summary>The true causes of a scene's pictures, as its environment drew them; serialisable with
/// <see cref="System.Text.Json.JsonSerializer"/>.</summary>
[JsonDerivedType(typeof(ShepardMetzlerFactors), "shepard-metzler")]
public abstract record SceneFactors;

/// <summary>One scene: what is in it and from where it is seen. It never changes and may be shared by
/// threads.</summary>
public sealed class Scene
{
    private readonly Camera[] _cameras;
    private readonly Box[] _boxes;

    internal Scene(SceneSplit split, ulong index, SceneFactors factors, Camera[] cameras, Box[] boxes)
    {
        Split = split;
        Index = index;
        Factors = factors;
        _cameras = cameras;
        _boxes = boxes;
    }

    /// <summary>The set the scene belongs to.</summary>
    public SceneSplit Split { get; }

    /// <summary>The scene's number within its set.</summary>
    public ulong Index { get; }

    /// <summary>The views of the scene, in a fixed order.</summary>
    public ReadOnlySpan<Camera> Cameras => _cameras;

    /// <summary>The true causes of the pictures.</summary>
    public SceneFactors Factors { get; }

    internal ReadOnlySpan<Box> Boxes => _boxes;
}

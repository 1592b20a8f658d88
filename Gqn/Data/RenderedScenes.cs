using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Scenes that an environment renders on demand.</summary>
/// <param name="environment">The environment that renders the scenes.</param>
/// <param name="split">The split of its scenes.</param>
/// <param name="layout">For a finite set of scenes 0, 1, 2, ...: the layout of the files in whose reading order they
/// come; null for an endless supply of scenes, each drawn anew.</param>
public sealed class RenderedScenes(SceneEnvironment environment, SceneSplit split, SceneFileLayout? layout = null)
    : SceneSource
{
    /// <inheritdoc/>
    public override string Name => environment.Name;

    /// <inheritdoc/>
    public override int ViewsPerScene => environment.ViewsPerScene;

    /// <inheritdoc/>
    public override (SceneBounds Bounds, int GridWidth) FindBounds(double? fieldOfViewDegrees = null) =>
        (environment.Bounds, environment.UsualGridWidth);

    /// <inheritdoc/>
    internal override ISceneFiles? Files { get; } = layout is null ? null : new LayoutFiles(environment.Name, layout);

    /// <inheritdoc/>
    internal override SceneReader CreateReader(int imageSize) => new Reader(environment, split, layout, imageSize);

    private sealed class LayoutFiles(string name, SceneFileLayout layout) : ISceneFiles
    {
        public string Path => name;

        public int Count => layout.Files;

        public int CountScenes(int file) => layout.CountScenes(file);
    }

    private sealed class Reader(SceneEnvironment environment, SceneSplit split, SceneFileLayout? layout, int imageSize)
        : SceneReader
    {
        private Scene _scene = null!;

        public override ulong Index => _scene.Index;

        public override void Load(SceneReference reference) => _scene = environment.Sample(
            split, layout?.SceneOf(reference.File, reference.Record) ?? reference.Index);

        public override Camera Camera(int view) => _scene.Cameras[view];

        public override void Render(int view, Span<byte> rgb) => _scene.Render(_scene.Cameras[view], imageSize, rgb);

        public override Scene FindScene() => _scene;

        public override void Dispose()
        {
        }
    }
}

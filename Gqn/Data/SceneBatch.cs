using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>One batch for training or evaluation: some observed views of each scene, and one view to predict.</summary>
/// <remarks>
/// Arrays are sized for <see cref="MaxContexts"/>; a batch with fewer <see cref="Contexts"/> uses the start of each.
/// Images are height × width × (R, G, B) in 0..1; each value is a byte divided by 255.
/// </remarks>
public sealed class SceneBatch
{
    private static readonly float[] ByteToUnit = [.. Enumerable.Range(0, 256).Select(b => b / 255f)];

    private readonly byte[] _rgb;
    private readonly int[] _viewOrder;
    private readonly byte[]? _queryParts;
    private readonly PixelVisibility[]? _queryVisibility;
    private readonly ViewGeometry? _geometry;
    private bool _scenesAreKnown = true;

    internal SceneBatch(
        SceneSource source, int imageSize, int scenes, int maxContexts, bool withParts = false,
        bool withVisibility = false, ViewGeometry? geometry = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        Scene.ThrowIfUnsupported(imageSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scenes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxContexts);
        if (maxContexts >= source.ViewsPerScene)
        {
            throw new ArgumentOutOfRangeException(nameof(maxContexts),
                $"{source.Name} has {Quantity.Of(source.ViewsPerScene, "view")} a scene, "
                + $"too few for {Quantity.Of(maxContexts, "context")} and a query.");
        }

        (ImageSize, Scenes, MaxContexts) = (imageSize, scenes, maxContexts);
        int picture = imageSize * imageSize * 3;
        ContextImages = new float[(long)scenes * maxContexts * picture];
        ContextViews = new float[scenes * maxContexts * Viewpoint.Dimensions];
        QueryImages = new float[(long)scenes * picture];
        QueryViews = new float[scenes * Viewpoint.Dimensions];
        ContextCameras = new Camera[scenes * maxContexts];
        QueryCameras = new Camera[scenes];
        _geometry = geometry;
        ContextGeometry = geometry?.CreateContexts(scenes * maxContexts, gradients: true);
        QueryGeometry = geometry?.CreateQueries(scenes, gradients: true);
        SceneIndices = new ulong[scenes];
        _queryParts = withParts ? new byte[scenes * imageSize * imageSize] : null;
        _queryVisibility = withVisibility ? new PixelVisibility[scenes * imageSize * imageSize] : null;
        _rgb = new byte[picture];
        _viewOrder = new int[source.ViewsPerScene];
    }

    /// <summary>Height and width of an image, in pixels.</summary>
    public int ImageSize { get; }

    /// <summary>B, the number of scenes.</summary>
    public int Scenes { get; }

    /// <summary>The largest number of contexts that fits.</summary>
    public int MaxContexts { get; }

    /// <summary>M, the number of observed views of each scene.</summary>
    public int Contexts { get; internal set; }

    /// <summary>B·M images; context m of scene b is image b·M + m.</summary>
    public float[] ContextImages { get; }

    /// <summary>B·M viewpoints of seven numbers each, in the order of <see cref="ContextImages"/>.</summary>
    public float[] ContextViews { get; }

    /// <summary>The B images to predict.</summary>
    public float[] QueryImages { get; }

    /// <summary>The B viewpoints of <see cref="QueryImages"/>.</summary>
    public float[] QueryViews { get; }

    /// <summary>B·M cameras, in the order of <see cref="ContextImages"/>.</summary>
    public Camera[] ContextCameras { get; }

    /// <summary>The B cameras of <see cref="QueryImages"/>.</summary>
    public Camera[] QueryCameras { get; }

    /// <summary>The geometry of <see cref="ContextCameras"/> that the network receives besides their viewpoints; null
    /// if it receives none, or if the batch is not for training.</summary>
    public ViewArrays? ContextGeometry { get; }

    /// <summary>The same for <see cref="QueryCameras"/>.</summary>
    public ViewArrays? QueryGeometry { get; }

    /// <summary>What the pixel centres of <see cref="QueryImages"/> show, size × size numbers per image: 0 for the
    /// surroundings, from 1 on for the objects. Null if not requested, as in training, or unknown, as for files without
    /// ground truth.</summary>
    public byte[]? QueryParts => _scenesAreKnown ? _queryParts : null;

    /// <summary>Whether the contexts show what the pixel centres of <see cref="QueryImages"/> show, size × size values
    /// per image. Null if not requested, or unknown, as for files without ground truth.</summary>
    public PixelVisibility[]? QueryVisibility => _scenesAreKnown ? _queryVisibility : null;

    /// <summary>The number of each scene in its environment's split; for scenes from files, file · 2³² + record, both
    /// counted from 0.</summary>
    public ulong[] SceneIndices { get; }

    /// <summary>Resets the order of the views to 0, 1, 2, ..., to be shuffled.</summary>
    internal Span<int> ResetViewOrder()
    {
        for (int i = 0; i < _viewOrder.Length; i++)
            _viewOrder[i] = i;
        return _viewOrder;
    }

    /// <summary>Writes scene b: the first <see cref="Contexts"/> views of the order are its contexts, the last one is
    /// its query.</summary>
    internal void Write(
        int b, SceneReader scene, ReadOnlySpan<int> viewOrder, ViewpointOrder encoding)
    {
        SceneIndices[b] = scene.Index;
        for (int m = 0; m < Contexts; m++)
        {
            int position = (b * Contexts) + m;
            ContextCameras[position] = WriteView(
                scene, viewOrder[m], encoding, ContextImages, ContextViews, position);
            if (ContextGeometry is not null)
                _geometry?.Write(ContextGeometry, position, ContextCameras[position]);
        }

        QueryCameras[b] = WriteView(scene, viewOrder[^1], encoding, QueryImages, QueryViews, b);
        if (QueryGeometry is not null)
            _geometry?.Write(QueryGeometry, b, QueryCameras[b]);
        if (_queryParts is not null || _queryVisibility is not null)
            WriteTruth(b, scene.FindScene(), viewOrder);
    }

    /// <summary>Writes the parts and the visibility of the query's pixels, or notes that they are unknown.</summary>
    private void WriteTruth(int b, Scene? scene, ReadOnlySpan<int> viewOrder)
    {
        if (scene is null)
        {
            _scenesAreKnown = false;
            return;
        }

        var query = scene.Cameras[viewOrder[^1]];
        int pixels = ImageSize * ImageSize;
        if (_queryParts is not null)
            scene.Render(query, ImageSize, _rgb, _queryParts.AsSpan(b * pixels, pixels));
        if (_queryVisibility is null)
            return;
        var contexts = new Camera[Contexts];
        for (int m = 0; m < contexts.Length; m++)
            contexts[m] = scene.Cameras[viewOrder[m]];
        Visibility.Classify(scene, query, contexts, ImageSize, _queryVisibility.AsSpan(b * pixels, pixels));
    }

    private Camera WriteView(SceneReader scene, int view, ViewpointOrder encoding,
        float[] images, float[] views, int position)
    {
        var camera = scene.Camera(view);
        Viewpoint.Encode(
            camera, encoding, views.AsSpan(position * Viewpoint.Dimensions, Viewpoint.Dimensions));
        scene.Render(view, _rgb);
        var image = images.AsSpan(position * _rgb.Length, _rgb.Length);
        for (int i = 0; i < image.Length; i++)
            image[i] = ByteToUnit[_rgb[i]];
        return camera;
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>
/// Random cameras in and around the scene's box for both engines, with the information that a network gets about them.
/// </summary>
internal sealed class RandomViews : IDisposable
{
    private readonly ModelOptions _options;
    private readonly bool _areContexts;
    private readonly Camera[] _cameras;
    private readonly float[] _poses;
    private readonly ViewArrays? _geometry;
    private TwinViews? _torch;

    /// <summary>Draws the cameras.</summary>
    /// <param name="options">The model's options: geometry.</param>
    /// <param name="views">Number of views.</param>
    /// <param name="areContexts">Whether scenes are represented from them; otherwise they are to be predicted.</param>
    /// <param name="random">Source of the numbers.</param>
    public RandomViews(ModelOptions options, int views, bool areContexts, RandomStream random)
    {
        (_options, _areContexts) = (options, areContexts);
        _cameras = new Camera[views];
        _poses = new float[views * Viewpoint.Dimensions];
        var geometry = ViewGeometry.Of(options);
        _geometry = areContexts
            ? geometry?.CreateContexts(views, gradients: true)
            : geometry?.CreateQueries(views, gradients: true);
        var bounds = options.NeedsBounds ? options.Bounds.ToBounds() : new SceneBounds(new(-1), new(1));
        for (int view = 0; view < views; view++)
        {
            _cameras[view] = Draw(random, bounds);
            Viewpoint.Encode(
                _cameras[view], options.ViewpointOrder,
                _poses.AsSpan(view * Viewpoint.Dimensions, Viewpoint.Dimensions));
            if (_geometry is not null)
                geometry!.Write(_geometry, view, _cameras[view]);
        }
    }

    /// <summary>For libtorch, computed from the cameras.</summary>
    /// <remarks>Made on demand: a process that measures this engine alone does not load libtorch.</remarks>
    public TwinViews Torch => _torch ??= Make();

    /// <summary>For this engine.</summary>
    public Views On(Tape tape) => Views.Upload(tape, _poses, _geometry);

    /// <inheritdoc />
    public void Dispose() => _torch?.Dispose();

    /// <summary>Some near the middle and some outside the box; all look past the middle, so that some places lie behind
    /// the camera and some outside the picture.</summary>
    private static Camera Draw(RandomStream random, in SceneBounds bounds)
    {
        float angle = random.NextSingle(0, 2 * MathF.PI), away = random.NextSingle(.3f, 1.4f) * bounds.Radius;
        return new Camera(
            bounds.Centre.X + (away * MathF.Cos(angle)),
            bounds.Centre.Y + (away * MathF.Sin(angle)),
            bounds.Low.Z + (random.NextSingle(.2f, 1.1f) * bounds.Size.Z),
            angle + MathF.PI + random.NextSingle(-.7f, .7f),
            random.NextSingle(-.5f, .2f),
            random.NextSingle(40, 70));
    }

    private TwinViews Make()
    {
        using var scope = torch.NewDisposeScope();
        var poses = torch.tensor(_poses, [_cameras.Length, Viewpoint.Dimensions, 1, 1]);
        if (!_options.NeedsBounds)
            return new TwinViews(poses);
        var cameras = new TwinCameras(_cameras, _options);
        return _areContexts ? cameras.AsContexts() : cameras.AsQueries(poses);
    }
}

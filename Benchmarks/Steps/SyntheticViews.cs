using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Cameras around a scene, in host memory, with the information that a network gets about them.</summary>
internal sealed class SyntheticViews
{
    private readonly float[] _poses;
    private readonly ViewArrays? _geometry;

    private SyntheticViews(ModelOptions options, int views, Func<ViewGeometry, ViewArrays> create)
    {
        var geometry = ViewGeometry.Of(options);
        (_poses, _geometry) = (new float[views * Viewpoint.Dimensions], geometry is null ? null : create(geometry));
        var bounds = options.NeedsBounds ? options.Bounds.ToBounds() : new SceneBounds(new(-1), new(1));
        for (int view = 0; view < views; view++)
        {
            // With turns of 0.618, no two cameras of a batch stand at the same place.
            float angle = view * (2 * MathF.PI * 0.618f), away = 1.3f * bounds.Radius;
            var camera = new Camera(
                bounds.Centre.X + (away * MathF.Cos(angle)), bounds.Centre.Y + (away * MathF.Sin(angle)),
                bounds.Centre.Z, angle + MathF.PI, 0, 45);
            Viewpoint.Encode(
                camera, options.ViewpointOrder,
                _poses.AsSpan(view * Viewpoint.Dimensions, Viewpoint.Dimensions));
            if (_geometry is not null)
                geometry!.Write(_geometry, view, camera);
        }
    }

    /// <summary>Views that scenes are represented from, ready for a backward pass.</summary>
    public static SyntheticViews Contexts(ModelOptions options, int views) =>
        new(options, views, geometry => geometry.CreateContexts(views, gradients: true));

    /// <summary>Views to predict, ready for a backward pass.</summary>
    public static SyntheticViews Queries(ModelOptions options, int views) =>
        new(options, views, geometry => geometry.CreateQueries(views, gradients: true));

    /// <summary>Uploads them.</summary>
    public Views On(Tape tape) => Views.Upload(tape, _poses, _geometry);
}

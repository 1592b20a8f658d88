using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model;

/// <summary>Turns cameras into what a network is told of them.</summary>
/// <remarks>Arrays are kept and grow with the number of cameras. Not for use by several threads at once.</remarks>
/// <param name="options">Of the network.</param>
/// <param name="gradients">Whether there will be a backward pass.</param>
public sealed class CameraEncoder(ModelOptions options, bool gradients = false)
{
    private readonly ViewGeometry? _geometry = ViewGeometry.Of(options);
    private ViewArrays? _contexts, _queries;
    private int _contextRoom, _queryRoom;

    /// <summary>The cameras of images that a scene is represented from.</summary>
    /// <param name="tape">Where the variables live until the reset.</param>
    /// <param name="cameras">One for each image, in their order.</param>
    public Views Contexts(Tape tape, ReadOnlySpan<Camera> cameras)
    {
        if (cameras.Length > _contextRoom)
            (_contexts, _contextRoom) = (_geometry?.CreateContexts(cameras.Length, gradients), cameras.Length);
        return Encode(tape, cameras, _contexts);
    }

    /// <summary>The cameras of images to predict.</summary>
    /// <param name="tape">Where the variables live until the reset.</param>
    /// <param name="cameras">One for each scene.</param>
    public Views Queries(Tape tape, ReadOnlySpan<Camera> cameras)
    {
        if (cameras.Length > _queryRoom)
            (_queries, _queryRoom) = (_geometry?.CreateQueries(cameras.Length, gradients), cameras.Length);
        return Encode(tape, cameras, _queries);
    }

    private Views Encode(Tape tape, ReadOnlySpan<Camera> cameras, ViewArrays? arrays)
    {
        float[] poses = new float[cameras.Length * Viewpoint.Dimensions];
        for (int i = 0; i < cameras.Length; i++)
        {
            Viewpoint.Encode(
                cameras[i], options.ViewpointOrder, poses.AsSpan(i * Viewpoint.Dimensions, Viewpoint.Dimensions));
            if (arrays is not null)
                _geometry?.Write(arrays, i, cameras[i]);
        }

        return Views.Upload(tape, poses, arrays);
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model;

/// <summary>Encodes cameras as the inputs of a network: viewpoints and, if the options require it, geometry.</summary>
/// <remarks>Arrays are reused and grow with the number of cameras. Not thread-safe.</remarks>
/// <param name="options">The options of the network.</param>
/// <param name="gradients">Whether there will be a backward pass.</param>
public sealed class CameraEncoder(ModelOptions options, bool gradients = false)
{
    private readonly ViewGeometry? _geometry = ViewGeometry.Of(options);
    private ViewArrays? _contexts, _queries;
    private int _contextRoom, _queryRoom;

    /// <summary>Encodes the cameras of the context images.</summary>
    /// <param name="tape">The tape that owns the variables until its reset.</param>
    /// <param name="cameras">One camera per image, in the order of the images.</param>
    public Views Contexts(Tape tape, ReadOnlySpan<Camera> cameras)
    {
        if (cameras.Length > _contextRoom)
            (_contexts, _contextRoom) = (_geometry?.CreateContexts(cameras.Length, gradients), cameras.Length);
        return Encode(tape, cameras, _contexts);
    }

    /// <summary>Encodes the cameras of the query images.</summary>
    /// <param name="tape">The tape that owns the variables until its reset.</param>
    /// <param name="cameras">One camera per scene.</param>
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

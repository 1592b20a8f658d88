using static TorchSharp.torch;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The twin's information about some cameras; it keeps the tensors until it is disposed.</summary>
/// <remarks>
/// Places in pictures and grids are in the coordinates of grid_sample, from −1 to 1 between the borders.
/// </remarks>
internal sealed class TwinViews : IDisposable
{
    private readonly Tensor?[] _tensors;

    /// <summary>Takes the tensors over from the scope in which they were made.</summary>
    public TwinViews(
        Tensor view, Tensor? sight = null, Tensor? inPicture = null, Tensor? inDepth = null, Tensor? points = null)
    {
        (View, Sight, InPicture, InDepth, Points) = (view, sight, inPicture, inDepth, points);
        _tensors = [view, sight, inPicture, inDepth, points];
        foreach (var tensor in _tensors)
            tensor?.DetachFromDisposeScope();
    }

    /// <summary>Viewpoints, (N, 7, 1, 1), or the rays of a grid of cells, (N, 9, h, w).</summary>
    public Tensor View { get; }

    /// <summary>How the cameras see each place, (N, 8, places, 1); for the volume's contexts.</summary>
    public Tensor? Sight { get; }

    /// <summary>Where pictures show each place, (N, places, 1, 2); for the volume's contexts.</summary>
    public Tensor? InPicture { get; }

    /// <summary>The same with the distance, (N, places, 1, 1, 3); for the volume's contexts.</summary>
    public Tensor? InDepth { get; }

    /// <summary>The positions of the points of rays in the grid of places, (N, h·rays, w·rays, points, 3); for the
    /// volume's queries.</summary>
    public Tensor? Points { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor?.Dispose();
    }
}

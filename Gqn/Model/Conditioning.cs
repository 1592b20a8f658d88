using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>
/// The conditions of every core: the query viewpoint and the scene's representation.
/// </summary>
/// <param name="View">The viewpoint, (N, 7, 1, 1), or the rays of the latent grid, (N, 9, h, w).</param>
/// <param name="Representation">r, (N, channels, 1, 1) or (N, channels, h, w)</param>
public readonly record struct Conditioning(Variable View, Variable Representation);

/// <summary>
/// Broadcasts the conditions to a core: unchanged, one pixel for all, or by transposed convolutions of its own.
/// </summary>
public sealed class ConditioningBroadcast : Module
{
    private readonly TransposedConvolution? _view, _representation;

    /// <summary>Declares "view" and "representation" if the options require transposed convolutions.</summary>
    public ConditioningBroadcast(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.ViewBroadcast == SpatialBroadcast.Deconvolution)
        {
            _view = new TransposedConvolution(
                Scope.Child("view"), ModelOptions.ViewpointDimensions, ModelOptions.ViewpointDimensions,
                options.LatentSize);
        }

        if (options.RepresentationBroadcast == SpatialBroadcast.Deconvolution)
        {
            _representation = new TransposedConvolution(
                Scope.Child("representation"), options.RepresentationChannels, options.RepresentationChannels,
                options.LatentSize);
        }
    }

    /// <summary>
    /// The viewpoint and the representation for this core, of the latent grid's size or of one pixel.
    /// </summary>
    public (Variable View, Variable Representation) Forward(in Conditioning condition) => (
        _view?.Forward(condition.View) ?? condition.View,
        _representation?.Forward(condition.Representation) ?? condition.Representation);
}

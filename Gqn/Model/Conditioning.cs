using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>
/// What every core is told: the query viewpoint and the scene's representation.
/// </summary>
/// <param name="View">(N, 7, 1, 1), or the rays of the latent grid, (N, 9, h, w).</param>
/// <param name="Representation">(N, channels, 1, 1) or (N, channels, h, w)</param>
public readonly record struct Conditioning(Variable View, Variable Representation);

/// <summary>
/// Brings the conditions to a core: as they are, one pixel standing for all, or through its own transposed convolutions.
/// </summary>
public sealed class ConditioningBroadcast : Module
{
    private readonly TransposedConvolution? _view, _representation;

    /// <summary>Declares "view" and "representation" where the options ask for transposed convolutions.</summary>
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

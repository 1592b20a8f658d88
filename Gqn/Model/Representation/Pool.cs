using Gqn.Native.Engine;

namespace Gqn.Native.Model.Representation;

/// <summary>The "pool" network: the tower, averaged over its pixels to one.</summary>
/// <param name="scope">Where the tower's parameters are declared.</param>
/// <param name="options">Sizes.</param>
public sealed class Pool(ParameterScope scope, ModelOptions options) : RepresentationNetwork(scope)
{
    private readonly Tower _tower = new(scope, options.RepresentationChannels, options.ViewChannels);

    /// <inheritdoc />
    public override Variable Forward(Variable images, Views views) =>
        _tower.Forward(images, views).GlobalAveragePool();
}

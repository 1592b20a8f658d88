using Gqn.Native.Engine;

namespace Gqn.Native.Model.Representation;

/// <summary>The "pool" network: the tower with global average pooling.</summary>
/// <param name="scope">The scope of the tower's parameters.</param>
/// <param name="options">The sizes of the network.</param>
public sealed class Pool(ParameterScope scope, ModelOptions options) : RepresentationNetwork(scope)
{
    private readonly Tower _tower = new(scope, options.RepresentationChannels, options.ViewChannels);

    /// <inheritdoc />
    public override Variable Forward(Variable images, Views views) =>
        _tower.Forward(images, views).GlobalAveragePool();
}

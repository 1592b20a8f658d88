using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Ops;

namespace Gqn.Native.Model.Representation;

/// <summary>The "pool" network: the tower, averaged over its pixels to one.</summary>
/// <param name="scope">Where the tower's parameters are declared.</param>
/// <param name="channels">Channels of the representation.</param>
public sealed class Pool(ParameterScope scope, int channels) : RepresentationNetwork(scope)
{
    private readonly Tower _tower = new(scope, channels);

    /// <inheritdoc />
    public override Variable Forward(Variable images, Variable views) =>
        _tower.Forward(images, views).GlobalAveragePool();
}

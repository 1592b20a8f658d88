using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Nn;

namespace Gqn.Native.Model;

/// <summary>C^e: one layer's ConvLSTM of the inference network, from (x, v, r, h^g, u) and its own state.</summary>
public sealed class InferenceCore : Module
{
    private readonly ConditioningBroadcast _broadcast;
    private readonly ConvLstmCell _cell;

    /// <summary>
    /// Declares the cell and, where asked for, the broadcasts. At the article's size the cell has 8,320,512 parameters.
    /// </summary>
    public InferenceCore(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        _broadcast = new ConditioningBroadcast(Scope.Child("broadcast"), options);
        _cell = new ConvLstmCell(
            Scope.Child("cell"),
            [
                ("image", ModelOptions.ImageChannels), ("view", ModelOptions.ViewpointDimensions),
                ("representation", options.RepresentationChannels), ("generator", options.Hidden),
                ("canvas", options.Hidden),
            ],
            options.Hidden, options.Kernel, options.ForgetBias);
    }

    /// <summary>(c, h) of this layer.</summary>
    /// <param name="condition">Query viewpoint and representation.</param>
    /// <param name="image">The query image on the latent grid, (N, 3, h, w).</param>
    /// <param name="generator">h^g of the layer before; absent for zero.</param>
    /// <param name="canvas">u of the layer before on the latent grid, (N, hidden, h, w); absent for zero.</param>
    /// <param name="state">(c, h) of the layer before.</param>
    public ConvLstmState Step(
        in Conditioning condition, Variable image, Variable generator, Variable canvas, ConvLstmState state)
    {
        var (view, representation) = _broadcast.Forward(condition);
        return _cell.Step([image, view, representation, generator, canvas], state);
    }
}

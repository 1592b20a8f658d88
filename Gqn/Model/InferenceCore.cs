using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>C^e: one layer's ConvLSTM of the inference network, from (x, v, r, h^g, u) and its own state.</summary>
public sealed class InferenceCore : Module
{
    private readonly ConditioningBroadcast _broadcast;
    private readonly ConvLstmCell _cell;
    private readonly int _size;

    /// <summary>
    /// Declares the cell and, if required, the broadcasts. At the paper's size the cell has 8,320,512 parameters.
    /// </summary>
    public InferenceCore(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        _size = options.LatentSize;
        _broadcast = new ConditioningBroadcast(Scope.Child("broadcast"), options);
        _cell = new ConvLstmCell(
            Scope.Child("cell"),
            [
                ("image", ModelOptions.ImageChannels), ("view", options.ViewChannels),
                ("representation", options.RepresentationChannels), ("generator", options.Hidden),
                ("canvas", options.Hidden),
            ],
            options.Hidden, options.Kernel, options.ForgetBias);
    }

    /// <summary>
    /// The contribution of the conditions and the query image to the gates, for a core that several layers share.
    /// </summary>
    public Variable Prepare(in Conditioning condition, Variable image)
    {
        var (view, representation) = _broadcast.Forward(condition);
        return _cell.Prepare([image, view, representation, default, default], (_size, _size));
    }

    /// <summary>(c, h) of this layer.</summary>
    /// <param name="condition">Query viewpoint and representation.</param>
    /// <param name="image">The query image on the latent grid, (N, 3, h, w).</param>
    /// <param name="generator">h^g of the previous layer; absent for zero.</param>
    /// <param name="canvas">u of the previous layer on the latent grid, (N, hidden, h, w); absent for zero.</param>
    /// <param name="state">(c, h) of the previous layer.</param>
    public ConvLstmState Step(
        in Conditioning condition, Variable image, Variable generator, Variable canvas, ConvLstmState state)
    {
        var (view, representation) = _broadcast.Forward(condition);
        return _cell.Step([image, view, representation, generator, canvas], state);
    }

    /// <summary>The same, with the conditions and the image given by <see cref="Prepare"/>.</summary>
    public ConvLstmState Step(Variable prepared, Variable generator, Variable canvas, ConvLstmState state) =>
        _cell.Step([default, default, default, generator, canvas], state, prepared);
}

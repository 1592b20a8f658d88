using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>C^g: one layer's ConvLSTM of the generator, from (v, r, z) and its own state.</summary>
public sealed class GenerationCore : Module
{
    private readonly ConditioningBroadcast _broadcast;
    private readonly ConvLstmCell _cell;
    private readonly int _size;

    /// <summary>
    /// Declares the cell and, if required, the broadcasts. At the paper's size the cell has 5,043,712 parameters.
    /// </summary>
    public GenerationCore(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        _size = options.LatentSize;
        _broadcast = new ConditioningBroadcast(Scope.Child("broadcast"), options);
        _cell = new ConvLstmCell(
            Scope.Child("cell"),
            [
                ("view", options.ViewChannels), ("representation", options.RepresentationChannels),
                ("latent", options.LatentChannels),
            ],
            options.Hidden, options.Kernel, options.ForgetBias);
    }

    /// <summary>The contribution of the conditions to the gates, for a core that several layers share.</summary>
    public Variable Prepare(in Conditioning condition)
    {
        var (view, representation) = _broadcast.Forward(condition);
        return _cell.Prepare([view, representation, default], (_size, _size));
    }

    /// <summary>(c, h) of this layer from those of the previous layer and the latent z.</summary>
    public ConvLstmState Step(in Conditioning condition, Variable latent, ConvLstmState state)
    {
        var (view, representation) = _broadcast.Forward(condition);
        return _cell.Step([view, representation, latent], state);
    }

    /// <summary>The same, with the conditions given by <see cref="Prepare"/>.</summary>
    public ConvLstmState Step(Variable prepared, Variable latent, ConvLstmState state) =>
        _cell.Step([default, default, latent], state, prepared);
}

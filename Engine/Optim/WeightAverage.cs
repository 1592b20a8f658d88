using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>
/// The exponential moving average of all parameters of a store (Polyak and Juditsky 1992, with the weights of a moving
/// average): average ← average + (1 − dₜ)(values − average), dₜ = min(decay, (1 + t)/(10 + t)).
/// </summary>
/// <remarks>
/// t counts the updates before this one, so that a young average follows quickly and forgets where it started. The
/// average only reads the values: training is the same with and without it.
/// </remarks>
public sealed class WeightAverage : IDisposable
{
    private readonly ParameterStore _store;
    private readonly double _decay;
    private readonly StepValue<Blend> _blend;

    /// <summary>An average that starts at the current values.</summary>
    /// <param name="store">The parameters, whose memory must exist already.</param>
    /// <param name="decay">The largest d, at least 0 and below 1: 0.999 averages about a thousand updates.</param>
    /// <exception cref="ArgumentOutOfRangeException">The decay is outside that range.</exception>
    public WeightAverage(ParameterStore store, double decay)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (decay is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(decay), decay, "A decay is at least 0 and below 1.");
        _store = store;
        _decay = decay;
        Values = store.CreateArena();
        _blend = store.Device.CreateStepValue<Blend>();
        Restart();
    }

    /// <summary>The average, in the arena's layout.</summary>
    public Tensor Values { get; private set; }

    /// <summary>t, the updates made so far; set when a checkpoint is loaded.</summary>
    public long UpdateCount { get; set; }

    /// <summary>Restarts at the current values.</summary>
    public void Restart()
    {
        UpdateCount = 0;
        _store.Device.Unary(Values, _store.Values, default(Identity));
    }

    /// <summary>One update from the current values: one pass over the arena, without waiting.</summary>
    public void Update()
    {
        Advance();
        Apply();
    }

    /// <summary>
    /// The host's part of <see cref="Update"/>: counts it, and sets its weight. For <see cref="RepeatedWork"/>, to be
    /// called before it.
    /// </summary>
    public void Advance()
    {
        double decay = Math.Min(_decay, (1.0 + UpdateCount) / (10.0 + UpdateCount));
        UpdateCount++;
        _blend.Value = new Blend((float)(1 - decay));
    }

    /// <summary>The device's part of <see cref="Update"/>, with the weight of the last <see cref="Advance"/>.</summary>
    public void Apply() => _store.Device.Binary(Values, Values, _store.Values, _blend);

    /// <summary>
    /// Swaps the values of the parameters with those of the average; a second call undoes it. Only the memory changes
    /// hands, so nothing is copied and nothing rounded.
    /// </summary>
    public void Exchange() => Values = _store.ExchangeValues(Values);

    /// <inheritdoc />
    public void Dispose()
    {
        _blend.Dispose();
        Values.Buffer.Dispose();
    }
}

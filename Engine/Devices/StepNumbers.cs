using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>σ of a normal distribution that changes from step to step; see <see cref="StepValue{T}"/>.</summary>
/// <param name="device">The device of the ops that read it.</param>
public sealed class StepSigma(Device device) : IDisposable
{
    /// <summary>σ, above 0; it must be set before it is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0.</exception>
    public float Value
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
            Density.Value = new GaussianNll(value);
        }
    }

    /// <summary>The density with its constants.</summary>
    internal StepValue<GaussianNll> Density { get; } = device.CreateStepValue<GaussianNll>();

    /// <inheritdoc />
    public void Dispose() => Density.Dispose();
}

/// <summary>A factor that changes from step to step; see <see cref="StepValue{T}"/>.</summary>
/// <param name="device">The device of the ops that read it.</param>
public sealed class StepScale(Device device) : IDisposable
{
    /// <summary>The factor; 0 at first.</summary>
    public float Value
    {
        get;
        set
        {
            field = value;
            Product.Value = new Affine(value, 0f);
        }
    }

    /// <summary>The multiplication.</summary>
    internal StepValue<Affine> Product { get; } = device.CreateStepValue<Affine>();

    /// <inheritdoc />
    public void Dispose() => Product.Dispose();
}

/// <summary>σ of a normal distribution: a number, or one that changes from step to step.</summary>
public readonly struct Sigma
{
    private Sigma(float value, StepSigma? changing) => (Value, Changing) = (value, changing);

    /// <summary>σ as it is now.</summary>
    public float Value => Changing?.Value ?? field;

    /// <summary>The number that changes; null for a constant.</summary>
    internal StepSigma? Changing { get; }

    /// <summary>A constant.</summary>
    public static implicit operator Sigma(float value) => new(value, null);

    /// <summary>A number that changes.</summary>
    public static implicit operator Sigma(StepSigma changing) => new(0f, changing);
}

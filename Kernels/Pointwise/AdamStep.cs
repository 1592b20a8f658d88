using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  p ← (1 − ηλ)p − η/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)</summary>
/// <remarks>
/// Kingma and Ba 2015, with decoupled weight decay λ (Loshchilov and Hutter 2019). g is the gradient times
/// <see cref="GradientScale"/>.
/// </remarks>
public readonly record struct AdamStep
{
    /// <summary>Constants of update number <paramref name="step"/> (1 for the first).</summary>
    public AdamStep(
        float learningRate, float beta1, float beta2, float epsilon, float weightDecay, float gradientScale, int step)
    {
        Beta1 = beta1;
        Beta2 = beta2;
        Epsilon = epsilon;
        GradientScale = gradientScale;
        Decay = 1f - (learningRate * weightDecay);
        StepSize = (float)(learningRate / (1 - Math.Pow(beta1, step)));
        SecondMomentScale = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        Number = step;
    }

    /// <summary>β₁, decay of the first moment.</summary>
    public float Beta1 { get; }

    /// <summary>β₂, decay of the second moment.</summary>
    public float Beta2 { get; }

    /// <summary>ε, added to the root of the second moment.</summary>
    public float Epsilon { get; }

    /// <summary>Factor on the gradient: 1, or less if the global norm is clipped.</summary>
    public float GradientScale { get; init; }

    /// <summary>1 − ηλ</summary>
    public float Decay { get; }

    /// <summary>η/(1−β₁ᵗ)</summary>
    public float StepSize { get; }

    /// <summary>1/√(1−β₂ᵗ)</summary>
    public float SecondMomentScale { get; }

    /// <summary>t, the number of the update, from 1 on.</summary>
    public int Number { get; }

    /// <summary>(p, m, v) after the update.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (T Value, T FirstMoment, T SecondMoment) Update<T>(T value, T gradient, T firstMoment, T secondMoment)
        where T : struct, ILane<T>
    {
        var g = gradient * T.Const(GradientScale);
        var m = (T.Const(Beta1) * firstMoment) + (T.Const(1f - Beta1) * g);
        var v = (T.Const(Beta2) * secondMoment) + (T.Const(1f - Beta2) * g * g);
        var p = (T.Const(Decay) * value)
            - (T.Const(StepSize) * m / ((T.Sqrt(v) * T.Const(SecondMomentScale)) + T.Const(Epsilon)));
        return (p, m, v);
    }
}

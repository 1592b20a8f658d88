using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>c′ = σ(f)·c + σ(i)·tanh(g),  h = σ(o)·tanh(c′)</summary>
/// <remarks>
/// Forward overwrites the pre-activations with the activated gates, so that backward needs a single exponential, that
/// of tanh(c′).
/// </remarks>
public static class LstmCell
{
    /// <summary>
    /// (c′, h) from the pre-activations i, f, g, o, which become the activated gates, and the cell state c.
    /// </summary>
    /// <remarks>
    /// By reference: a result of more than four fields would live on the stack, where a wide register may straddle two
    /// cache lines, and the speed would depend on chance.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T CellNext, T Hidden) Forward<T>(ref T i, ref T f, ref T g, ref T o, T c) where T : struct, ILane<T>
    {
        Sigmoid sigmoid = default;
        i = sigmoid.Forward(i);
        f = sigmoid.Forward(f);
        g = T.Tanh(g);
        o = sigmoid.Forward(o);
        return Update(i, f, g, o, c);
    }

    /// <summary>(c′, h) from the activated gates and the cell state c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T CellNext, T Hidden) Update<T>(T i, T f, T g, T o, T c) where T : struct, ILane<T>
    {
        var next = (f * c) + (i * g);
        return (next, o * T.Tanh(next));
    }

    /// <summary>
    /// The gradient with respect to c and, in place of the activated gates, those to the four pre-activations, from c,
    /// c′ and the gradients with respect to h and c′.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Backward<T>(ref T i, ref T f, ref T g, ref T o, T c, T cellNext, T dHidden, T dCellNext)
        where T : struct, ILane<T>
    {
        var one = T.Const(1f);
        var squashed = T.Tanh(cellNext);
        var dCell = dCellNext + (dHidden * o * (one - (squashed * squashed)));
        T dInput = dCell * g * i * (one - i), dForget = dCell * c * f * (one - f);
        T dCandidate = dCell * i * (one - (g * g)), dOutput = dHidden * squashed * o * (one - o), dc = dCell * f;
        (i, f, g, o) = (dInput, dForget, dCandidate, dOutput);
        return dc;
    }
}

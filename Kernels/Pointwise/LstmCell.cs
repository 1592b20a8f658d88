using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>c′ = σ(f)·c + σ(i)·tanh(g),  h = σ(o)·tanh(c′)</summary>
/// <remarks>
/// Gates arrive as pre-activations. Backward starts again from them: five exponentials cost less than reading the
/// activations back from memory, and a step keeps two buffers per cell instead of seven.
/// </remarks>
public static class LstmCell
{
    /// <summary>(c′, h) from the pre-activations i, f, g, o and the cell state c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T CellNext, T Hidden) Forward<T>(T i, T f, T g, T o, T c) where T : struct, ILane<T>
    {
        Sigmoid sigmoid = default;
        T next = (sigmoid.Forward(f) * c) + (sigmoid.Forward(i) * T.Tanh(g));
        return (next, sigmoid.Forward(o) * T.Tanh(next));
    }

    /// <summary>Gradients of the four pre-activations and of c, from those of h and c′.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Di, T Df, T Dg, T Do, T Dc) Backward<T>(T i, T f, T g, T o, T c, T dHidden, T dCellNext)
        where T : struct, ILane<T>
    {
        Sigmoid sigmoid = default;
        T one = T.Const(1f);
        T input = sigmoid.Forward(i), forget = sigmoid.Forward(f), candidate = T.Tanh(g), output = sigmoid.Forward(o);
        T squashed = T.Tanh((forget * c) + (input * candidate));
        T dCell = dCellNext + (dHidden * output * (one - (squashed * squashed)));
        return (
            dCell * candidate * input * (one - input),
            dCell * c * forget * (one - forget),
            dCell * input * (one - (candidate * candidate)),
            dHidden * squashed * output * (one - output),
            dCell * forget);
    }
}

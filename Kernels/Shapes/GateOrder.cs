using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Shapes;

/// <summary>Order of the 4·hidden outputs of a gate convolution in memory.</summary>
/// <remarks>
/// Groups of 16 hidden channels, each [i(w) | f(w) | g(w) | o(w)] with w = min(16, hidden - 16·group): a tile of 64
/// outputs holds all four gates of its channels. Files keep the logical order [i|f|g|o], each gate hidden wide.
/// </remarks>
public static class GateOrder
{
    /// <summary>Input, forget, candidate and output gate.</summary>
    public const int Gates = 4;

    /// <summary>Hidden channels of a full group.</summary>
    public const int Group = 16;

    /// <summary>Index of a channel's input gate; the others follow at distances of <see cref="Width"/>.</summary>
    /// <param name="channel">Channel of the hidden state.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Index(int channel) => (Gates * (channel & -Group)) + (channel & (Group - 1));

    /// <summary>Hidden channels of the group that a channel belongs to.</summary>
    /// <param name="channel">Channel of the hidden state.</param>
    /// <param name="hidden">Channels of the hidden state.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Width(int channel, int hidden) => Math.Min(Group, hidden - (channel & -Group));

    /// <summary>Index of a gate of a channel.</summary>
    /// <param name="gate">0 to 3: i, f, g, o.</param>
    /// <param name="channel">Channel of the hidden state.</param>
    /// <param name="hidden">Channels of the hidden state.</param>
    public static int Index(int gate, int channel, int hidden) => Index(channel) + (gate * Width(channel, hidden));

    /// <summary>Index in memory of the output with the index <paramref name="logical"/> in [i|f|g|o].</summary>
    public static int FromLogical(int logical, int hidden) => Index(logical / hidden, logical % hidden, hidden);
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gqn.Native.Engine;

/// <summary>One term of a sum of convolutions: an input and its weight.</summary>
/// <param name="Input">(N, C, H, W), or with stride 1 a constant map (N, C, 1, 1), equal in every pixel.</param>
/// <param name="Weight">(K, C, kernel, kernel)</param>
public readonly record struct ConvolutionTerm(Variable Input, Variable Weight);

/// <summary>The terms kept by a node, and their gradients.</summary>
internal sealed class ConvolutionTerms
{
    private ConvolutionTerm[] _terms = [];
    private Conv2dTerm[] _gradients = [];
    private int _count;

    /// <summary>Replaces the terms; allocates only if there are more than ever before.</summary>
    public void Set(ReadOnlySpan<ConvolutionTerm> terms)
    {
        if (_terms.Length < terms.Length)
        {
            _terms = new ConvolutionTerm[terms.Length];
            _gradients = new Conv2dTerm[terms.Length];
        }

        terms.CopyTo(_terms);
        _count = terms.Length;
    }

    /// <summary>Accumulates into the gradients of all inputs and weights, by one call to the device.</summary>
    /// <param name="tape">The tape that holds the gradients.</param>
    /// <param name="dy">The gradient with respect to the sum.</param>
    /// <param name="stride">Stride of the convolutions.</param>
    public void Backward(Tape tape, Tensor dy, int stride)
    {
        int count = 0;
        foreach (var (input, weight) in _terms.AsSpan(0, _count))
        {
            var (dx, betaX) = tape.Needs(input) ? tape.Contribute(input) : default;
            var (dw, betaW) = tape.Needs(weight) ? tape.Contribute(weight) : default;
            if (dx.Exists || dw.Exists)
                _gradients[count++] = new Conv2dTerm(input.Value, weight.Value, dx, betaX, dw, betaW);
        }

        if (count > 0)
            tape.Device.Conv2dBackward(_gradients.AsSpan(0, count), dy, stride);
    }
}

/// <summary>Room for the tensors of a few terms, so that a forward pass allocates nothing.</summary>
[InlineArray(Few)]
internal struct TermTensors
{
    private const int Few = 8;
    private Conv2dTerm _first;

    /// <summary>The tensors of the terms, stored here if they fit.</summary>
    [UnscopedRef]
    public ReadOnlySpan<Conv2dTerm> Of(ReadOnlySpan<ConvolutionTerm> terms)
    {
        var tensors = terms.Length <= Few
            ? MemoryMarshal.CreateSpan(ref _first, terms.Length)
            : new Conv2dTerm[terms.Length];
        for (int i = 0; i < terms.Length; i++)
            tensors[i] = new Conv2dTerm(terms[i].Input.Value, terms[i].Weight.Value);
        return tensors;
    }
}

namespace Gqn.Native.Engine;

/// <summary>
/// One convolution over several inputs: the same as a convolution of their concatenation, without concatenating.
/// </summary>
/// <remarks>Each input has its own weight, so an input that is known to be zero costs nothing.</remarks>
public sealed class SumConvolution : Module
{
    private readonly Parameter[] _weights;
    private readonly Parameter _bias;
    private readonly ConvolutionTerm[] _terms;
    private readonly int _stride;
    private readonly Activation _activation;

    /// <summary>Declares "bias" and, for each input, "weight.(name)".</summary>
    /// <param name="scope">The scope that declares the parameters.</param>
    /// <param name="inputs">Name and channels of each input.</param>
    /// <param name="outputs">Channels of the output.</param>
    /// <param name="kernel">Kernel size.</param>
    /// <param name="stride">1, or the kernel size.</param>
    /// <param name="activation">Applied to the sum.</param>
    /// <param name="bias">How the bias is initialised; null for zeros.</param>
    /// <param name="gates">True if the outputs are the gates of an LSTM: i, f, g and o.</param>
    public SumConvolution(
        ParameterScope scope, ReadOnlySpan<(string Name, int Channels)> inputs, int outputs, int kernel, int stride = 1,
        Activation activation = Activation.None, Initializer? bias = null,
        bool gates = false)
        : base(scope)
    {
        int channels = 0;
        foreach (var input in inputs)
            channels += input.Channels;
        var initializer = Scope.Weight(channels * kernel * kernel, activation);
        _weights = new Parameter[inputs.Length];
        _terms = new ConvolutionTerm[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            _weights[i] = Scope.Child("weight").Convolution(
                inputs[i].Name, outputs, inputs[i].Channels, kernel, stride, initializer, gates);
        }

        _bias = Scope.Bias("bias", outputs, bias ?? Initializer.Zeros, gates);
        _stride = stride;
        _activation = activation;
    }

    /// <summary>The sum of the convolutions; absent inputs are zero.</summary>
    /// <param name="inputs">(N, channels, H, W) each, in the order of the constructor; at least one exists. With stride
    /// 1, (N, channels, 1, 1) is a constant map.</param>
    /// <returns>(N, outputs, H, W)</returns>
    /// <exception cref="ShapeException">The number of inputs or a shape is wrong.</exception>
    public Variable Forward(ReadOnlySpan<Variable> inputs)
    {
        var terms = Terms(inputs);
        if (terms.IsEmpty)
            throw new ShapeException("SumConvolution: all inputs are absent.");
        return Operations.Conv2d(terms, Bias(terms[0].Input.Tape), _stride, _activation);
    }

    /// <summary>The convolution of a single input: its part of the sum, before the bias and the activation.</summary>
    /// <remarks>For parts that pass through something linear on their way into <see cref="Finish"/>, which is cheaper
    /// after the convolution than before it.</remarks>
    /// <param name="input">Index of the input, in the order of the constructor.</param>
    /// <param name="x">(N, channels, H, W)</param>
    /// <returns>(N, outputs, H, W)</returns>
    /// <exception cref="ShapeException">The shape is wrong.</exception>
    public Variable Part(int input, Variable x) =>
        Operations.Conv2d(x, x.Tape.Watch(_weights[input]), default, _stride);

    /// <summary>activation(parts + the convolution of a last input + bias)</summary>
    /// <param name="parts">The sum of the other inputs' parts, (N, outputs, H, W).</param>
    /// <param name="input">Index of the last input.</param>
    /// <param name="x">The last input, (N, channels, H, W).</param>
    /// <returns>(N, outputs, H, W)</returns>
    /// <exception cref="ShapeException">A shape is wrong.</exception>
    public Variable Finish(Variable parts, int input, Variable x) => Operations.Conv2d(
        [new ConvolutionTerm(x, x.Tape.Watch(_weights[input]))], Bias(x.Tape), _stride, _activation, parts);

    /// <summary>The existing inputs with their weights; valid until the next call.</summary>
    /// <exception cref="ShapeException">The number of inputs is wrong.</exception>
    internal ReadOnlySpan<ConvolutionTerm> Terms(ReadOnlySpan<Variable> inputs)
    {
        if (inputs.Length != _weights.Length)
            throw new ShapeException($"SumConvolution: {inputs.Length} inputs for {_weights.Length} weights.");
        int count = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Exists)
                _terms[count++] = new ConvolutionTerm(inputs[i], inputs[i].Tape.Watch(_weights[i]));
        }

        return _terms.AsSpan(0, count);
    }

    /// <summary>The bias as a variable of a tape.</summary>
    internal Variable Bias(Tape tape) => tape.Watch(_bias);
}

namespace Gqn.Native.Engine;

/// <summary>A convolution with a weight and, by default, a bias.</summary>
public sealed class Convolution : Module
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;
    private readonly int _stride;
    private readonly Activation _activation;

    /// <summary>Declares the parameters "weight" and "bias".</summary>
    /// <param name="scope">The scope that declares the parameters.</param>
    /// <param name="inputs">Channels of the input.</param>
    /// <param name="outputs">Channels of the output.</param>
    /// <param name="kernel">Kernel size.</param>
    /// <param name="stride">1, or the kernel size.</param>
    /// <param name="activation">Applied to the output.</param>
    /// <param name="bias">False for no bias.</param>
    public Convolution(
        ParameterScope scope, int inputs, int outputs, int kernel, int stride = 1,
        Activation activation = Activation.None, bool bias = true)
        : base(scope)
    {
        _weight = Scope.Convolution(
            "weight", outputs, inputs, kernel, stride, Scope.Weight(inputs * kernel * kernel, activation));
        _bias = bias ? Scope.Bias("bias", outputs, Initializer.Zeros) : null;
        _stride = stride;
        _activation = activation;
    }

    /// <summary>(N, inputs, H, W) to (N, outputs, H / stride, W / stride).</summary>
    public Variable Forward(Variable x)
    {
        var tape = x.Tape;
        return x.Conv2d(tape.Watch(_weight), _bias is null ? default : tape.Watch(_bias), _stride, _activation);
    }

    /// <summary>
    /// The output for an all-zero input, which is the bias in every pixel. Only without activation.
    /// </summary>
    /// <param name="tape">The tape to compute on.</param>
    /// <param name="output">(N, outputs, H, W)</param>
    /// <exception cref="InvalidOperationException">The convolution has an activation or no bias.</exception>
    public Variable ForwardZero(Tape tape, Shape output)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (_bias is null || _activation != Activation.None)
            throw new InvalidOperationException("ForwardZero: the convolution needs a bias and no activation.");
        return tape.Watch(_bias).BroadcastTo(output);
    }
}

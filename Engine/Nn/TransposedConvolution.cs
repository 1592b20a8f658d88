namespace Gqn.Native.Engine;

/// <summary>
/// A transposed convolution with stride = kernel and without bias: each input pixel becomes a block of output pixels.
/// </summary>
public sealed class TransposedConvolution : Module
{
    private readonly Parameter _weight;
    private readonly int _kernel;

    /// <summary>Declares the parameter "weight" (inputs, outputs, kernel, kernel).</summary>
    public TransposedConvolution(ParameterScope scope, int inputs, int outputs, int kernel)
        : base(scope)
    {
        // With stride = kernel, each output pixel sums over the input channels only.
        _weight = Scope.Convolution("weight", inputs, outputs, kernel, kernel, Initializer.TruncatedNormal(inputs));
        _kernel = kernel;
    }

    /// <summary>(N, inputs, H, W) to (N, outputs, H·kernel, W·kernel).</summary>
    public Variable Forward(Variable x) => x.ConvTranspose2d(x.Tape.Watch(_weight), _kernel);
}

namespace Gqn.Native.Engine;

/// <summary>y = x·W + b on the channels of every pixel.</summary>
public sealed class Linear : Module
{
    private readonly Parameter _weight, _bias;

    /// <summary>Declares "weight" (inputs, outputs) and "bias".</summary>
    public Linear(ParameterScope scope, int inputs, int outputs)
        : base(scope)
    {
        _weight = Scope.Dense("weight", new Shape(inputs, outputs, 1, 1), Initializer.TruncatedNormal(inputs));
        _bias = Scope.Dense("bias", new Shape(1, outputs, 1, 1), Initializer.Zeros);
    }

    /// <summary>(N, inputs, H, W) to (N, outputs, H, W).</summary>
    public Variable Forward(Variable x)
    {
        var product = x.MatMul(x.Tape.Watch(_weight));
        return product.Add(x.Tape.Watch(_bias).BroadcastTo(product.Shape));
    }
}

using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine.Ops;

/// <summary>One term of a sum of convolutions: an input and its weight.</summary>
/// <param name="Input">(N, C, H, W)</param>
/// <param name="Weight">(K, C, kernel, kernel)</param>
public readonly record struct ConvolutionTerm(Variable Input, Variable Weight);

/// <content>Convolution.</content>
public static partial class Operations
{
    /// <summary>y = activation(x ∗ w + bias)</summary>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="weight">(K, C, kernel, kernel)</param>
    /// <param name="bias">(1, K, 1, 1), or absent.</param>
    /// <param name="stride">1 with an odd kernel: zero padding, the output is as large as the input. Or the kernel's
    /// size: no padding.</param>
    /// <param name="activation">Applied in the same pass.</param>
    /// <returns>(N, K, H / stride, W / stride)</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable Conv2d(
        this Variable x, Variable weight, Variable bias, int stride, Activation activation = Activation.None) =>
        Conv2d([new ConvolutionTerm(x, weight)], bias, stride, activation);

    /// <summary>
    /// y = activation(Σₖ xₖ ∗ wₖ + bias): the convolution of the concatenated inputs, without concatenating them.
    /// </summary>
    /// <param name="terms">At least one; all give one output shape.</param>
    /// <param name="bias">(1, K, 1, 1), or absent.</param>
    /// <param name="stride">As for one input.</param>
    /// <param name="activation">Applied to the sum.</param>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable Conv2d(
        ReadOnlySpan<ConvolutionTerm> terms, Variable bias, int stride, Activation activation = Activation.None)
    {
        if (terms.IsEmpty)
            throw new ShapeException("Conv2d: there is no input.");
        var tape = terms[0].Weight.Tape;
        var first = DescribeConvolution("Conv2d", terms[0].Input.Shape, terms[0].Weight.Shape, stride);
        var outputShape = new Shape(first.N, first.K, first.OutH, first.OutW);
        if (bias.Exists && bias.Shape != new Shape(1, first.K, 1, 1))
            throw new ShapeException($"Conv2d: the bias {bias.Shape} must be (1, {first.K}, 1, 1).");
        bool recorded = tape.Needs(bias);
        foreach (var term in terms)
        {
            var shape = DescribeConvolution("Conv2d", term.Input.Shape, term.Weight.Shape, stride);
            if (new Shape(shape.N, shape.K, shape.OutH, shape.OutW) != outputShape)
                throw new ShapeException($"Conv2d: the terms {terms[0].Input.Shape} * {terms[0].Weight.Shape} and "
                    + $"{term.Input.Shape} * {term.Weight.Shape} give different shapes.");
            recorded |= tape.Needs(term.Input) || tape.Needs(term.Weight);
        }

        var y = tape.NewOutput(outputShape, recorded);
        for (int i = 0; i < terms.Length; i++)
        {
            var (input, weight) = terms[i];
            bool last = i == terms.Length - 1;
            tape.Device.Conv2d(
                y.Value, i == 0 ? 0f : 1f, input.Value, weight.Value, last && bias.Exists ? bias.Value : default,
                DescribeConvolution("Conv2d", input.Shape, weight.Shape, stride), last ? activation : Activation.None);
        }

        if (recorded)
        {
            var node = tape.Record<Conv2dNode>(y);
            node.SetTerms(terms);
            node.Bias = bias;
            node.Stride = stride;
            node.Activation = activation;
        }

        return y;
    }

    /// <summary>Checks a convolution and describes it for the kernels.</summary>
    internal static Conv2dShape DescribeConvolution(string op, Shape input, Shape weight, int stride)
    {
        if (weight.H != weight.W)
            throw new ShapeException($"{op}: the kernel of {weight} is not square.");
        if (input.C != weight.C)
            throw new ShapeException($"{op}: input {input} has {input.C} channels, weight {weight} takes {weight.C}.");
        var shape = new Conv2dShape(input.N, input.C, input.H, input.W, weight.N, weight.H, stride);
        if (!shape.IsSupported)
        {
            throw new ShapeException(stride == 1
                ? $"{op}: weight {weight} on input {input} with stride 1 needs an odd kernel."
                : $"{op}: weight {weight} on input {input} with stride {stride} needs a stride equal to the kernel "
                    + "and sides that it divides.");
        }

        return shape;
    }

    private sealed class Conv2dNode : Node
    {
        private ConvolutionTerm[] _terms = [];
        private int _count;

        public Variable Bias { get; set; }

        public int Stride { get; set; }

        public Activation Activation { get; set; }

        public void SetTerms(ReadOnlySpan<ConvolutionTerm> terms)
        {
            if (_terms.Length < terms.Length)
                _terms = new ConvolutionTerm[terms.Length];
            terms.CopyTo(_terms);
            _count = terms.Length;
        }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            // The gradient is this op's alone by now: the derivative of the activation goes into it in place.
            switch (Activation)
            {
                case Activation.Relu:
                    tape.Device.UnaryBackward(dy, 0f, dy, default, Output.Value, default(Relu));
                    break;
                case Activation.Sigmoid:
                    tape.Device.UnaryBackward(dy, 0f, dy, default, Output.Value, default(Sigmoid));
                    break;
                case Activation.Tanh:
                    tape.Device.UnaryBackward(dy, 0f, dy, default, Output.Value, default(Tanh));
                    break;
            }

            if (tape.Needs(Bias))
            {
                var (dBias, beta) = tape.Contribute(Bias);
                tape.Device.Sum(dBias, beta, dy, 1f);
            }

            for (int i = 0; i < _count; i++)
            {
                var (input, weight) = _terms[i];
                var shape = DescribeConvolution("Conv2d", input.Shape, weight.Shape, Stride);
                if (tape.Needs(weight))
                {
                    var (dw, beta) = tape.Contribute(weight);
                    tape.Device.Conv2dBackwardWeight(dw, beta, dy, input.Value, shape);
                }

                if (tape.Needs(input))
                {
                    var (dx, beta) = tape.Contribute(input);
                    tape.Device.Conv2dBackwardInput(dx, beta, dy, weight.Value, shape);
                }
            }
        }
    }
}

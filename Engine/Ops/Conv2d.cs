using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <content>Convolution.</content>
public static partial class Operations
{
    /// <summary>y = activation(x ∗ w + bias)</summary>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="weight">(K, C, kernel, kernel)</param>
    /// <param name="bias">(1, K, 1, 1), or absent.</param>
    /// <param name="stride">1 with an odd kernel: zero padding, the output has the input's size. Or the kernel size: no
    /// padding.</param>
    /// <param name="activation">Applied in the same pass.</param>
    /// <returns>(N, K, H / stride, W / stride)</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable Conv2d(
        this Variable x, Variable weight, Variable bias, int stride, Activation activation = Activation.None) =>
        Conv2d([new ConvolutionTerm(x, weight)], bias, stride, activation);

    /// <summary>
    /// y = activation(addend + Σₖ xₖ ∗ wₖ + bias): the convolution of the concatenated inputs, without concatenating
    /// them.
    /// </summary>
    /// <param name="terms">All give one output shape. With stride 1, inputs (N, C, 1, 1) beside larger ones are
    /// constant maps. May be empty if there is an addend.</param>
    /// <param name="bias">(1, K, 1, 1), or absent.</param>
    /// <param name="stride">As for a single input.</param>
    /// <param name="activation">Applied to the sum.</param>
    /// <param name="addend">Same shape as the output; absent for zero.</param>
    /// <param name="map">Height and width of the inputs if all are constant maps; else taken from the terms.</param>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable Conv2d(
        ReadOnlySpan<ConvolutionTerm> terms, Variable bias, int stride, Activation activation = Activation.None,
        Variable addend = default, (int H, int W) map = default)
    {
        var shape = DescribeSum("Conv2d", terms, bias, stride, addend, map);
        var tape = terms.IsEmpty ? addend.Tape : terms[0].Weight.Tape;
        bool recorded = NeedsSum(tape, terms, bias, addend);
        var y = tape.NewOutput(shape, recorded);
        TermTensors tensors = default;
        tape.Device.Conv2d(y.Value, addend.Value, tensors.Of(terms), bias.Value, stride, activation);
        if (recorded)
        {
            var node = tape.Record<Conv2dNode>(y);
            node.Terms.Set(terms);
            node.Bias = bias;
            node.Addend = addend;
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

    /// <summary>Checks a sum of convolutions and returns the shape of its output.</summary>
    internal static Shape DescribeSum(
        string op, ReadOnlySpan<ConvolutionTerm> terms, Variable bias, int stride, Variable addend, (int H, int W) map)
    {
        if (terms.IsEmpty && !addend.Exists)
            throw new ShapeException($"{op}: there is no input.");
        if (addend.Exists && map == default)
            map = (addend.Shape.H, addend.Shape.W);
        foreach (var term in terms)
        {
            if (map == default && !IsOnePixel(term.Input.Shape))
                map = (term.Input.Shape.H, term.Input.Shape.W);
        }

        var output = addend.Shape;
        for (int i = 0; i < terms.Length; i++)
        {
            var (input, weight) = (terms[i].Input.Shape, terms[i].Weight.Shape);
            if (stride == 1 && IsOnePixel(input) && map != default)
                input = input with { H = map.H, W = map.W };
            var shape = DescribeConvolution(op, input, weight, stride);
            var result = new Shape(shape.N, shape.K, shape.OutH, shape.OutW);
            if (i == 0)
                output = result;
            if (result != output)
            {
                throw new ShapeException(
                    $"{op}: the terms {terms[0].Input.Shape} * {terms[0].Weight.Shape} and "
                    + $"{terms[i].Input.Shape} * {weight} give different shapes.");
            }
        }

        if (addend.Exists && addend.Shape != output)
            throw new ShapeException($"{op}: the addend {addend.Shape} differs from the output {output}.");
        if (bias.Exists && bias.Shape != new Shape(1, output.C, 1, 1))
            throw new ShapeException($"{op}: the bias {bias.Shape} must be (1, {output.C}, 1, 1).");
        return output;
    }

    private static bool IsOnePixel(Shape shape) => shape is { H: 1, W: 1 };

    private static bool NeedsSum(Tape tape, ReadOnlySpan<ConvolutionTerm> terms, Variable bias, Variable addend)
    {
        bool needed = tape.Needs(bias) | tape.Needs(addend);
        foreach (var (input, weight) in terms)
            needed |= tape.Needs(input) | tape.Needs(weight);
        return needed;
    }

    private sealed class Conv2dNode : Node
    {
        public ConvolutionTerms Terms { get; } = new();

        public Variable Bias { get; set; }

        public Variable Addend { get; set; }

        public int Stride { get; set; }

        public Activation Activation { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            // By now the gradient belongs to this op alone, so the derivative of the activation is applied in place.
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

            Terms.Backward(tape, dy, Stride);
            tape.PassGradient(Output, Addend);
        }
    }
}

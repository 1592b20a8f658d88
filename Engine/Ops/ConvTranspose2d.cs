using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Ops;

/// <content>Transposed convolution: the adjoint of a convolution, used forwards.</content>
public static partial class Operations
{
    /// <summary>
    /// y = addend + xᵀ∗w, where xᵀ∗w is the transposed convolution with stride = kernel, without bias.
    /// </summary>
    /// <param name="x">(N, K, H, W)</param>
    /// <param name="weight">(K, C, kernel, kernel), inputs first as in Python frameworks.</param>
    /// <param name="addend">(N, C, H·stride, W·stride), or absent for zero.</param>
    /// <param name="stride">The kernel's size, or 1 with an odd kernel.</param>
    /// <returns>(N, C, H·stride, W·stride)</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable ConvTranspose2d(this Variable x, Variable weight, int stride, Variable addend = default)
    {
        if (x.Shape.C != weight.Shape.N)
        {
            throw new ShapeException(
                $"ConvTranspose2d: input {x.Shape} has {x.Shape.C} channels, "
                + $"weight {weight.Shape} takes {weight.Shape.N}.");
        }

        var outputShape = new Shape(x.Shape.N, weight.Shape.C, x.Shape.H * stride, x.Shape.W * stride);
        if (addend.Exists && addend.Shape != outputShape)
        {
            throw new ShapeException(
                $"ConvTranspose2d: the addend {addend.Shape} differs from the output {outputShape}.");
        }

        var shape = DescribeConvolution("ConvTranspose2d", outputShape, weight.Shape, stride);
        var tape = x.Tape;
        bool recorded = tape.Needs(x) || tape.Needs(weight) || tape.Needs(addend);
        var y = tape.NewOutput(outputShape, recorded);
        if (addend.Exists)
            tape.Device.Unary(y.Value, addend.Value, default(Kernels.Pointwise.Identity));
        tape.Device.Conv2dBackwardInput(y.Value, addend.Exists ? 1f : 0f, x.Value, weight.Value, shape);
        if (recorded)
        {
            var node = tape.Record<ConvTranspose2dNode>(y);
            node.X = x;
            node.Weight = weight;
            node.Addend = addend;
            node.Stride = stride;
        }

        return y;
    }

    private sealed class ConvTranspose2dNode : Node
    {
        public Variable X { get; set; }

        public Variable Weight { get; set; }

        public Variable Addend { get; set; }

        public int Stride { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            var shape = DescribeConvolution("ConvTranspose2d", Output.Shape, Weight.Shape, Stride);
            if (tape.Needs(Weight))
            {
                var (dw, beta) = tape.Contribute(Weight);
                tape.Device.Conv2dBackwardWeight(dw, beta, X.Value, dy, shape);
            }

            if (tape.Needs(X))
            {
                var (dx, beta) = tape.Contribute(X);
                tape.Device.Conv2d(dx, beta, dy, Weight.Value, default, shape, Activation.None);
            }

            tape.PassGradient(Output, Addend);
        }
    }
}

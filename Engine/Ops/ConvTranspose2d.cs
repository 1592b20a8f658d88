namespace Gqn.Native.Engine;

/// <content>Transposed convolution: the adjoint of a convolution as a forward op.</content>
public static partial class Operations
{
    /// <summary>y = xᵀ∗w, the transposed convolution without bias.</summary>
    /// <param name="x">(N, K, H, W)</param>
    /// <param name="weight">(K, C, kernel, kernel), inputs first as in Python frameworks.</param>
    /// <param name="stride">The kernel size, or 1 with an odd kernel.</param>
    /// <returns>(N, C, H·stride, W·stride)</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable ConvTranspose2d(this Variable x, Variable weight, int stride)
    {
        if (x.Shape.C != weight.Shape.N)
        {
            throw new ShapeException(
                $"ConvTranspose2d: input {x.Shape} has {x.Shape.C} channels, "
                + $"weight {weight.Shape} takes {weight.Shape.N}.");
        }

        var outputShape = new Shape(x.Shape.N, weight.Shape.C, x.Shape.H * stride, x.Shape.W * stride);
        _ = DescribeConvolution("ConvTranspose2d", outputShape, weight.Shape, stride);
        var tape = x.Tape;
        bool recorded = tape.Needs(x) || tape.Needs(weight);
        var y = tape.NewOutput(outputShape, recorded);
        var term = new Conv2dTerm(default, weight.Value, y.Value, 0f, default, 0f);
        tape.Device.Conv2dBackward(new ReadOnlySpan<Conv2dTerm>(in term), x.Value, stride);
        if (recorded)
        {
            var node = tape.Record<ConvTranspose2dNode>(y);
            node.X = x;
            node.Weight = weight;
            node.Stride = stride;
        }

        return y;
    }

    private sealed class ConvTranspose2dNode : Node
    {
        public Variable X { get; set; }

        public Variable Weight { get; set; }

        public int Stride { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            if (tape.Needs(Weight))
            {
                var (dw, beta) = tape.Contribute(Weight);
                var term = new Conv2dTerm(dy, default, default, 0f, dw, beta);
                tape.Device.Conv2dBackward(new ReadOnlySpan<Conv2dTerm>(in term), X.Value, Stride);
            }

            if (tape.Needs(X))
            {
                var (dx, beta) = tape.Contribute(X);
                var term = new Conv2dTerm(dy, Weight.Value);
                tape.Device.Conv2d(
                    dx, beta == 0f ? default : dx, new ReadOnlySpan<Conv2dTerm>(in term), default, Stride,
                    Activation.None);
            }
        }
    }
}

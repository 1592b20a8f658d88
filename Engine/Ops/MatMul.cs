namespace Gqn.Native.Engine;

/// <content>Matrix product.</content>
public static partial class Operations
{
    /// <summary>
    /// y = addend + a·b, where a is the matrix [pixels, channels] of its tensor and b the matrix [N, C] of a
    /// (N, C, 1, 1) tensor: the channels of a become those of b. For (N, C, 1, 1) tensors this is the plain matrix
    /// product.
    /// </summary>
    /// <param name="a">(N, rows, H, W)</param>
    /// <param name="b">(rows, columns, 1, 1)</param>
    /// <param name="addend">(N, columns, H, W), or absent for zero.</param>
    /// <returns>(N, columns, H, W)</returns>
    /// <exception cref="ShapeException">
    /// The channels of a are not the rows of b, b has more than one pixel, or the addend does not have the shape of y.
    /// </exception>
    public static Variable MatMul(this Variable a, Variable b, Variable addend = default)
    {
        if (b.Shape.H != 1 || b.Shape.W != 1 || a.Shape.C != b.Shape.N)
        {
            throw new ShapeException(
                $"MatMul: {a.Shape} times {b.Shape}; the right factor must be ({a.Shape.C}, columns, 1, 1).");
        }

        var shape = a.Shape with { C = b.Shape.C };
        if (addend.Exists && addend.Shape != shape)
            throw new ShapeException($"MatMul: the addend {addend.Shape} differs from the product {shape}.");
        var tape = a.Tape;
        bool recorded = tape.Needs(a) || tape.Needs(b) || tape.Needs(addend);
        var y = tape.NewOutput(shape, recorded);
        tape.Device.MatMul(y.Value, addend.Value, a.Value, b.Value, false, false);
        if (recorded)
        {
            var node = tape.Record<MatMulNode>(y);
            node.A = a;
            node.B = b;
            node.Addend = addend;
        }

        return y;
    }

    private sealed class MatMulNode : Node
    {
        public Variable A { get; set; }

        public Variable B { get; set; }

        public Variable Addend { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            var (da, betaA) = tape.Needs(A) ? tape.Contribute(A) : default;
            var (db, betaB) = tape.Needs(B) ? tape.Contribute(B) : default;
            tape.Device.MatMulBackward(da, betaA, db, betaB, dy, A.Value, B.Value);
            tape.PassGradient(Output, Addend);
        }
    }
}

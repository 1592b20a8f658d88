using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Ops;

/// <content>Matrix product.</content>
public static partial class Operations
{
    /// <summary>
    /// y = a·b, where a is the matrix [pixels, channels] of its tensor and b the matrix [N, C] of a (N, C, 1, 1)
    /// tensor: the channels of a become those of b. For (N, C, 1, 1) tensors this is the plain matrix product.
    /// </summary>
    /// <exception cref="ShapeException">
    /// The channels of a are not the rows of b, or b has more than one pixel.
    /// </exception>
    public static Variable MatMul(this Variable a, Variable b)
    {
        if (b.Shape.H != 1 || b.Shape.W != 1 || a.Shape.C != b.Shape.N)
        {
            throw new ShapeException(
                $"MatMul: {a.Shape} times {b.Shape}; the right factor must be ({a.Shape.C}, columns, 1, 1).");
        }

        var tape = a.Tape;
        bool recorded = tape.Needs(a) || tape.Needs(b);
        var y = tape.NewOutput(a.Shape with { C = b.Shape.C }, recorded);
        tape.Device.MatMul(y.Value, 0f, a.Value, b.Value, false, false);
        if (recorded)
        {
            var node = tape.Record<MatMulNode>(y);
            node.A = a;
            node.B = b;
        }

        return y;
    }

    private sealed class MatMulNode : Node
    {
        public Variable A { get; set; }

        public Variable B { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            if (tape.Needs(A))
            {
                var (da, beta) = tape.Contribute(A);
                tape.Device.MatMul(da, beta, dy, B.Value, false, true);
            }

            if (tape.Needs(B))
            {
                var (db, beta) = tape.Contribute(B);
                tape.Device.MatMul(db, beta, A.Value, dy, true, false);
            }
        }
    }
}

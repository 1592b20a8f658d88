using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>The ops on variables. Each checks its shapes, runs at once, and records what its gradient needs.</summary>
public static partial class Operations
{
    /// <summary>y = max(x, 0)</summary>
    public static Variable Relu(this Variable x) => Apply(x, default(Relu));

    /// <summary>y = 1 / (1 + e⁻ˣ)</summary>
    public static Variable Sigmoid(this Variable x) => Apply(x, default(Sigmoid));

    /// <summary>y = tanh x</summary>
    public static Variable Tanh(this Variable x) => Apply(x, default(Tanh));

    /// <summary>y = ln(1 + eˣ)</summary>
    public static Variable Softplus(this Variable x) => Apply(x, default(Softplus));

    /// <summary>y = eˣ</summary>
    public static Variable Exp(this Variable x) => Apply(x, default(Exp));

    /// <summary>y = ln x</summary>
    public static Variable Log(this Variable x) => Apply(x, default(Log));

    /// <summary>y = x²</summary>
    public static Variable Square(this Variable x) => Apply(x, default(Square));

    /// <summary>y = |x|</summary>
    public static Variable Abs(this Variable x) => Apply(x, default(Abs));

    /// <summary>y = scale · x + shift</summary>
    public static Variable Affine(this Variable x, float scale, float shift) => Apply(x, new Affine(scale, shift));

    /// <summary>y = scale · x</summary>
    public static Variable Scale(this Variable x, float scale) => x.Affine(scale, 0f);

    /// <summary>y = scale · x, with a factor that changes from step to step.</summary>
    public static Variable Scale(this Variable x, StepScale scale)
    {
        ArgumentNullException.ThrowIfNull(scale);
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(x.Shape, recorded);
        tape.Device.Unary(y.Value, x.Value, scale.Product);
        if (recorded)
        {
            var node = tape.Record<ScaleNode>(y);
            node.X = x;
            node.Scale = scale;
        }

        return y;
    }

    /// <summary>y = a + b, for equal shapes.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Variable Add(this Variable a, Variable b)
    {
        SameShape("Add", a, b);
        var tape = a.Tape;
        bool recorded = tape.Needs(a) || tape.Needs(b);
        var y = tape.NewOutput(a.Shape, recorded);
        tape.Device.Binary(y.Value, a.Value, b.Value, default(Add));
        if (recorded)
        {
            var node = tape.Record<AddNode>(y);
            node.A = a;
            node.B = b;
        }

        return y;
    }

    /// <summary>y = a − b, for equal shapes.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Variable Subtract(this Variable a, Variable b) => Apply("Subtract", a, b, default(Subtract));

    /// <summary>y = a · b element-wise, for equal shapes.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Variable Multiply(this Variable a, Variable b) => Apply("Multiply", a, b, default(Multiply));

    /// <summary>y = a / b element-wise, for equal shapes.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Variable Divide(this Variable a, Variable b) => Apply("Divide", a, b, default(Divide));

    /// <summary>−ln N(x | mean, σ²) = ½((x − mean)/σ)² + ln σ + ½ ln 2π for every element, in nats.</summary>
    /// <param name="mean">The predicted means.</param>
    /// <param name="x">The observed values, of the same shape.</param>
    /// <param name="sigma">Standard deviation of the observation, one for all elements, above 0.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Variable GaussianNll(this Variable mean, Variable x, Sigma sigma)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma.Value, nameof(sigma));
        if (sigma.Changing is not { } changing)
            return Apply("GaussianNll", x, mean, new GaussianNll(sigma.Value));
        SameShape("GaussianNll", x, mean);
        var tape = mean.Tape;
        bool recorded = tape.Needs(mean) || tape.Needs(x);
        var y = tape.NewOutput(mean.Shape, recorded);
        tape.Device.Binary(y.Value, x.Value, mean.Value, changing.Density);
        if (recorded)
        {
            var node = tape.Record<ChangingNllNode>(y);
            node.X = x;
            node.Mean = mean;
            node.Sigma = changing;
        }

        return y;
    }

    private static Variable Apply<TOp>(Variable x, TOp op) where TOp : unmanaged, IUnaryOp
    {
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(x.Shape, recorded);
        tape.Device.Unary(y.Value, x.Value, op);
        if (recorded)
        {
            var node = tape.Record<UnaryNode<TOp>>(y);
            node.X = x;
            node.Op = op;
        }

        return y;
    }

    private static Variable Apply<TOp>(string name, Variable a, Variable b, TOp op) where TOp : unmanaged, IBinaryOp
    {
        SameShape(name, a, b);
        var tape = a.Tape;
        bool recorded = tape.Needs(a) || tape.Needs(b);
        var y = tape.NewOutput(a.Shape, recorded);
        tape.Device.Binary(y.Value, a.Value, b.Value, op);
        if (recorded)
        {
            var node = tape.Record<BinaryNode<TOp>>(y);
            node.A = a;
            node.B = b;
            node.Op = op;
        }

        return y;
    }

    private static void SameShape(string op, Variable a, Variable b)
    {
        if (a.Shape != b.Shape)
            throw new ShapeException($"{op}: {a.Shape} and {b.Shape} differ.");
    }

    private sealed class UnaryNode<TOp> : Node where TOp : unmanaged, IUnaryOp
    {
        public Variable X { get; set; }

        public TOp Op { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.UnaryBackward(
                dx, beta, tape.GradientOf(Output),
                TOp.Saves == Saves.Input ? X.Value : default, TOp.Saves == Saves.Output ? Output.Value : default, Op);
        }
    }

    private sealed class BinaryNode<TOp> : Node where TOp : unmanaged, IBinaryOp
    {
        public Variable A { get; set; }

        public Variable B { get; set; }

        public TOp Op { get; set; }

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            if (tape.Needs(A))
            {
                var (da, beta) = tape.Contribute(A);
                tape.Device.BinaryBackwardA(da, beta, dy, A.Value, B.Value, Op);
            }

            if (tape.Needs(B))
            {
                var (db, beta) = tape.Contribute(B);
                tape.Device.BinaryBackwardB(db, beta, dy, A.Value, B.Value, Op);
            }
        }
    }

    private sealed class ScaleNode : Node
    {
        public Variable X { get; set; }

        public StepScale Scale { get; set; } = null!;

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.UnaryBackward(dx, beta, tape.GradientOf(Output), default, default, Scale.Product);
        }
    }

    private sealed class ChangingNllNode : Node
    {
        public Variable X { get; set; }

        public Variable Mean { get; set; }

        public StepSigma Sigma { get; set; } = null!;

        internal override void Backward(Tape tape)
        {
            var dy = tape.GradientOf(Output);
            if (tape.Needs(X))
            {
                var (dx, beta) = tape.Contribute(X);
                tape.Device.BinaryBackwardA(dx, beta, dy, X.Value, Mean.Value, Sigma.Density);
            }

            if (tape.Needs(Mean))
            {
                var (dMean, beta) = tape.Contribute(Mean);
                tape.Device.BinaryBackwardB(dMean, beta, dy, X.Value, Mean.Value, Sigma.Density);
            }
        }
    }

    /// <summary>The gradient of a sum is the gradient of each term: it is passed on, not computed.</summary>
    private sealed class AddNode : Node
    {
        public Variable A { get; set; }

        public Variable B { get; set; }

        internal override void Backward(Tape tape)
        {
            tape.Accumulate(B, tape.GradientOf(Output));
            tape.PassGradient(Output, A);
        }
    }
}

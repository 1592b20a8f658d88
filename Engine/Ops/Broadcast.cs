namespace Gqn.Native.Engine;

/// <content>Broadcasting along axes of length 1, and its adjoint, summation.</content>
public static partial class Operations
{
    /// <summary>
    /// x broadcast along its axes of length 1: (N, C, 1, 1) over all pixels, (1, C, H, W) over all images, and so on.
    /// </summary>
    /// <exception cref="ShapeException">An axis of x is neither 1 nor that of the shape.</exception>
    public static Variable BroadcastTo(this Variable x, Shape shape)
    {
        CheckBroadcast("BroadcastTo", x.Shape, shape);
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(shape, recorded);
        tape.Device.Broadcast(y.Value, 0f, x.Value, 1f);
        if (recorded)
            tape.Record<BroadcastToNode>(y).X = x;
        return y;
    }

    /// <summary>x summed over the axes where the shape has length 1.</summary>
    /// <exception cref="ShapeException">An axis of the shape is neither 1 nor that of x.</exception>
    public static Variable SumTo(this Variable x, Shape shape)
    {
        CheckBroadcast("SumTo", shape, x.Shape);
        return SumScaled(x, shape, 1f);
    }

    /// <summary>The sum of all elements.</summary>
    public static Variable Sum(this Variable x) => SumScaled(x, Shape.Scalar, 1f);

    /// <summary>The mean of all elements.</summary>
    public static Variable Mean(this Variable x) => SumScaled(x, Shape.Scalar, 1f / x.Shape.Count);

    /// <summary>The mean over the pixels of each channel: (N, C, H, W) to (N, C, 1, 1).</summary>
    public static Variable GlobalAveragePool(this Variable x) =>
        SumScaled(x, x.Shape with { H = 1, W = 1 }, 1f / (x.Shape.H * x.Shape.W));

    /// <summary>The sum of each run of <paramref name="size"/> images: (N·size, C, H, W) to (N, C, H, W).</summary>
    /// <exception cref="ShapeException">The number of images is not a multiple of the size.</exception>
    public static Variable SumGroups(this Variable x, int size)
    {
        var s = x.Shape;
        if (size < 1 || s.N % size != 0)
            throw new ShapeException($"SumGroups: {s} does not divide into groups of {size} images.");
        if (size == 1)
            return x;
        // The images of a group are consecutive in memory, so a group is the "rows" of one tall image.
        var grouped = x.Reshape(new Shape(s.N / size, s.C, size, s.H * s.W));
        return SumScaled(grouped, grouped.Shape with { H = 1 }, 1f).Reshape(s with { N = s.N / size });
    }

    private static Variable SumScaled(Variable x, Shape shape, float scale)
    {
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(shape, recorded);
        tape.Device.Sum(y.Value, 0f, x.Value, scale);
        if (recorded)
        {
            var node = tape.Record<SumToNode>(y);
            node.X = x;
            node.Scale = scale;
        }

        return y;
    }

    private static void CheckBroadcast(string op, Shape small, Shape large)
    {
        if (!Fits(small.N, large.N) || !Fits(small.C, large.C) || !Fits(small.H, large.H) || !Fits(small.W, large.W))
            throw new ShapeException($"{op}: {small} does not broadcast to {large}; each axis must be equal or 1.");

        static bool Fits(int small, int large) => small == large || small == 1;
    }

    private sealed class BroadcastToNode : Node
    {
        public Variable X { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.Sum(dx, beta, tape.GradientOf(Output), 1f);
        }
    }

    private sealed class SumToNode : Node
    {
        public Variable X { get; set; }

        public float Scale { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.Broadcast(dx, beta, tape.GradientOf(Output), Scale);
        }
    }
}

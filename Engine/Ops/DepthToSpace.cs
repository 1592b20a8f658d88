namespace Gqn.Native.Engine;

/// <content>Channels spread over blocks of pixels.</content>
public static partial class Operations
{
    /// <summary>
    /// y[n, c, h·s + i, w·s + j] = x[n, (i·s + j)·C + c, h, w]: the channels of a pixel become a block of s x s pixels,
    /// tap by tap.
    /// </summary>
    /// <param name="x">(N, s·s·C, H, W)</param>
    /// <param name="scale">s, the side of a block.</param>
    /// <returns>(N, C, H·s, W·s)</returns>
    /// <exception cref="ShapeException">
    /// The scale is less than 1, or the channels of x are not a multiple of its square.
    /// </exception>
    public static Variable DepthToSpace(this Variable x, int scale)
    {
        var s = x.Shape;
        if (scale < 1 || s.C % (scale * scale) != 0)
        {
            throw new ShapeException(
                $"DepthToSpace: the channels of {s} do not fill blocks of {scale} x {scale} pixels.");
        }

        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(new Shape(s.N, s.C / (scale * scale), s.H * scale, s.W * scale), recorded);
        tape.Device.DepthToSpace(y.Value, x.Value, scale);
        if (recorded)
        {
            var node = tape.Record<DepthToSpaceNode>(y);
            node.X = x;
            node.Scale = scale;
        }

        return y;
    }

    private sealed class DepthToSpaceNode : Node
    {
        public Variable X { get; set; }

        public int Scale { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.SpaceToDepth(dx, beta, tape.GradientOf(Output), Scale);
        }
    }
}

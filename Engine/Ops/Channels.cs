namespace Gqn.Native.Engine;

/// <content>Slices and concatenation along the channels.</content>
public static partial class Operations
{
    /// <summary>Channels <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> − 1.</summary>
    /// <exception cref="ShapeException">The range exceeds the tensor.</exception>
    public static Variable SliceChannels(this Variable x, int first, int count)
    {
        if (first < 0 || count < 1 || first + count > x.Shape.C)
            throw new ShapeException($"SliceChannels: {count} channels from {first} do not lie in {x.Shape}.");
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        var y = tape.NewOutput(x.Shape with { C = count }, recorded);
        tape.Device.CopyChannels(y.Value, 0, 0f, x.Value, first, count);
        if (recorded)
        {
            var node = tape.Record<SliceChannelsNode>(y);
            node.X = x;
            node.First = first;
        }

        return y;
    }

    /// <summary>The channels of a, then those of b.</summary>
    /// <exception cref="ShapeException">The numbers of images or the sizes differ.</exception>
    public static Variable ConcatChannels(this Variable a, Variable b)
    {
        if (a.Shape with { C = 0 } != b.Shape with { C = 0 })
            throw new ShapeException($"ConcatChannels: {a.Shape} and {b.Shape} differ in more than their channels.");
        var tape = a.Tape;
        bool recorded = tape.Needs(a) || tape.Needs(b);
        var y = tape.NewOutput(a.Shape with { C = a.Shape.C + b.Shape.C }, recorded);
        tape.Device.CopyChannels(y.Value, 0, 0f, a.Value, 0, a.Shape.C);
        tape.Device.CopyChannels(y.Value, a.Shape.C, 0f, b.Value, 0, b.Shape.C);
        if (recorded)
        {
            var node = tape.Record<ConcatChannelsNode>(y);
            node.A = a;
            node.B = b;
        }

        return y;
    }

    private sealed class SliceChannelsNode : Node
    {
        public Variable X { get; set; }

        public int First { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            if (beta == 0f)
                tape.Device.Fill(dx, 0f);
            tape.Device.CopyChannels(dx, First, 1f, tape.GradientOf(Output), 0, Output.Shape.C);
        }
    }

    private sealed class ConcatChannelsNode : Node
    {
        public Variable A { get; set; }

        public Variable B { get; set; }

        internal override void Backward(Tape tape)
        {
            Part(tape, A, 0);
            Part(tape, B, A.Shape.C);
        }

        private void Part(Tape tape, Variable x, int first)
        {
            if (!tape.Needs(x))
                return;
            var (dx, beta) = tape.Contribute(x);
            tape.Device.CopyChannels(dx, 0, beta, tape.GradientOf(Output), first, x.Shape.C);
        }
    }
}

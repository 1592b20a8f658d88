using Gqn.Native.Engine;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;
using LstmCellBody = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Tests.Reference;

/// <content>Sums of convolutions and the cell on top of them.</content>
internal partial class ReferenceDevice
{
    public override void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        double[] sums = Sums(y.Shape, addend, terms, bias, stride);
        for (int i = 0; i < sums.Length; i++)
            At(y)[i] = Activate(activation, sums[i]);
    }

    public override void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride)
    {
        foreach (var (x, w, dx, betaX, dw, betaW) in terms)
        {
            var shape = Describe(dy.Shape, (w.Exists ? w : dw).Shape, stride);
            if (dx.Exists)
                BackwardInput(dx, betaX, dy, w, shape);
            if (dw.Exists)
                BackwardWeight(dw, betaW, dy, x, shape);
        }
    }

    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        int channels = hidden.Shape.C;
        var gateShape = hidden.Shape with { C = 4 * channels };
        double[] sums = Sums(gateShape, addend, terms, bias, 1);
        foreach (var (n, c, h, w) in Coordinates(hidden.Shape))
        {
            F64 Sum(int gate) => new(sums[Index(gateShape, n, GateOrder.Index(gate, c, channels), h, w)]);
            F64 i = Sum(0), f = Sum(1), g = Sum(2), o = Sum(3);
            var (next, output) = LstmCellBody.Forward(
                ref i, ref f, ref g, ref o, new F64(OrZero(cell, n, c, h, w)));
            Element(cellNext, n, c, h, w) = next.Value;
            Element(hidden, n, c, h, w) = output.Value;
            if (gates.Exists)
                WriteGates(gates, n, c, h, w, i, f, g, o);
        }
    }

    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext)
    {
        int channels = cellNext.Shape.C;
        foreach (var (n, c, h, w) in Coordinates(cellNext.Shape))
        {
            F64 Gate(int gate) => new(Element(gates, n, GateOrder.Index(gate, c, channels), h, w));
            F64 i = Gate(0), f = Gate(1), g = Gate(2), o = Gate(3);
            var dc = LstmCellBody.Backward(
                ref i, ref f, ref g, ref o, new F64(OrZero(cell, n, c, h, w)),
                new F64(Element(cellNext, n, c, h, w)), new F64(OrZero(dHidden, n, c, h, w)),
                new F64(OrZero(dCellNext, n, c, h, w)));
            WriteGates(dGates, n, c, h, w, i, f, g, o);
            if (dCell.Exists)
                Accumulate(ref Element(dCell, n, c, h, w), beta, dc.Value);
        }
    }

    /// <summary>addend + Σ x ∗ w + bias</summary>
    private static double[] Sums(
        Shape y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride)
    {
        double[] sums = new double[y.Count];
        for (int i = 0; i < sums.Length; i++)
            sums[i] = (addend.Exists ? At(addend)[i] : 0) + (bias.Exists ? At(bias)[i % y.C] : 0);
        foreach (var (x, w, _, _, _, _) in terms)
        {
            var shape = Describe(y, w.Shape, stride);
            foreach (var tap in Taps(shape, x.Shape))
            {
                for (int c = 0; c < shape.C; c++)
                {
                    double input = At(x)[tap.X + c];
                    for (int k = 0; k < shape.K; k++)
                        sums[tap.Y + k] += input * At(w)[Weight(shape, tap, c, k)];
                }
            }
        }

        return sums;
    }

    private static void BackwardInput(Tensor dx, float beta, Tensor dy, Tensor w, in Conv2dShape shape)
    {
        if (beta == 0)
            At(dx).Clear();
        foreach (var tap in Taps(shape, dx.Shape))
        {
            for (int c = 0; c < shape.C; c++)
            {
                for (int k = 0; k < shape.K; k++)
                    At(dx)[tap.X + c] += At(dy)[tap.Y + k] * At(w)[Weight(shape, tap, c, k)];
            }
        }
    }

    private static void BackwardWeight(Tensor dw, float beta, Tensor dy, Tensor x, in Conv2dShape shape)
    {
        if (beta == 0)
            At(dw).Clear();
        foreach (var tap in Taps(shape, x.Shape))
        {
            for (int c = 0; c < shape.C; c++)
            {
                for (int k = 0; k < shape.K; k++)
                    At(dw)[Weight(shape, tap, c, k)] += At(dy)[tap.Y + k] * At(x)[tap.X + c];
            }
        }
    }

    /// <summary>
    /// Every pair of an output pixel and a tap inside the image: pixel offsets and tap. The only pixel of a constant
    /// map stands for all.
    /// </summary>
    private static IEnumerable<(int X, int Y, int Tap)> Taps(Conv2dShape s, Shape x)
    {
        for (int n = 0; n < s.N; n++)
        {
            for (int oy = 0; oy < s.OutH; oy++)
            {
                for (int ox = 0; ox < s.OutW; ox++)
                {
                    for (int tap = 0; tap < s.Kernel * s.Kernel; tap++)
                    {
                        int iy = (oy * s.Stride) + (tap / s.Kernel) - s.Padding,
                            ix = (ox * s.Stride) + (tap % s.Kernel) - s.Padding;
                        if (iy >= 0 && iy < s.H && ix >= 0 && ix < s.W)
                            yield return (Index(x, n, 0, Clip(iy, x.H), Clip(ix, x.W)),
                                ((((n * s.OutH) + oy) * s.OutW) + ox) * s.K, tap);
                    }
                }
            }
        }
    }

    private static int Weight(in Conv2dShape s, (int X, int Y, int Tap) at, int c, int k) =>
        (int)s.WeightIndex(k, c, at.Tap / s.Kernel, at.Tap % s.Kernel);

    private static void WriteGates(Tensor gates, int n, int c, int h, int w, F64 i, F64 f, F64 g, F64 o)
    {
        int channels = gates.Shape.C / 4;
        Element(gates, n, GateOrder.Index(0, c, channels), h, w) = i.Value;
        Element(gates, n, GateOrder.Index(1, c, channels), h, w) = f.Value;
        Element(gates, n, GateOrder.Index(2, c, channels), h, w) = g.Value;
        Element(gates, n, GateOrder.Index(3, c, channels), h, w) = o.Value;
    }

    private static double Activate(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Math.Max(x, 0),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };
}

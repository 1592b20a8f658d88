using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Random;
using Xunit;

namespace Gqn.Native.Tests.Lanes;

/// <summary>Known values and identities of the op bodies, which comparing one body's lanes cannot check.</summary>
public sealed class BodyTests
{
    private static readonly double[] Points = [-7.5, -2, -1, -0.3, 0, 0.3, 1, 2, 7.5];

    [Fact]
    public void ElementaryValues()
    {
        Assert.Equal(0.7310585786300049, Forward(default(Sigmoid), 1), 1e-15);
        Assert.Equal(0.5, Forward(default(Sigmoid), 0), 1e-15);
        Assert.Equal(0.7615941559557649, Forward(default(Tanh), 1), 1e-15);
        Assert.Equal(0.6931471805599453, Forward(default(Softplus), 0), 1e-15);
        Assert.Equal(1.3132616875182228, Forward(default(Softplus), 1), 1e-15);
        Assert.Equal(100, Forward(default(Softplus), 100), 1e-13);
        Assert.Equal(2.718281828459045, Forward(default(Exp), 1), 1e-15);
        Assert.Equal(0.6931471805599453, Forward(default(Log), 2), 1e-15);
        Assert.Equal(6.25, Forward(default(Square), -2.5));
        Assert.Equal(2.5, Forward(default(Abs), -2.5));
        Assert.Equal(2.5, Forward(default(Relu), 2.5));
        Assert.Equal(0, Forward(default(Relu), -2.5));
        Assert.Equal(2.5, Forward(default(Identity), 2.5));
        Assert.Equal(-4, Forward(new Affine(-2, 1), 2.5));
    }

    [Fact]
    public void BlendLiesBetweenItsOperands()
    {
        Assert.Equal(2, new Blend(0.25f).Forward(new F64(1), new F64(5)).Value);
        Assert.Equal(1, new Blend(0).Forward(new F64(1), new F64(5)).Value);
        Assert.Equal(5, new Blend(1).Forward(new F64(1), new F64(5)).Value);
        Assert.Equal(0.75, new Blend(0.25f).DerivativeA(new F64(1), new F64(5)).Value);
        Assert.Equal(0.25, new Blend(0.25f).DerivativeB(new F64(1), new F64(5)).Value);
    }

    [Fact]
    public void DerivativesAtTheKinksAreZero()
    {
        Assert.Equal(0, default(Relu).Derivative(new F64(0), new F64(0)).Value);
        Assert.Equal(0, default(Abs).Derivative(new F64(0), new F64(0)).Value);
        Assert.Equal(-1, default(Abs).Derivative(new F64(-3), new F64(3)).Value);
    }

    [Fact]
    public void SymmetriesHold()
    {
        foreach (double x in Points)
        {
            Assert.Equal(1, Forward(default(Sigmoid), x) + Forward(default(Sigmoid), -x), 1e-15);
            Assert.Equal(0, Forward(default(Tanh), x) + Forward(default(Tanh), -x), 1e-15);
            Assert.Equal(x, Forward(default(Softplus), x) - Forward(default(Softplus), -x), 1e-14);
            Assert.Equal(Forward(default(Tanh), x), (2 * Forward(default(Sigmoid), 2 * x)) - 1, 1e-15);
            Assert.Equal(Forward(default(Sigmoid), x),
                default(Softplus).Derivative(new F64(x), new F64(double.NaN)).Value, 1e-15);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NotANumberStaysOne(bool wide)
    {
        Assert.All(
            [
                Single(default(Relu)), Single(default(Sigmoid)), Single(default(Tanh)), Single(default(Exp)),
                Single(default(Softplus)), Single(default(Log)), Single(default(Square)), Single(default(Abs)),
                Single(default(Identity)), Single(new Affine(2, 1)),
            ],
            y => Assert.True(float.IsNaN(y)));

        float Single<TOp>(TOp op) where TOp : unmanaged, IUnaryOp =>
            wide ? First(op.Forward(F32x8.Const(float.NaN))) : op.Forward(new F32(float.NaN)).Value;
    }

    [Fact]
    public void InfinitiesHaveTheirLimits()
    {
        const float Infinity = float.PositiveInfinity;
        Assert.Equal((0f, Infinity), (Single(default(Relu), -Infinity), Single(default(Relu), Infinity)));
        Assert.Equal((-1f, 1f), (Single(default(Tanh), -Infinity), Single(default(Tanh), Infinity)));
        Assert.Equal((0f, 1f), (Single(default(Sigmoid), -Infinity), Single(default(Sigmoid), Infinity)), (a, b) =>
            Math.Abs(a.Item1 - b.Item1) < 1e-37 && a.Item2 == b.Item2);
        Assert.Equal(Infinity, Single(default(Softplus), Infinity));
        Assert.Equal(0, Single(default(Softplus), -Infinity), 1e-37);

        static float Single<TOp>(TOp op, float x) where TOp : unmanaged, IUnaryOp
        {
            float scalar = op.Forward(new F32(x)).Value;
            Assert.Equal(scalar, First(op.Forward(F32x8.Const(x))));
            return scalar;
        }
    }

    [Fact]
    public void GaussianNllOfAPerfectPrediction()
    {
        // 12,288 = 64·64·3 numbers: ln(0.7 · √2π) each.
        var body = new GaussianNll(0.7f);
        double nats = 12288 * body.Forward(new F64(0.25), new F64(0.25)).Value;
        Assert.Equal(6909.09, nats, 0.005);
        // One standard deviation away costs half a nat more.
        double away = body.Forward(new F64(0.7f), new F64(0)).Value - body.Forward(new F64(0), new F64(0)).Value;
        Assert.Equal(0.5, away, 1e-6);
        Assert.Equal(1 / 0.7, body.DerivativeA(new F64(0.7), new F64(0)).Value, 1e-6);
        Assert.Equal(-1 / 0.7, body.DerivativeB(new F64(0.7), new F64(0)).Value, 1e-6);
    }

    [Fact]
    public void DivergenceOfADistributionFromItselfIsZeroWithZeroGradient()
    {
        foreach (double mean in Points)
        {
            foreach (double logVariance in (double[])[-3, 0, 1.7])
            {
                F64 m = new(mean), l = new(logVariance), noise = new(0.8);
                Assert.Equal(0, GaussianLatent.Forward(m, l, m, l, noise).Kl.Value, 1e-15);
                var (dMeanQ, dLogQ, dMeanP, dLogP) = GaussianLatent.Backward(m, l, m, l, noise, new F64(0), new F64(1));
                Assert.Equal((0, 0, 0, 0), (dMeanQ.Value, dLogQ.Value, -dMeanP.Value, dLogP.Value));
            }
        }
    }

    [Fact]
    public void DivergenceIsNeverNegative()
    {
        for (uint i = 0; i < 2000; i++)
        {
            var (q, p) = (Normals(i), Normals(i + 5000));
            Assert.True(GaussianLatent.Forward(q.Mean, q.LogVariance, p.Mean, p.LogVariance, new F64(0)).Kl.Value >= 0);
        }

        static (F64 Mean, F64 LogVariance) Normals(uint i) =>
            (new F64(2 * Philox.Normal(new PhiloxKey(3, 1, 0), i)), new F64(Philox.Normal(new PhiloxKey(3, 2, 0), i)));
    }

    [Fact]
    public void DivergenceKnownValues()
    {
        // KL(N(1, 4) ‖ N(0, 1)) = ½(−ln 4 + 4 + 1 − 1) = 2 − ln 2
        Assert.Equal(2 - Math.Log(2), Divergence(1, Math.Log(4), 0, 0), 1e-14);
        // KL(N(0, 1) ‖ N(0, 4)) = ½(ln 4 + ¼ − 1)
        Assert.Equal(Math.Log(2) - 0.375, Divergence(0, 0, 0, Math.Log(4)), 1e-14);
    }

    [Fact]
    public void SampleHasItsMeanAndDeviationAndItsLogRatioAveragesToTheDivergence()
    {
        const int Draws = 200_000;
        (double mq, double lq, double mp, double lp) = (0.4, -0.6, -0.3, 0.5);
        double sum = 0, squares = 0, ratio = 0;
        for (uint i = 0; i < Draws; i++)
        {
            double z = GaussianLatent.Forward(
                new F64(mq), new F64(lq), new F64(mp), new F64(lp),
                new F64(Philox.Normal(new PhiloxKey(9, 4, 0), i))).Z.Value;
            sum += z;
            squares += (z - mq) * (z - mq);
            ratio += LogDensity(z, mq, lq) - LogDensity(z, mp, lp);
        }

        // Six standard errors: deviation/√draws for a mean, √(2/draws) for a variance.
        double error = 6 * Math.Exp(lq / 2) / Math.Sqrt(Draws);
        Assert.Equal(mq, sum / Draws, error);
        Assert.Equal(1, squares / Draws / Math.Exp(lq), 6 * Math.Sqrt(2.0 / Draws));
        Assert.Equal(Divergence(mq, lq, mp, lp), ratio / Draws, 0.01);

        static double LogDensity(double z, double mean, double logVariance) =>
            -0.5 * (((z - mean) * (z - mean) / Math.Exp(logVariance)) + logVariance + Math.Log(2 * Math.PI));
    }

    [Fact]
    public void LstmCellByHand()
    {
        // i = f = o = 0 half opens the gates; g = ½ and c = 2: c′ = ½·2 + ½·tanh ½, h = ½·tanh c′.
        F64 i = new(0), f = new(0), g = new(0.5), o = new(0);
        var (next, hidden) = LstmCell.Forward(ref i, ref f, ref g, ref o, new F64(2));
        Assert.Equal(1.2310585786300049, next.Value, 1e-15);
        Assert.Equal(0.42144305166011564, hidden.Value, 1e-15);
        Assert.Equal((0.5, 0.5, Math.Tanh(0.5), 0.5), (i.Value, f.Value, g.Value, o.Value));
        // Saturated gates: forget everything and write 1, output nothing.
        (i, f, g, o) = (new(50), new(-50), new(50), new(-50));
        (next, hidden) = LstmCell.Forward(ref i, ref f, ref g, ref o, new F64(3));
        Assert.Equal(1, next.Value, 1e-15);
        Assert.Equal(0, hidden.Value, 1e-15);
        // An open forget gate and a closed input gate keep the cell.
        (i, f, g, o) = (new(-50), new(50), new(1), new(0));
        (next, _) = LstmCell.Forward(ref i, ref f, ref g, ref o, new F64(-0.7));
        Assert.Equal(-0.7, next.Value, 1e-15);
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(0.01f, 0f)]
    [InlineData(0f, 0.3f)]
    public void AdamStepIsTheAlgorithm(float weightDecay, float clip)
    {
        double[] p = [1, -2, 0.5], m = new double[3], v = new double[3];
        double[] expected = [1, -2, 0.5], mean = new double[3], square = new double[3];
        const double Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f, Rate = 0.01f;
        for (int t = 1; t <= 20; t++)
        {
            double[] g = [.. expected.Select((x, i) => Math.Sin(t + i) + (0.1 * x))];
            double norm = Math.Sqrt(g.Sum(x => x * x)), scale = clip > 0 && norm > clip ? (float)(clip / norm) : 1;
            var step = new AdamStep(
                (float)Rate, (float)Beta1, (float)Beta2, (float)Epsilon, weightDecay, (float)scale, t);
            for (int i = 0; i < 3; i++)
            {
                var (value, first, second) = step.Update(new F64(p[i]), new F64(g[i]), new F64(m[i]), new F64(v[i]));
                (p[i], m[i], v[i]) = (value.Value, first.Value, second.Value);

                double gradient = scale * g[i];
                mean[i] = (Beta1 * mean[i]) + ((1 - Beta1) * gradient);
                square[i] = (Beta2 * square[i]) + ((1 - Beta2) * gradient * gradient);
                double corrected = mean[i] / (1 - Math.Pow(Beta1, t)),
                    spread = Math.Sqrt(square[i] / (1 - Math.Pow(Beta2, t)));
                expected[i] -= Rate * ((corrected / (spread + Epsilon)) + (weightDecay * expected[i]));
            }
        }

        // The step's constants are floats: 1 − ηλ alone is off by 3e-8 in each of the 20 steps.
        for (int i = 0; i < 3; i++)
            Assert.Equal(expected[i], p[i], 1e-6);
    }

    private static double Divergence(double mq, double lq, double mp, double lp) =>
        GaussianLatent.Forward(new F64(mq), new F64(lq), new F64(mp), new F64(lp), new F64(0)).Kl.Value;

    private static double Forward<TOp>(TOp op, double x) where TOp : unmanaged, IUnaryOp =>
        op.Forward(new F64(x)).Value;

    private static unsafe float First(F32x8 lane)
    {
        float value;
        lane.Store(&value, 1);
        return value;
    }
}

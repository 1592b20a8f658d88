using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Tests.Kernels;
using Xunit;

namespace Gqn.Native.Tests.Lanes;

public sealed class F32Tests : LaneTests<F32>;

public sealed class F32x8Tests : LaneTests<F32x8>;

public sealed class F32x16Tests : LaneTests<F32x16>;

/// <summary>The vocabulary of one single-precision lane against double precision, over dense ranges.</summary>
/// <remarks>Lanes wider than the processor's registers run as well: the runtime then computes them in parts.</remarks>
public abstract unsafe class LaneTests<T> where T : struct, ISimdLane<T>
{
    private const int Samples = 40_000;

    private static readonly float[] Specials =
        [0f, -0f, 1f, -1f, float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity,
            float.NegativeInfinity, float.NaN];

    [Fact]
    public void ExpIsRightToTwoInTenMillion()
    {
        AssertRelative(2e-7, Linear(-87.3f, 88.3f), T.Exp, Math.Exp);
        AssertRelative(2e-7, Linear(-1f, 1f), T.Exp, Math.Exp);
        Assert.Equal(1f, Apply(T.Exp, 0f));
    }

    [Fact]
    public void ExpIsClampedToFiniteNormalNumbers()
    {
        foreach (float x in (float[])[88.4f, 1e6f, float.MaxValue, float.PositiveInfinity])
            Assert.Equal(1, Apply(T.Exp, x) / Math.Exp(88.3f), 1e-5);
        foreach (float x in (float[])[-87.4f, -1e6f, float.MinValue, float.NegativeInfinity])
            Assert.Equal(1, Apply(T.Exp, x) / Math.Exp(-87.3f), 1e-5);
        Assert.True(float.IsNormal(Apply(T.Exp, float.NegativeInfinity)));
        Assert.True(float.IsNaN(Apply(T.Exp, float.NaN)));
    }

    [Fact]
    public void LogIsRightAlsoNearOne()
    {
        AssertRelative(2e-7, Geometric(1.2e-38f, 3e38f), T.Log, Math.Log);
        AssertRelative(2e-7, Linear(0.5f, 2f), T.Log, Math.Log);
        AssertRelative(2e-7, [1 - (1f / (1 << 24)), 1 + (1f / (1 << 23)), 0.999f, 1.001f], T.Log, Math.Log);
        Assert.Equal(0f, Apply(T.Log, 1f));
        Assert.Equal(float.NegativeInfinity, Apply(T.Log, 0f));
        Assert.Equal(float.PositiveInfinity, Apply(T.Log, float.PositiveInfinity));
        Assert.True(float.IsNaN(Apply(T.Log, -1f)));
        Assert.True(float.IsNaN(Apply(T.Log, float.NaN)));
    }

    [Fact]
    public void Log1pIsRightAlsoNearZero()
    {
        AssertRelative(3e-7, Linear(0f, 1f), T.Log1p, Log1p);
        AssertRelative(3e-7, Geometric(1e-37f, 1f), T.Log1p, Log1p);
        Assert.Equal(0f, Apply(T.Log1p, 0f));
        Assert.True(float.IsNaN(Apply(T.Log1p, float.NaN)));

        static double Log1p(double x) => F64.Log1p(new F64(x)).Value;
    }

    [Fact]
    public void SqrtIsRoundedCorrectly()
    {
        foreach (float x in Geometric(1e-45f, 3e38f))
            Assert.Equal((float)Math.Sqrt(x), Apply(T.Sqrt, x));
        Assert.Equal(float.PositiveInfinity, Apply(T.Sqrt, float.PositiveInfinity));
        Assert.True(float.IsNaN(Apply(T.Sqrt, -1f)));
        Assert.True(float.IsNaN(Apply(T.Sqrt, float.NaN)));
    }

    [Fact]
    public void TanhIsRightAlsoNearZeroAndWhereItsFormsMeet()
    {
        AssertRelative(5e-7, Linear(-12f, 12f), T.Tanh, Math.Tanh);
        AssertRelative(5e-7, Linear(0.34f, 0.36f), T.Tanh, Math.Tanh);
        AssertRelative(5e-7, Geometric(1e-37f, 1f), T.Tanh, Math.Tanh);
        Assert.Equal(1f, Apply(T.Tanh, float.PositiveInfinity));
        Assert.Equal(-1f, Apply(T.Tanh, float.NegativeInfinity));
        Assert.Equal(0f, Apply(T.Tanh, 0f));
        Assert.True(float.IsNaN(Apply(T.Tanh, float.NaN)));
    }

    [Fact]
    public void TanhIsOdd()
    {
        float[] x = Linear(0f, 9f);
        float[] positive = Map(T.Tanh, x), negative = Map(a => T.Tanh(-a), x);
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(0, positive[i] + negative[i], 2.5e-7);
    }

    [Fact]
    public void ArithmeticIsThatOfFloats()
    {
        foreach (float a in Specials)
        {
            foreach (float b in Specials)
            {
                Assert.Equal(a + b, Apply((x, y) => x + y, a, b));
                Assert.Equal(a - b, Apply((x, y) => x - y, a, b));
                Assert.Equal(a * b, Apply((x, y) => x * y, a, b));
                Assert.Equal(a / b, Apply((x, y) => x / y, a, b));
            }

            Assert.Equal(-a, Apply(x => -x, a));
            Assert.Equal(a, Apply(_ => T.Const(a), 7f));
        }
    }

    [Fact]
    public void MaxIsTheLargerOrTheSecondWhereEitherIsNaN()
    {
        foreach (float a in Specials)
        {
            foreach (float b in Specials)
                Assert.Equal(a > b ? a : b, Apply(T.Max, a, b));
        }
    }

    [Fact]
    public void SelectTakesTheFirstWhereTheConditionIsPositive()
    {
        foreach (float condition in Specials)
            Assert.Equal(condition > 0 ? 2f : 3f, Apply(c => T.Select(c, T.Const(2f), T.Const(3f)), condition));
        // An unselected infinity or NaN leaves no trace.
        Assert.Equal(2f, Apply(c => T.Select(c, T.Const(2f), T.Const(float.NaN)), 1f));
        Assert.Equal(3f, Apply(c => T.Select(c, T.Const(float.PositiveInfinity), T.Const(3f)), -1f));
    }

    [Fact]
    public void EveryElementGoesItsOwnWay()
    {
        // One and a half widths of alternating signs: no element may see its neighbour's.
        float[] x = [.. Enumerable.Range(0, 24).Select(i => (i % 3) - 1f)];
        Assert.Equal([.. x.Select(value => value > 0 ? 5f : -5f)], Map(a => T.Select(a, T.Const(5f), T.Const(-5f)), x));
    }

    [Fact]
    public void PartialLoadsAndStoresTouchNothingBeyond()
    {
        for (int count = 1; count <= T.Width + 3; count++)
        {
            int moved = Math.Min(count, T.Width);
            using var source = new GuardedArray(moved);
            using var target = new GuardedArray(moved);
            for (int i = 0; i < moved; i++)
                source.Span[i] = i + 1;
            var lane = T.Load(source.Pointer, count);
            // The rest is filled with zeros: the guard after the source is NaN and would spread into the sum.
            Assert.Equal(moved * (moved + 1) / 2.0, lane.Sum());
            lane.Store(target.Pointer, count);
            Assert.True(source.Span.SequenceEqual(target.Span));
            Assert.True(target.GuardsIntact(), $"a store of {count} elements wrote beyond them");
        }
    }

    [Fact]
    public void FullLoadsAndStoresMoveTheWidth()
    {
        using var source = GuardedArray.Normal(T.Width, 1);
        using var target = new GuardedArray(T.Width);
        T.Load(source.Pointer).Store(target.Pointer);
        Assert.True(source.Span.SequenceEqual(target.Span));
        Assert.True(target.GuardsIntact());
    }

    [Fact]
    public void SumIsInDoublePrecision()
    {
        using var source = new GuardedArray(T.Width, 1e-6f);
        source.Span[0] = 1f;
        Assert.Equal(1 + ((T.Width - 1) * (double)1e-6f), T.Load(source.Pointer).Sum(), 1e-15);
    }

    private static float Apply(Func<T, T> function, float x) => Map(function, [x])[0];

    private static float Apply(Func<T, T, T> function, float a, float b)
    {
        float value;
        function(T.Const(a), T.Const(b)).Store(&value, 1);
        return value;
    }

    private static float[] Map(Func<T, T> function, float[] x)
    {
        float[] y = new float[x.Length];
        fixed (float* from = x, to = y)
        {
            for (int i = 0; i < x.Length; i += T.Width)
                function(T.Load(from + i, x.Length - i)).Store(to + i, x.Length - i);
        }

        return y;
    }

    private static void AssertRelative(double tolerance, float[] x, Func<T, T> function, Func<double, double> exact)
    {
        float[] y = Map(function, x);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = exact(x[i]);
            bool close = Math.Abs(y[i] - expected) <= tolerance * Math.Abs(expected);
            if (!close)
                Assert.Fail($"f({x[i]:R}) = {y[i]:R} instead of {expected:R}: {(y[i] / expected) - 1:E2} off");
        }
    }

    private static float[] Linear(float low, float high) =>
        [.. Enumerable.Range(0, Samples + 1).Select(i => low + ((high - low) * i / Samples))];

    private static float[] Geometric(float low, float high) =>
        [.. Enumerable.Range(0, Samples + 1)
            .Select(i => (float)(low * Math.Pow((double)high / low, (double)i / Samples)))];
}

using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Sums over rows of equal length, in an order that depends on the sizes alone.</summary>
/// <remarks>
/// Loops run over whole lanes, and the rest of a row is done element by element: a loop that may meet a partial lane
/// measured slower throughout.
/// </remarks>
internal static unsafe class WeightedRows
{
    // Four rows at a time leave registers for their factors even if there are only sixteen.
    private const int Together = 4;

    /// <summary>to[j] = Σᵢ from[i·step + j] for j &lt; length, or += if <paramref name="accumulate"/>.</summary>
    public static void Sum<T>(float* to, bool accumulate, float* from, nint step, int rows, int length)
        where T : struct, ISimdLane<T>
    {
        int j = 0;
        for (; j <= length - T.Width; j += T.Width)
        {
            var sum = accumulate ? T.Load(to + j) : T.Const(0f);
            float* row = from + j;
            for (int i = 0; i < rows; i++, row += step)
                sum += T.Load(row);
            sum.Store(to + j);
        }

        if (j < length)
            Sum<F32>(to + j, accumulate, from + j, step, rows, length - j);
    }

    /// <summary>to[j] = Σᵢ factors[i·stride] · from[i·length + j], or += if <paramref name="accumulate"/>.</summary>
    public static void Add<T>(
        float* to, bool accumulate, float* from, float* factors, nint stride, int rows, int length)
        where T : struct, ISimdLane<T>
    {
        if (!accumulate)
            new Span<float>(to, length).Clear();
        int i = 0;
        for (; i + Together <= rows; i += Together)
            AddFour<T>(to, from + ((nint)i * length), length, factors + (i * stride), stride, length);
        for (; i < rows; i++)
            AddOne<T>(to, from + ((nint)i * length), factors[i * stride], length);
    }

    /// <summary>to[i] = Σⱼ from[i·length + j] · x[j]</summary>
    public static void Dot<T>(float* to, float* from, float* x, int rows, int length) where T : struct, ISimdLane<T>
    {
        int i = 0;
        for (; i + Together <= rows; i += Together)
            DotFour<T>(to + i, from + ((nint)i * length), x, length);
        for (; i < rows; i++)
            to[i] = (float)DotOne<T>(from + ((nint)i * length), x, length);
    }

    private static void AddFour<T>(float* to, float* from, nint step, float* factors, nint stride, int length)
        where T : struct, ISimdLane<T>
    {
        T f0 = T.Const(factors[0]), f1 = T.Const(factors[stride]);
        T f2 = T.Const(factors[2 * stride]), f3 = T.Const(factors[3 * stride]);
        float* row1 = from + step, row2 = row1 + step, row3 = row2 + step;
        int j = 0;
        for (; j <= length - T.Width; j += T.Width)
        {
            var sum = ((f0 * T.Load(from + j)) + (f1 * T.Load(row1 + j)))
                + ((f2 * T.Load(row2 + j)) + (f3 * T.Load(row3 + j)));
            (T.Load(to + j) + sum).Store(to + j);
        }

        if (j < length)
            AddFour<F32>(to + j, from + j, step, factors, stride, length - j);
    }

    private static void AddOne<T>(float* to, float* from, float factor, int length) where T : struct, ISimdLane<T>
    {
        var f = T.Const(factor);
        int j = 0;
        for (; j <= length - T.Width; j += T.Width)
            (T.Load(to + j) + (f * T.Load(from + j))).Store(to + j);
        if (j < length)
            AddOne<F32>(to + j, from + j, factor, length - j);
    }

    private static void DotFour<T>(float* to, float* from, float* x, int length) where T : struct, ISimdLane<T>
    {
        T sum0 = T.Const(0f), sum1 = sum0, sum2 = sum0, sum3 = sum0;
        float* row1 = from + length, row2 = row1 + length, row3 = row2 + length;
        int j = 0;
        for (; j <= length - T.Width; j += T.Width)
        {
            var value = T.Load(x + j);
            sum0 += T.Load(from + j) * value;
            sum1 += T.Load(row1 + j) * value;
            sum2 += T.Load(row2 + j) * value;
            sum3 += T.Load(row3 + j) * value;
        }

        int left = length - j;
        to[0] = (float)(sum0.Sum() + DotOne<F32>(from + j, x + j, left));
        to[1] = (float)(sum1.Sum() + DotOne<F32>(row1 + j, x + j, left));
        to[2] = (float)(sum2.Sum() + DotOne<F32>(row2 + j, x + j, left));
        to[3] = (float)(sum3.Sum() + DotOne<F32>(row3 + j, x + j, left));
    }

    private static double DotOne<T>(float* from, float* x, int length) where T : struct, ISimdLane<T>
    {
        var sum = T.Const(0f);
        int j = 0;
        for (; j <= length - T.Width; j += T.Width)
            sum += T.Load(from + j) * T.Load(x + j);
        double rest = j < length ? DotOne<F32>(from + j, x + j, length - j) : 0;
        return sum.Sum() + rest;
    }
}

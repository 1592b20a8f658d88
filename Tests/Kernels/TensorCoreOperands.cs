using Gqn.Native.Kernels.Random;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// Operands of a convolution, and its results by definition, in double precision, from operands rounded as tensor cores
/// see them.
/// </summary>
internal sealed class TensorCoreOperands
{
    private readonly Conv2dShape _shape;
    private readonly bool _bf16;

    public TensorCoreOperands(in Conv2dShape shape, bool bf16, uint purpose = 0)
    {
        (_shape, _bf16) = (shape, bf16);
        X = Normal(shape.N * shape.C * shape.H * shape.W, purpose + 1);
        W = Normal(
            shape.K * shape.C * shape.Kernel * shape.Kernel, purpose + 2,
            1 / MathF.Sqrt(shape.C * shape.Kernel * shape.Kernel));
        Dy = Normal(shape.N * shape.K * shape.OutH * shape.OutW, purpose + 3);
    }

    public float[] X { get; }

    public float[] W { get; }

    public float[] Dy { get; }

    /// <summary>Normal numbers that depend only on <paramref name="purpose"/> and the standard deviation.</summary>
    public static float[] Normal(int count, uint purpose, float deviation = 1)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = deviation * Philox.Normal(new PhiloxKey(78, purpose, 0), (uint)i);
        return values;
    }

    /// <summary>y += x ∗ w</summary>
    public void AddForward(double[] y)
    {
        double[] x = Rounded(X), w = Rounded(W);
        ForEachProduct((xi, wi, yi) => y[yi] += x[xi] * w[wi]);
    }

    /// <summary>dx and dw += the gradients</summary>
    public void AddGradients(double[] dx, double[] dw)
    {
        double[] x = Rounded(X), w = Rounded(W), dy = Rounded(Dy);
        ForEachProduct((xi, wi, yi) =>
        {
            dx[xi] += dy[yi] * w[wi];
            dw[wi] += dy[yi] * x[xi];
        });
    }

    /// <summary>11 bits of significand, ties away from zero, or 8, ties to even.</summary>
    public static double Round(float value, bool bf16)
    {
        if (value == 0)
            return 0;
        double unit = Math.ScaleB(1, Math.ILogB(value) - (bf16 ? 7 : 10));
        return unit * Math.Round(value / unit, bf16 ? MidpointRounding.ToEven : MidpointRounding.AwayFromZero);
    }

    /// <summary>The largest difference in units of the largest expected magnitude.</summary>
    public static double Error(ReadOnlySpan<float> actual, double[] expected)
    {
        double largest = 0, error = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double difference = Math.Abs(actual[i] - expected[i]);
            error = difference <= error ? error : difference;
            if (double.IsNaN(difference))
                return double.NaN;
        }

        return error / largest;
    }

    private double[] Rounded(float[] values) => Array.ConvertAll(values, v => Round(v, _bf16));

    private void ForEachProduct(Action<int, int, int> add)
    {
        var (n, c, h, w, k, kernel, stride) = _shape;
        for (int pixel = 0; pixel < n * _shape.OutH * _shape.OutW; pixel++)
        {
            int ox = pixel % _shape.OutW, line = pixel / _shape.OutW, oy = line % _shape.OutH, image = line / _shape.OutH;
            for (int tap = 0; tap < kernel * kernel; tap++)
            {
                int y = (oy * stride) + (tap / kernel) - _shape.Padding;
                int x = (ox * stride) + (tap % kernel) - _shape.Padding;
                if (y < 0 || y >= h || x < 0 || x >= w)
                    continue;
                for (int i = 0; i < c; i++)
                {
                    for (int j = 0; j < k; j++)
                    {
                        int weight = (int)_shape.WeightIndex(j, i, tap / kernel, tap % kernel);
                        add((((((image * h) + y) * w) + x) * c) + i, weight, (pixel * k) + j);
                    }
                }
            }
        }
    }
}

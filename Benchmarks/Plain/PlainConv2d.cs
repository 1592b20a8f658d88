using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>y = bias + w * x over pixels, channels innermost, weights as [tap][input][output].</summary>
internal unsafe struct PlainConv2d : IRowLoop
{
    public float* X, W, Y, Bias;
    public Conv2dShape Shape;

    /// <summary>Pixels of the result, the rows of the loop.</summary>
    public readonly int Rows => Shape.N * Shape.OutH * Shape.OutW;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        var (_, c, h, w, k, kernel, stride) = Shape;
        for (int pixel = first; pixel < end; pixel++)
        {
            int image = pixel / Shape.OutW / Shape.OutH, oy = pixel / Shape.OutW % Shape.OutH, ox = pixel % Shape.OutW;
            float* y = Y + ((long)pixel * k);
            for (int j = 0; j < k; j++)
                y[j] = Bias[j];
            for (int tap = 0; tap < kernel * kernel; tap++)
            {
                int iy = (oy * stride) + (tap / kernel) - Shape.Padding;
                int ix = (ox * stride) + (tap % kernel) - Shape.Padding;
                if (iy < 0 || iy >= h || ix < 0 || ix >= w)
                    continue;
                float* x = X + (((((long)image * h) + iy) * w) + ix) * c;
                for (int i = 0; i < c; i++)
                {
                    float* weights = W + ((((long)tap * c) + i) * k);
                    for (int j = 0; j < k; j++)
                        y[j] += x[i] * weights[j];
                }
            }
        }
    }
}

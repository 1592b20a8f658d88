using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// Random operands of a convolution, and its results by the definition: naive loops in double precision.
/// </summary>
internal sealed unsafe class Conv2dOperands(Conv2dShape shape) : IDisposable
{
    public GuardedArray X { get; } = GuardedArray.Normal((long)shape.N * shape.C * shape.H * shape.W, 1);

    // Scaled so that y has unit variance, where the activations are curved.
    public GuardedArray W { get; } = GuardedArray.Normal(
        (long)shape.K * shape.C * shape.Kernel * shape.Kernel, 2,
        1 / MathF.Sqrt(shape.C * shape.Kernel * shape.Kernel));

    public GuardedArray Dy { get; } = GuardedArray.Normal((long)shape.N * shape.K * shape.OutH * shape.OutW, 3);

    public GuardedArray Bias { get; } = GuardedArray.Normal(shape.K, 4);

    public double[] DefineForward(bool accumulate, bool bias)
    {
        double[] y = new double[Dy.Length];
        for (int i = 0; i < y.Length; i++)
            y[i] = (accumulate ? Dy.Pointer[i] : 0) + (bias ? Bias.Pointer[i % shape.K] : 0);
        ForEachProduct((xi, wi, yi) => y[yi] += (double)X.Pointer[xi] * W.Pointer[wi]);
        return y;
    }

    public (double[] Dx, double[] Dw) DefineGradients(bool accumulate)
    {
        double[] dx = new double[X.Length], dw = new double[W.Length];
        for (int i = 0; accumulate && i < dx.Length; i++)
            dx[i] = X.Pointer[i];
        for (int i = 0; accumulate && i < dw.Length; i++)
            dw[i] = W.Pointer[i];
        ForEachProduct((xi, wi, yi) =>
        {
            dx[xi] += (double)Dy.Pointer[yi] * W.Pointer[wi];
            dw[wi] += (double)Dy.Pointer[yi] * X.Pointer[xi];
        });
        return (dx, dw);
    }

    public Conv2dResults Run(CpuWorkspace workspace)
    {
        var results = new Conv2dResults(
            new GuardedArray(Dy.Length), new GuardedArray(X.Length), new GuardedArray(W.Length));
        RunInto(results, workspace);
        return results;
    }

    public void RunInto(Conv2dResults results, CpuWorkspace workspace)
    {
        DirectConv2d.Forward(workspace, results.Y.Pointer, null, X.Pointer, W.Pointer, null, shape, default(Identity));
        DirectConv2d.BackwardInput(workspace, results.Dx.Pointer, 0, Dy.Pointer, W.Pointer, shape);
        DirectConv2d.BackwardWeight(workspace, results.Dw.Pointer, 0, Dy.Pointer, X.Pointer, shape);
    }

    public void Dispose()
    {
        X.Dispose();
        W.Dispose();
        Dy.Dispose();
        Bias.Dispose();
    }

    private void ForEachProduct(Action<int, int, int> add)
    {
        var (n, c, h, w, k, kernel, stride) = shape;
        for (int pixel = 0; pixel < n * shape.OutH * shape.OutW; pixel++)
        {
            int image = pixel / shape.OutW / shape.OutH, oy = pixel / shape.OutW % shape.OutH, ox = pixel % shape.OutW;
            for (int tap = 0; tap < kernel * kernel; tap++)
            {
                int y = (oy * stride) + (tap / kernel) - shape.Padding;
                int x = (ox * stride) + (tap % kernel) - shape.Padding;
                if (y < 0 || y >= h || x < 0 || x >= w)
                    continue;
                for (int i = 0; i < c; i++)
                {
                    for (int j = 0; j < k; j++)
                    {
                        int weight = (int)shape.WeightIndex(j, i, tap / kernel, tap % kernel);
                        add((((((image * h) + y) * w) + x) * c) + i, weight, (pixel * k) + j);
                    }
                }
            }
        }
    }
}

/// <summary>The results of the three passes of a convolution.</summary>
internal sealed record Conv2dResults(GuardedArray Y, GuardedArray Dx, GuardedArray Dw) : IDisposable
{
    public bool SameBytesAs(Conv2dResults other) =>
        Y.Span.SequenceEqual(other.Y.Span)
            && Dx.Span.SequenceEqual(other.Dx.Span)
            && Dw.Span.SequenceEqual(other.Dw.Span);

    public void Dispose()
    {
        Y.Dispose();
        Dx.Dispose();
        Dw.Dispose();
    }
}

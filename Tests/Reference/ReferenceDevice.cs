using Gqn.Native.Engine;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Kernels.Shapes;
using GaussianLatentBody = Gqn.Native.Kernels.Pointwise.GaussianLatent;

namespace Gqn.Native.Tests.Reference;

/// <summary>Every primitive in double precision, by its plainest loop: the definition of what devices
/// compute.</summary>
/// <remarks>
/// Storage is as on every device: activations [N][H][W][C], convolution weights by
/// <see cref="Conv2dShape.WeightIndex"/>. With several axes, indices are spelled out from the logical coordinates, so
/// that a loop reads as its formula. Element-wise bodies are those of Kernels on the <see cref="F64"/> lane. The noise
/// ε is the constant float of <see cref="Philox.Normal"/>.
/// </remarks>
internal partial class ReferenceDevice : Device
{
    public override string Description => "reference, double precision";

    public override int ElementSize => sizeof(double);

    public override DeviceBuffer CreateBuffer(long count) => new Memory(this, count);

    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
        var memory = At(destination);
        for (int i = 0; i < memory.Length; i++)
            memory[i] = source[i];
    }

    public override void Download(Tensor source, Span<float> destination)
    {
        var memory = At(source);
        for (int i = 0; i < memory.Length; i++)
            destination[i] = (float)memory[i];
    }

    /// <summary>Host to device without rounding.</summary>
    public static void Write(Tensor destination, ReadOnlySpan<double> source) => source.CopyTo(At(destination));

    /// <summary>Device to host without rounding.</summary>
    public static double[] Read(Tensor source) => At(source).ToArray();

    public override void Fill(Tensor t, float value) => At(t).Fill(value);

    public override void Unary<TOp>(Tensor y, Tensor x, TOp op)
    {
        Span<double> to = At(y), from = At(x);
        for (int i = 0; i < to.Length; i++)
            to[i] = op.Forward(new F64(from[i])).Value;
    }

    public override void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op)
    {
        Span<double> to = At(dx), from = At(dy);
        // What the op does not save is NaN here, to expose a body that reads it all the same.
        for (int i = 0; i < to.Length; i++)
        {
            F64 input = new(TOp.Saves == Saves.Input ? At(x)[i] : double.NaN);
            F64 output = new(TOp.Saves == Saves.Output ? At(y)[i] : double.NaN);
            Accumulate(ref to[i], beta, from[i] * op.Derivative(input, output).Value);
        }
    }

    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op)
    {
        for (int i = 0; i < y.Shape.Count; i++)
            At(y)[i] = op.Forward(new F64(At(a)[i]), new F64(At(b)[i])).Value;
    }

    public override void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
    {
        for (int i = 0; i < da.Shape.Count; i++)
            Accumulate(ref At(da)[i], beta, At(dy)[i] * op.DerivativeA(new F64(At(a)[i]), new F64(At(b)[i])).Value);
    }

    public override void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
    {
        for (int i = 0; i < db.Shape.Count; i++)
            Accumulate(ref At(db)[i], beta, At(dy)[i] * op.DerivativeB(new F64(At(a)[i]), new F64(At(b)[i])).Value);
    }

    public override void Broadcast(Tensor y, float beta, Tensor x, float scale)
    {
        foreach (var (n, c, h, w) in Coordinates(y.Shape))
            Accumulate(ref Element(y, n, c, h, w), beta,
                scale * Element(x, Clip(n, x.Shape.N), Clip(c, x.Shape.C), Clip(h, x.Shape.H), Clip(w, x.Shape.W)));
    }

    public override void Sum(Tensor y, float beta, Tensor x, float scale)
    {
        double[] sums = new double[y.Shape.Count];
        foreach (var (n, c, h, w) in Coordinates(x.Shape))
        {
            int at = Index(y.Shape, Clip(n, y.Shape.N), Clip(c, y.Shape.C), Clip(h, y.Shape.H), Clip(w, y.Shape.W));
            sums[at] += Element(x, n, c, h, w);
        }

        for (int i = 0; i < sums.Length; i++)
            Accumulate(ref At(y)[i], beta, scale * sums[i]);
    }

    public override void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count)
    {
        foreach (var (n, c, h, w) in Coordinates(y.Shape with { C = count }))
            Accumulate(ref Element(y, n, yFirst + c, h, w), beta, Element(x, n, xFirst + c, h, w));
    }

    public override void DepthToSpace(Tensor y, Tensor x, int scale)
    {
        foreach (var (n, c, h, w) in Coordinates(y.Shape))
            Element(y, n, c, h, w) = Element(x, n, Depth(y.Shape.C, c, h, w, scale), h / scale, w / scale);
    }

    public override void SpaceToDepth(Tensor y, float beta, Tensor x, int scale)
    {
        foreach (var (n, c, h, w) in Coordinates(x.Shape))
            Accumulate(ref Element(y, n, Depth(x.Shape.C, c, h, w, scale), h / scale, w / scale), beta,
                Element(x, n, c, h, w));
    }

    public override void Gather(Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights)
    {
        int rows = y.Shape.H * y.Shape.W, entries = columns.Shape.H;
        for (int pixel = 0; pixel < y.Shape.N * rows; pixel++)
        {
            int image = pixel / rows, start = (int)At(starts)[pixel + image], end = (int)At(starts)[pixel + image + 1];
            for (int c = 0; c < y.Shape.C; c++)
            {
                double sum = 0;
                for (int e = (image * entries) + start; e < (image * entries) + end; e++)
                {
                    int source = (image * x.Shape.H * x.Shape.W) + (int)At(columns)[e];
                    sum += At(weights)[e] * At(x)[(source * x.Shape.C) + c];
                }

                Accumulate(ref At(y)[(pixel * y.Shape.C) + c], beta, sum);
            }
        }
    }

    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        int rows = (int)c.Shape.Pixels, columns = c.Shape.C, inner = transposeA ? (int)a.Shape.Pixels : a.Shape.C;
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = addend.Exists ? At(addend)[(i * columns) + j] : 0;
                for (int k = 0; k < inner; k++)
                    sum += At(a)[transposeA ? (k * rows) + i : (i * inner) + k]
                        * At(b)[transposeB ? (j * inner) + k : (k * columns) + j];
                At(c)[(i * columns) + j] = sum;
            }
        }
    }

    public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise)
    {
        int channels = z.Shape.C;
        foreach (var (n, c, h, w) in Coordinates(z.Shape))
        {
            var (sample, divergence) = GaussianLatentBody.Forward(
                new F64(Element(posterior, n, c, h, w)), new F64(Element(posterior, n, c + channels, h, w)),
                new F64(Element(prior, n, c, h, w)), new F64(Element(prior, n, c + channels, h, w)),
                new F64(Philox.Normal(noise.Key, (uint)Index(z.Shape, n, c, h, w))));
            Element(z, n, c, h, w) = sample.Value;
            if (kl.Exists)
                Element(kl, n, c, h, w) = divergence.Value;
        }
    }

    public override void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, Noise noise)
    {
        int channels = posterior.Shape.C / 2;
        var shape = posterior.Shape with { C = channels };
        foreach (var (n, c, h, w) in Coordinates(shape))
        {
            var (dMeanQ, dLogVarianceQ, dMeanP, dLogVarianceP) = GaussianLatentBody.Backward(
                new F64(Element(posterior, n, c, h, w)), new F64(Element(posterior, n, c + channels, h, w)),
                new F64(Element(prior, n, c, h, w)), new F64(Element(prior, n, c + channels, h, w)),
                new F64(Philox.Normal(noise.Key, (uint)Index(shape, n, c, h, w))),
                new F64(OrZero(dz, n, c, h, w)), new F64(OrZero(dKl, n, c, h, w)));
            if (dPosterior.Exists)
            {
                Accumulate(ref Element(dPosterior, n, c, h, w), betaQ, dMeanQ.Value);
                Accumulate(ref Element(dPosterior, n, c + channels, h, w), betaQ, dLogVarianceQ.Value);
            }

            if (dPrior.Exists)
            {
                Accumulate(ref Element(dPrior, n, c, h, w), betaP, dMeanP.Value);
                Accumulate(ref Element(dPrior, n, c + channels, h, w), betaP, dLogVarianceP.Value);
            }
        }
    }

    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step,
        Tensor squaredNorm, float clipNorm)
    {
        var norm = At(squaredNorm);
        if (!double.IsFinite(norm[0]))
            norm[1] = 1;
        if (norm[1] != 0)
            return;
        double length = Math.Sqrt(norm[0]), scale = clipNorm > 0 && length > clipNorm ? clipNorm / length : 1;
        for (int i = 0; i < values.Shape.Count; i++)
        {
            var (value, first, second) = step.Update(
                new F64(At(values)[i]), new F64(scale * At(gradients)[i]), new F64(At(firstMoments)[i]),
                new F64(At(secondMoments)[i]));
            (At(values)[i], At(firstMoments)[i], At(secondMoments)[i]) = (value.Value, first.Value, second.Value);
        }
    }

    public override void SumOfSquares(Tensor sum, Tensor x)
    {
        double total = 0;
        foreach (double value in At(x))
            total += value * value;
        At(sum)[0] = total;
    }

    private static Span<double> At(Tensor t) => ((Memory)t.Buffer).Values.AsSpan((int)t.Offset, (int)t.Shape.Count);

    private static int Index(Shape s, int n, int c, int h, int w) => (((((n * s.H) + h) * s.W) + w) * s.C) + c;

    private static ref double Element(Tensor t, int n, int c, int h, int w) => ref At(t)[Index(t.Shape, n, c, h, w)];

    private static double OrZero(Tensor t, int n, int c, int h, int w) => t.Exists ? Element(t, n, c, h, w) : 0;

    // beta 0 must not read: the old content may be anything, NaN included.
    private static void Accumulate(ref double target, float beta, double value) =>
        target = beta == 0 ? value : (beta * target) + value;

    // The block of pixels tap by tap, then the channels.
    private static int Depth(int channels, int c, int h, int w, int scale) =>
        ((((h % scale) * scale) + (w % scale)) * channels) + c;

    private static int Clip(int index, int length) => length == 1 ? 0 : index;

    private static IEnumerable<(int N, int C, int H, int W)> Coordinates(Shape s)
    {
        for (int n = 0; n < s.N; n++)
        {
            for (int h = 0; h < s.H; h++)
            {
                for (int w = 0; w < s.W; w++)
                {
                    for (int c = 0; c < s.C; c++)
                        yield return (n, c, h, w);
                }
            }
        }
    }

    private sealed class Memory : DeviceBuffer
    {
        private readonly ReferenceDevice _device;

        public Memory(ReferenceDevice device, long count)
            : base(count)
        {
            _device = device;
            device.BufferElements += count;
            Values = new double[count];
        }

        public double[] Values { get; private set; }

        protected override void Free()
        {
            _device.BufferElements -= Values.Length;
            Values = [];
        }
    }
}

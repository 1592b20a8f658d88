using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Sums of convolutions in Winograd's domain, against the definition in double precision.</summary>
public sealed unsafe class WinogradTests
{
    // Images, sides, kernel, outputs; channels of the terms.
    public static TheoryData<int, int, int, int, int, string> Sums => new()
    {
        { 1, 1, 1, 3, 16, "16" },
        { 2, 3, 7, 3, 33, "1,20" },
        { 3, 8, 8, 3, 64, "64,64,3" },
        { 1, 16, 12, 3, 70, "130" },
        { 1, 1, 1, 5, 16, "16" },
        { 2, 5, 2, 5, 6, "64" },
        { 8, 8, 8, 5, 256, "3,64,64" },
        { 2, 7, 9, 5, 80, "7,3,100,17" },
        { 1, 16, 16, 5, 40, "3,150,33" },
        { 70, 4, 4, 5, 20, "20" },
        { 40, 8, 8, 3, 33, "50" },
    };

    [Theory]
    [MemberData(nameof(Sums))]
    public void SumsAndGradientsAreThoseOfTheDefinition(
        int images, int height, int width, int kernel, int outputs, string channels)
    {
        using var sum = new Terms(new Conv2dShape(images, 1, height, width, outputs, kernel, 1), channels);
        foreach (var level in Enum.GetValues<SimdLevel>())
        {
            if (level > Simd.Level)
                continue;
            foreach (bool accumulate in new[] { false, true })
            {
                using var workspace = new CpuWorkspace(2, level);
                sum.Run(workspace, accumulate);
                Assert.All(sum.Errors(accumulate), error => Assert.InRange(error, 0, 1e-5));
            }
        }
    }

    [Fact]
    public void ThreadsDoNotShow()
    {
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3, 5 })
        {
            using var sum = new Terms(new Conv2dShape(9, 1, 8, 8, 70, 5, 1), "64,3,40");
            using var workspace = new CpuWorkspace(threads);
            sum.Run(workspace, accumulate: false);
            expected ??= sum.Results();
            Assert.Equal(expected, sum.Results());
        }
    }

    [Fact]
    public void ScratchIsWhatWasSaid()
    {
        using var sum = new Terms(new Conv2dShape(9, 1, 8, 8, 70, 5, 1), "64,3,40");
        using var workspace = new CpuWorkspace(2);
        sum.Run(workspace, accumulate: false);
        Assert.Equal(sum.Scratch(2).Bytes(2), workspace.ScratchBytes);
    }

    private sealed class Terms : IDisposable
    {
        private readonly Conv2dShape _shape;
        private readonly int[] _channels;
        private readonly GuardedArray _dy, _bias;
        private readonly GuardedArray[] _x, _w, _dx, _dw;
        private readonly GuardedArray _y;
        private readonly double[] _ySum;
        private readonly double[][] _dxSum, _dwSum;

        public Terms(Conv2dShape shape, string channels)
        {
            _shape = shape;
            _channels = [.. channels.Split(',').Select(int.Parse)];
            int taps = shape.Kernel * shape.Kernel;
            long pixels = (long)shape.N * shape.H * shape.W;
            float deviation = 1 / MathF.Sqrt(_channels.Sum() * taps);
            _x = [.. _channels.Select((c, i) => GuardedArray.Normal(pixels * c, (uint)(10 + i)))];
            _w = [.. _channels.Select((c, i) => GuardedArray.Normal((long)shape.K * c * taps, (uint)(50 + i), deviation))];
            _dx = [.. _x.Select(x => new GuardedArray(x.Length))];
            _dw = [.. _w.Select(w => new GuardedArray(w.Length))];
            _dy = GuardedArray.Normal(pixels * shape.K, 3);
            _y = new GuardedArray(_dy.Length);
            _bias = GuardedArray.Normal(shape.K, 4);
            _ySum = new double[_y.Length];
            _dxSum = [.. _x.Select(x => new double[x.Length])];
            _dwSum = [.. _w.Select(w => new double[w.Length])];
            for (int i = 0; i < _ySum.Length; i++)
                _ySum[i] = _bias.Pointer[i % _shape.K];
            for (int t = 0; t < _x.Length; t++)
                AddDefinition(_channels[t], _x[t], _w[t], _ySum, _dxSum[t], _dwSum[t]);
        }

        public void Run(CpuWorkspace workspace, bool accumulate)
        {
            var operands = Operands(accumulate);
            if (accumulate)
            {
                Copy(_dy, _y);
                for (int i = 0; i < _x.Length; i++)
                {
                    Copy(_x[i], _dx[i]);
                    Copy(_w[i], _dw[i]);
                }
            }

            Winograd.Forward(
                workspace, _y.Pointer, accumulate ? _y.Pointer : null, null, operands, _bias.Pointer, _shape,
                default(Identity));
            Winograd.Backward(workspace, operands, _dy.Pointer, _shape);
        }

        public ScratchSize Scratch(int threads) => ScratchSize.Max(
            Winograd.ForwardScratch(Operands(false), _shape, threads),
            Winograd.BackwardScratch(Operands(false), _shape, threads));

        public float[] Results() =>
            [.. _y.Span, .. _dx.SelectMany(dx => dx.Span.ToArray()), .. _dw.SelectMany(dw => dw.Span.ToArray())];

        public List<double> Errors(bool accumulate)
        {
            List<double> errors = [Error(_y, _ySum, accumulate ? _dy : null)];
            for (int t = 0; t < _x.Length; t++)
            {
                errors.Add(Error(_dx[t], _dxSum[t], accumulate ? _x[t] : null));
                errors.Add(Error(_dw[t], _dwSum[t], accumulate ? _w[t] : null));
            }

            return errors;
        }

        public void Dispose()
        {
            foreach (var array in new[] { _x, _w, _dx, _dw, [_dy, _y, _bias] }.SelectMany(array => array))
                array.Dispose();
        }

        private static double Error(GuardedArray actual, double[] sum, GuardedArray? old)
        {
            Assert.True(actual.GuardsIntact());
            return actual.ErrorAgainst([.. sum.Select((x, i) => x + (old is null ? 0 : old.Pointer[i]))]);
        }

        private static void Copy(GuardedArray from, GuardedArray to) => from.Span.CopyTo(to.Span);

        private Conv2dOperand[] Operands(bool accumulate)
        {
            var operands = new Conv2dOperand[_x.Length];
            for (int i = 0; i < operands.Length; i++)
            {
                operands[i] = new Conv2dOperand
                {
                    X = _x[i].Pointer,
                    W = _w[i].Pointer,
                    Dx = _dx[i].Pointer,
                    Dw = _dw[i].Pointer,
                    Channels = _channels[i],
                    Kernel = _shape.Kernel,
                    AddDx = accumulate,
                    AddDw = accumulate,
                };
            }

            return operands;
        }

        private void AddDefinition(
            int channels, GuardedArray x, GuardedArray w, double[] y, double[] dx, double[] dw)
        {
            int kernel = _shape.Kernel, taps = kernel * kernel, k = _shape.K;
            for (int pixel = 0; pixel < _shape.N * _shape.H * _shape.W; pixel++)
            {
                int image = pixel / _shape.W / _shape.H, oy = pixel / _shape.W % _shape.H, ox = pixel % _shape.W;
                for (int tap = 0; tap < taps; tap++)
                {
                    int iy = oy + (tap / kernel) - (kernel / 2), ix = ox + (tap % kernel) - (kernel / 2);
                    if (iy < 0 || iy >= _shape.H || ix < 0 || ix >= _shape.W)
                        continue;
                    int xi = ((((image * _shape.H) + iy) * _shape.W) + ix) * channels;
                    for (int c = 0; c < channels; c++)
                    {
                        for (int j = 0; j < k; j++)
                        {
                            int block = j / 32, columns = Math.Min(32, k - (32 * block));
                            int wi = (32 * block * channels * taps) + (((c * taps) + tap) * columns) + (j % 32);
                            int yi = (pixel * k) + j;
                            y[yi] += (double)x.Pointer[xi + c] * w.Pointer[wi];
                            dx[xi + c] += (double)_dy.Pointer[yi] * w.Pointer[wi];
                            dw[wi] += (double)_dy.Pointer[yi] * x.Pointer[xi + c];
                        }
                    }
                }
            }
        }
    }
}

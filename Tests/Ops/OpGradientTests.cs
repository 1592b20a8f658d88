using Gqn.Native.Kernels.Random;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Gradients in double precision against finite differences of the function values.</summary>
public sealed class OpGradientTests : IDisposable
{
    // The truncation error of a central difference is of order ε², its rounding error 1e-16/ε: both near 1e-10.
    private const double Epsilon = 1e-5;
    private const double Tolerance = 1e-7;

    private readonly ReferenceDevice _device = new();

    public static TheoryData<string> Rows => OpCatalog.Names;

    public static TheoryData<string> TinyRows => OpCatalog.TinyNames;

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public void GradientIsTheDirectionalDerivative(string name)
    {
        var row = OpCatalog.Find(name);
        double[][] inputs = OpRun.Inputs(row), outputs = OpRun.Forward(_device, row, inputs),
            weights = OpRun.Weights(row, outputs);
        OpRun.Poison(_device, [.. inputs.Select(x => x.Length), .. outputs.Select(y => y.Length)]);
        double[][] gradients = OpRun.Backward(_device, row, inputs, weights).Gradients;
        for (uint direction = 0; direction < 2; direction++)
        {
            double[][] u = [.. inputs.Select((x, i) =>
                Direction(row.Stream(200 + (10 * direction) + (uint)i), x.Length))];
            double analytic = 0, size = 0;
            for (int i = 0; i < u.Length; i++)
            {
                for (int j = 0; j < u[i].Length; j++)
                {
                    analytic += gradients[i][j] * u[i][j];
                    size += Math.Abs(gradients[i][j] * u[i][j]);
                }
            }

            double numeric = Difference(row, inputs, u, weights);
            // The terms of the scalar product have random signs: the root of their number scales a typical product.
            double scale = Math.Max(Math.Abs(analytic), size / Math.Sqrt(u.Sum(x => x.Length)));
            Assert.True(Math.Abs(analytic - numeric) <= Tolerance * scale,
                $"gradient {analytic:R}, difference {numeric:R}");
            // A single number may well be clipped by a ReLU.
            Assert.True(scale > 1e-3 || row.Operands[0].Shape.Count == 1,
                "the gradient vanishes, so that the row proves nothing");
        }
    }

    [Theory]
    [MemberData(nameof(TinyRows))]
    public void JacobianIsRightEntryByEntry(string name)
    {
        var row = OpCatalog.Find(name);
        double[][] inputs = OpRun.Inputs(row);
        // differences[i][j] holds the derivatives of all outputs with respect to element j of input i.
        double[][][][] differences =
            [.. inputs.Select(x => x.Select((_, j) => Difference(row, inputs, x, j)).ToArray())];
        double[][] weights = [.. OpRun.Forward(_device, row, inputs).Select(y => new double[y.Length])];
        for (int o = 0; o < weights.Length; o++)
        {
            for (int k = 0; k < weights[o].Length; k++)
            {
                weights[o][k] = 1;
                double[][] gradients = OpRun.Backward(_device, row, inputs, weights).Gradients;
                weights[o][k] = 0;
                for (int i = 0; i < inputs.Length; i++)
                {
                    for (int j = 0; j < inputs[i].Length; j++)
                    {
                        double analytic = gradients[i][j], numeric = differences[i][j][o][k];
                        bool close = Math.Abs(analytic - numeric) <= Tolerance * Math.Max(1, Math.Abs(numeric));
                        if (!close)
                            Assert.Fail($"d y{o}[{k}] / d x{i}[{j}]: gradient {analytic:R}, difference {numeric:R}");
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void ParametersGetTheGradientsOfLeaves(string name)
    {
        var row = OpCatalog.Find(name);
        double[][] inputs = OpRun.Inputs(row), weights = OpRun.Weights(row, OpRun.Forward(_device, row, inputs));
        Assert.Equal(OpRun.Backward(_device, row, inputs, weights).Gradients,
            OpRun.BackwardOfParameters(_device, row, inputs, weights));
        Assert.Equal(0, _device.Pool.Live);
    }

    private double Difference(OpCase row, double[][] inputs, double[][] direction, double[][] weights)
    {
        double[][] above = Shifted(Epsilon), below = Shifted(-Epsilon);
        double sum = 0;
        for (int o = 0; o < weights.Length; o++)
        {
            for (int k = 0; k < weights[o].Length; k++)
                sum += weights[o][k] * (above[o][k] - below[o][k]);
        }

        return sum / (2 * Epsilon);

        double[][] Shifted(double step) =>
            OpRun.Forward(_device, row,
                [.. inputs.Zip(direction, (x, u) => x.Zip(u, (value, change) => value + (step * change)).ToArray())]);
    }

    private double[][] Difference(OpCase row, double[][] inputs, double[] x, int element)
    {
        double value = x[element];
        x[element] = value + Epsilon;
        double[][] above = OpRun.Forward(_device, row, inputs);
        x[element] = value - Epsilon;
        double[][] below = OpRun.Forward(_device, row, inputs);
        x[element] = value;
        return [.. above.Zip(below, (up, down) => up.Zip(down, (a, b) => (a - b) / (2 * Epsilon)).ToArray())];
    }

    private static double[] Direction(uint stream, int length)
    {
        double[] direction = new double[length];
        for (int i = 0; i < length; i++)
            direction[i] = Philox.Normal(new PhiloxKey(31, stream, 0), (uint)i);
        return direction;
    }
}

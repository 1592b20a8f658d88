using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Model;

/// <summary>The gradient of −ELBO with respect to every parameter, in double, against central differences.</summary>
public sealed class WholeModelGradientTests
{
    public static TheoryData<string> Variants => TinyModels.VariantNames;

    [Theory]
    [MemberData(nameof(Variants))]
    public void GradientOfEveryParameterMatchesCentralDifferences(string variant) =>
        AssertGradients(TinyModels.Variants[variant], elbo => elbo.NegElbo);

    /// <summary>A layer below its free bits gets no gradient from its KL, one above does; the weight scales
    /// either.</summary>
    [Theory]
    [InlineData("tower", 0f, 0f)]
    [InlineData("tower", 0.3f, 0f)]
    [InlineData("tower", 1f, 1f)]
    [InlineData("tower", 0.6f, 1f)]
    [InlineData("shared", 0.6f, 1f)]
    public void GradientOfTheObjectiveMatchesCentralDifferences(string variant, float klWeight, float freeBits)
    {
        var options = TinyModels.Variants[variant];
        float bits = freeBits == 0f ? 0f : BetweenLayers(options);
        AssertGradients(options, elbo => elbo.Objective(klWeight, bits));
    }

    [Theory]
    [InlineData("tower")]
    [InlineData("shared")]
    public void ObjectiveCountsTheLargerOfKlAndFreeBitsOfEachLayer(string variant)
    {
        using var device = new ReferenceDevice();
        using var network = Disturbed(TinyModels.Variants[variant], device);
        using var tape = new Tape(device);
        float bits = BetweenLayers(TinyModels.Variants[variant]);
        var elbo = TinyModels.Loss(network, tape);
        double Read(Variable value) => ReferenceDevice.Read(value.Value)[0];
        double[] layers = [.. elbo.LayerKl.ToArray().Select(Read)];
        double bound = Read(elbo.NegElbo), nll = Read(elbo.Nll), kl = Read(elbo.Kl);
        Assert.Equal(kl, layers.Sum(), 1e-12);
        Assert.Equal(elbo.NegElbo, elbo.Objective(1f, 0f));
        Assert.Equal(nll + (0.25 * kl), Read(elbo.Objective(0.25f, 0f)), 1e-9);
        Assert.Equal(nll, Read(elbo.Objective(0f, 0f)), 1e-12);
        double counted = layers.Sum(layer => Math.Max(layer, bits));
        Assert.True(counted > kl && counted < layers.Length * (double)layers.Max());
        Assert.Equal(nll + counted, Read(elbo.Objective(1f, bits)), 1e-9);
        var objective = elbo.Objective(0.5f, bits);
        Assert.Equal(nll + (0.5 * counted), Read(objective), 1e-9);

        // The reported numbers survive backward, and are the bound.
        tape.Backward(objective);
        Assert.Equal((bound, nll, kl), (Read(elbo.NegElbo), Read(elbo.Nll), Read(elbo.Kl)));
        Assert.Equal(bound, nll + kl, 1e-12);
    }

    private static GenerativeQueryNetwork Disturbed(ModelOptions options, ReferenceDevice device)
    {
        var network = new GenerativeQueryNetwork(options, device, 3);
        double[] values = ReferenceDevice.Read(network.Parameters.Values);
        // Biases start at zero, where a ReLU may sit on its kink; the model itself does not need this noise.
        var random = new RandomStream(17, 0);
        for (int i = 0; i < values.Length; i++)
            values[i] += 0.05 * random.NextNormal();
        ReferenceDevice.Write(network.Parameters.Values, values);
        return network;
    }

    /// <summary>A number of nats between the least and the greatest KL of a layer.</summary>
    private static float BetweenLayers(ModelOptions options)
    {
        using var device = new ReferenceDevice();
        using var network = Disturbed(options, device);
        using var tape = new Tape(device);
        double[] layers =
            [.. TinyModels.Loss(network, tape).LayerKl.ToArray().Select(kl => ReferenceDevice.Read(kl.Value)[0])];
        Assert.True(layers.Max() - layers.Min() > 1e-3 * layers.Max());
        return (float)((layers.Max() + layers.Min()) / 2);
    }

    private static void AssertGradients(ModelOptions options, Func<Elbo, Variable> lossOf)
    {
        using var device = new ReferenceDevice();
        using var network = Disturbed(options, device);
        using var tape = new Tape(device);
        var random = new RandomStream(18, 0);
        double Loss()
        {
            double loss = ReferenceDevice.Read(lossOf(TinyModels.Loss(network, tape)).Value)[0];
            tape.Reset();
            return loss;
        }

        tape.Backward(lossOf(TinyModels.Loss(network, tape)));
        tape.Reset();
        network.Parameters.CompleteGradients();
        double total = 0;
        int hard = 0;
        foreach (var parameter in network.Parameters.Parameters)
        {
            double[] gradient = ReferenceDevice.Read(parameter.Gradient);
            double[] start = ReferenceDevice.Read(parameter.Value);
            double norm = Math.Sqrt(gradient.Sum(g => g * g));
            total += norm;
            // Along the gradient itself plus noise: the expected slope is far from zero, so a relative error is
            // meaningful.
            double[] direction =
            [
                .. gradient.Select(
                    g => (norm == 0 ? 0 : g / norm) + (0.3 * random.NextNormal() / Math.Sqrt(gradient.Length))),
            ];
            double expected = direction.Zip(gradient, (u, g) => u * g).Sum();
            double At(double step)
            {
                ReferenceDevice.Write(parameter.Value, [.. start.Zip(direction, (x, u) => x + (step * u))]);
                double loss = Loss();
                ReferenceDevice.Write(parameter.Value, start);
                return loss;
            }

            if (!IsSlope(parameter.ToString()!, expected, At))
                hard++;
        }

        Assert.InRange(hard, 0, 4);

        Assert.True(total > 1, "the gradients are all but zero: the comparison says nothing");
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ProcessorAgreesWithReference(string variant)
    {
        using var reference = new ReferenceDevice();
        using var cpu = new CpuDevice(2);
        var (expectedLoss, expected) = Gradients(reference, variant, tensor => ReferenceDevice.Read(tensor));
        var (loss, actual) = Gradients(cpu, variant, tensor =>
        {
            float[] values = new float[tensor.Shape.Count];
            cpu.Download(tensor, values);
            return [.. values.Select(value => (double)value)];
        });
        Assert.Equal(expectedLoss, loss, 1e-6 * Math.Abs(expectedLoss));
        double largest = expected.Values.Max(gradient => Math.Sqrt(gradient.Sum(g => g * g)));
        foreach (var (name, gradient) in expected)
        {
            double norm = Math.Sqrt(gradient.Sum(g => g * g));
            double distance = Math.Sqrt(gradient.Zip(actual[name], (a, b) => (a - b) * (a - b)).Sum());
            Assert.True(distance <= (2e-5 * norm) + (1e-7 * largest), $"{name}: differs by {distance} of {norm}");
        }
    }

    /// <summary>Fails if a number is not the slope of a function at 0; false if a simple difference does not show
    /// it.</summary>
    /// <remarks>
    /// The loss is a sum of some thousand numbers of about 500 in total: its differences are off by 1e-12, so small
    /// slopes need larger steps, and those need a formula of higher order. A step must not cross the kink of a ReLU. So
    /// one of several estimates has to agree, each to the same bound.
    /// </remarks>
    private static bool IsSlope(string what, double expected, Func<double, double> f)
    {
        double central = (f(1e-5) - f(-1e-5)) / 2e-5;
        if (IsClose(central))
            return true;
        double[] steps = [3e-5, 1e-4, 3e-4], slopes = Array.ConvertAll(steps, FourthOrder);
        string estimates = $"{what}: gradient {expected:R}, differences {central:R} and, of fourth order, "
            + string.Join(", ", steps.Zip(slopes, (step, slope) => $"{slope:R} over {step}"));
        TestContext.Current.TestOutputHelper?.WriteLine(estimates);
        Assert.True(Array.Exists(slopes, IsClose), estimates);
        return false;

        bool IsClose(double slope) => Math.Abs(slope - expected) <= (1e-6 * Math.Abs(expected)) + 2e-8;

        double FourthOrder(double step) =>
            ((8 * (f(step) - f(-step))) - (f(2 * step) - f(-2 * step))) / (12 * step);
    }

    private static (double Loss, Dictionary<string, double[]> Gradients) Gradients(
        Device device, string variant, Func<Engine.Tensor, double[]> read)
    {
        using var network = new GenerativeQueryNetwork(TinyModels.Variants[variant], device, 3);
        using var tape = new Tape(device);
        var elbo = TinyModels.Loss(network, tape);
        tape.Backward(elbo.NegElbo);
        double loss = read(elbo.NegElbo.Value)[0];
        tape.Reset();
        network.Parameters.CompleteGradients();
        return (loss, network.Parameters.Parameters.ToDictionary(p => p.Name, p => read(p.Gradient)));
    }
}

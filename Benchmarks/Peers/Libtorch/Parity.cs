using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>
/// Compares loss, every gradient and Adam's updates with libtorch's, for every variant of the network.
/// </summary>
/// <remarks>
/// Both engines compute in float32 from the same weights, images, cameras and noise; each derives rays and places from
/// the cameras itself, the twin in float64. The error of a tensor is |ours − libtorch's| / |libtorch's|, in Euclidean
/// norms. If a tensor's norm is below <see cref="TinyNorm"/> times that of all tensors together, this floor is the
/// divisor instead: weights whose input is zero in the first layer have a zero gradient, as do those of the inference
/// network without a posterior. Each engine rounds in its own order, which the layers amplify to about 1e-6.
/// </remarks>
internal static class Parity
{
    private const double Tolerance = 1e-4, TinyNorm = 1e-6, LearningRate = 1e-3;
    private const float Sigma = 0.7f;
    private const uint NoiseStream = 1, BiasStream = 2;
    private const ulong Seed = 20180615;

    /// <summary>Prints a line per variant and number of contexts; true if all are within the tolerance.</summary>
    /// <param name="preset">The configuration that the variants start from.</param>
    /// <param name="threads">Threads of both engines.</param>
    public static bool Run(string preset, int threads)
    {
        var configuration = Presets.Create(preset);
        torch.set_num_threads(threads);
        using var device = new CpuDevice(threads);
        Console.WriteLine(
            $"preset {preset}, {device.Description}; libtorch {torch.__version__}; "
            + $"float32, relative errors up to {Tolerance:0e-0}");
        Console.WriteLine(
            $"{"variant",-36} M {"loss",11} {"error",7} {"tensors",7} {"tiny",4} "
            + $"{"gradient",8} {"Adam",7}  worst gradient");
        bool passed = true;
        foreach (var (name, change, prior) in ParityVariant.All)
        {
            var options = (configuration with { Model = change(configuration.Model) }).WithScenes().Model;
            foreach (int contexts in (int[])[1, 3])
            {
                using var batch = new RandomBatch(options, configuration.Training.Batch, contexts, Seed);
                var (loss, lossError, gradient, update) = Compare(options, device, batch, prior);
                bool good = lossError <= Tolerance && gradient.Error <= Tolerance && update.Error <= Tolerance;
                passed &= good;
                Console.WriteLine(
                    $"{name,-36} {contexts} {loss,11:F5} {lossError,7:0.0e-0} {gradient.Tensors,7} {gradient.Tiny,4} "
                    + $"{gradient.Error,8:0.0e-0} {update.Error,7:0.0e-0}  {gradient.Name}"
                    + (good ? string.Empty : "  FAILED"));
            }
        }

        Console.WriteLine(passed ? "All agree." : "Some differ.");
        return passed;
    }

    private static (double Loss, double LossError, Difference Gradient, Difference Update) Compare(
        ModelOptions options, Device device, RandomBatch batch, bool prior)
    {
        using var scope = torch.NewDisposeScope();
        using var network = new GenerativeQueryNetwork(options, device, Seed);
        var store = network.Parameters;
        RandomizeBiases(store);
        using var twin = new TwinNetwork(network);

        using var tape = new Tape(device);
        using var adam = new Adam(store);
        using var step = new TrainingStep(network, tape, adam, new RandomStream(Seed, NoiseStream));
        var elbo = step.Forward(batch.Inputs(tape, Sigma, LearningRate, prior));
        step.Backward();
        double loss = elbo.NegElbo.Item();
        tape.Reset();
        store.CompleteGradients();
        var noise = TwinNetwork.DrawNoise(options, batch.Scenes, new RandomStream(Seed, NoiseStream));
        var twinLoss = prior ? twin.PriorNegElbo(batch, Sigma, noise) : twin.NegElbo(batch, Sigma, noise);
        twinLoss.backward();
        twin.Weights.CompleteGradients();
        double expected = twinLoss.item<float>();

        var gradients = ReadAll(store, store.Gradients);
        float[][] theirs = [.. store.Parameters.Select(parameter => ToArray(twin.Weights.Gradient(parameter)))];
        double lossError = Math.Abs(loss - expected) / Math.Abs(expected);
        return (loss, lossError, Compare(store, gradients, theirs), CompareAdam(store, twin.Weights, gradients));
    }

    /// <summary>
    /// Two updates: one from the same gradients, one from none. Adam's first step does not depend on the decays, its
    /// second step does.
    /// </summary>
    private static Difference CompareAdam(ParameterStore store, TwinWeights twin, float[][] gradients)
    {
        var before = ReadAll(store, store.Values);
        using (var adam = new Adam(store))
        {
            adam.Step(LearningRate);
            adam.Step(LearningRate);
        }

        var constants = new AdamOptions();
        using var twinAdam = torch.optim.Adam(
            twin.All, LearningRate, constants.Beta1, constants.Beta2, constants.Epsilon);
        foreach (var (parameter, values) in store.Parameters.Zip(gradients))
        {
            var gradient = twin.Gradient(parameter);
            gradient.copy_(torch.tensor(values).reshape(gradient.shape));
        }

        twinAdam.step();
        foreach (var weight in twin.All)
            weight.grad!.zero_();
        twinAdam.step();
        float[][] theirs = [.. store.Parameters.Select(parameter => ToArray(twin.Value(parameter)))];
        return Compare(store, Subtract(ReadAll(store, store.Values), before), Subtract(theirs, before));
    }

    /// <summary>New biases are zero or one, where a missing term would not show.</summary>
    private static void RandomizeBiases(ParameterStore store)
    {
        var random = new RandomStream(Seed, BiasStream);
        foreach (var bias in store.Parameters)
        {
            if (!bias.Name.EndsWith(".bias", StringComparison.Ordinal))
                continue;
            float[] values = Read(store, store.Values, bias);
            for (int i = 0; i < values.Length; i++)
                values[i] += 0.1f * random.NextNormal();
            store.Write(bias, values);
        }
    }

    private static Difference Compare(ParameterStore store, float[][] ours, float[][] theirs)
    {
        double floor = TinyNorm * Norm(theirs.SelectMany(values => values));
        var worst = new Difference(-1, string.Empty, ours.Length, 0);
        for (int i = 0; i < ours.Length; i++)
        {
            double norm = Norm(theirs[i]);
            double error = Norm(ours[i].Zip(theirs[i], (a, b) => a - b)) / Math.Max(norm, floor);
            if (norm < floor)
                worst = worst with { Tiny = worst.Tiny + 1 };
            // Written so that a NaN error is the worst of all.
            if (!(error <= worst.Error))
                worst = worst with { Error = error, Name = store.Parameters[i].Name };
            if (double.IsNaN(error))
                break;
        }

        return worst;
    }

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static float[][] Subtract(float[][] a, float[][] b) =>
        [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p - q).ToArray())];

    private static float[][] ReadAll(ParameterStore store, Tensor arena) =>
        [.. store.Parameters.Select(parameter => Read(store, arena, parameter))];

    private static float[] Read(ParameterStore store, Tensor arena, Parameter parameter)
    {
        float[] logical = new float[parameter.Shape.Count];
        store.Read(arena, parameter, logical);
        return logical;
    }

    private static float[] ToArray(torch.Tensor part) => part.detach().contiguous().data<float>().ToArray();

    /// <summary>The worst tensor of a comparison.</summary>
    /// <param name="Error">Its relative error.</param>
    /// <param name="Name">The parameter's name.</param>
    /// <param name="Tensors">How many were compared.</param>
    /// <param name="Tiny">How many had a norm below the floor.</param>
    private sealed record Difference(double Error, string Name, int Tensors, int Tiny);
}

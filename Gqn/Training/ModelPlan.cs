using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Training;

/// <summary>What a training step of a configuration costs, found by running it on a device without memory.</summary>
/// <param name="Parameters">Trained numbers.</param>
/// <param name="ForwardMultiplyAccumulates">Of the forward pass of one step, padding taps counted.</param>
/// <param name="StepMultiplyAccumulates">Of the whole step.</param>
/// <param name="TrainingBytes">Peak device memory of training: weights, their average, gradients, moments,
/// activations, kernel workspace.</param>
/// <param name="WeightBytes">Device memory of the weights alone.</param>
public sealed record ModelPlan(
    long Parameters, long ForwardMultiplyAccumulates, long StepMultiplyAccumulates, long TrainingBytes,
    long WeightBytes)
{
    /// <summary>The plan of a configuration: the work of a step with the most contexts that training draws, and the
    /// memory of steps with all numbers of them.</summary>
    /// <param name="configuration">The run.</param>
    /// <param name="threads">Processor threads, each of which has a workspace; 0 for one per processor.</param>
    /// <exception cref="OptionException">The configuration is impossible.</exception>
    /// <exception cref="Gqn.Native.Data.DatasetException">Where the scenes are cannot be read from their files.</exception>
    public static ModelPlan Create(RunConfiguration configuration, int threads)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        configuration.Validate();
        configuration = configuration.WithScenes();
        using var device = new PlanningDevice(threads == 0 ? Environment.ProcessorCount : threads);
        using var network = new GenerativeQueryNetwork(configuration.Model, device, configuration.Training.Seed);
        long weightBytes = device.AllocatedBytes;
        using var adam = new Adam(network.Parameters, configuration.Training.Adam);
        using var average = configuration.Training.CreateAverage(network.Parameters);
        using var tape = new Tape(device);
        var step = new TrainingStep(network, tape, adam, new RandomStream(0, 0), average);
        // Other steps need buffers of other sizes, which stay in the pool beside these. The last is the one to count.
        long before = 0;
        for (int contexts = 1; contexts <= configuration.Training.MaxContexts; contexts++)
        {
            if (configuration.Training.PosteriorEvery > 1)
                step.Run(Inputs(configuration, tape, contexts, posterior: false), read: false);
            before = device.MultiplyAccumulates;
            step.Run(Inputs(configuration, tape, contexts, posterior: true), read: false);
        }

        long whole = device.MultiplyAccumulates - before, bytes = device.AllocatedBytes;
        step.Forward(Inputs(configuration, tape, configuration.Training.MaxContexts, posterior: true));
        long forward = device.MultiplyAccumulates - before - whole;
        return new ModelPlan(network.Parameters.Count, forward, whole, bytes, weightBytes);
    }

    private static StepInputs Inputs(RunConfiguration configuration, Tape tape, int contexts, bool posterior)
    {
        var geometry = ViewGeometry.Of(configuration.Model);
        int scenes = configuration.Training.Batch, images = scenes * contexts;
        return new StepInputs(
            Images(images), Upload(images, geometry?.CreateContexts(images, gradients: true)), Images(scenes),
            Upload(scenes, geometry?.CreateQueries(scenes, gradients: true)), contexts)
        {
            Sigma = 1f,
            LearningRate = 0,
            HasPosterior = posterior,
        };

        Variable Images(int count) => tape.Constant(configuration.Model.ImageShape(count), 0f);

        Views Upload(int count, ViewArrays? arrays) =>
            Views.Upload(tape, new float[count * ModelOptions.ViewpointDimensions], arrays);
    }
}

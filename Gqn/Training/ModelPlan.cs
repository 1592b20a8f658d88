using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Training;

/// <summary>The cost of a configuration's training step, found by running it on a device without memory.</summary>
/// <param name="Parameters">The number of trained parameters.</param>
/// <param name="ForwardMultiplyAccumulates">Multiply-accumulates of a forward pass, padding taps included.</param>
/// <param name="StepMultiplyAccumulates">Multiply-accumulates of a whole step.</param>
/// <param name="TrainingBytes">Peak device memory of training: weights, their average, gradients, moments,
/// activations, kernel workspace.</param>
/// <param name="WeightBytes">Device memory of the weights alone.</param>
public sealed record ModelPlan(
    long Parameters, long ForwardMultiplyAccumulates, long StepMultiplyAccumulates, long TrainingBytes,
    long WeightBytes)
{
    /// <summary>Plans a configuration: the work of a step with the maximum number of contexts, and the memory for steps
    /// with all numbers of contexts.</summary>
    /// <param name="configuration">The configuration of the run.</param>
    /// <param name="threads">The number of processor threads, each with a workspace; 0 for one per processor.</param>
    /// <exception cref="OptionException">The configuration is invalid.</exception>
    /// <exception cref="Gqn.Native.Data.DatasetException">The files of the scenes cannot be read.</exception>
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
        using var step = new TrainingStep(network, tape, adam, new RandomStream(0, 0), average);
        // Other steps need buffers of other sizes, which also stay in the pool. The last one's work is counted.
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

using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>A trained model on which experiments are made, and its held-out scenes.</summary>
/// <remarks>Scenes and noise are functions of the seed; with the seed of the run they are those of
/// <see cref="Evaluator"/>.</remarks>
public sealed class ExperimentSubject : IDisposable
{
    private static readonly int[] ReportedContexts = [1, 2, 3, 5];

    private readonly TrainedModel _model;
    private readonly Tape _tape;
    private readonly CameraEncoder _cameras;

    /// <summary>Prepares a model.</summary>
    /// <param name="model">The model; it remains the caller's.</param>
    /// <param name="device">The device of the model.</param>
    /// <param name="name">The model's name, for reports.</param>
    /// <param name="seed">Determines scenes and noise; null for the run's own seed.</param>
    /// <param name="run">The folder of the run; null for a file of weights.</param>
    public ExperimentSubject(
        TrainedModel model, Device device, string name, ulong? seed = null, RunDirectory? run = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, Name, Run) = (model, name, run);
        Training = model.Configuration.Training with { Seed = seed ?? model.Configuration.Training.Seed };
        _tape = new Tape(device) { Recording = false };
        _cameras = new CameraEncoder(model.Configuration.Model);
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>The folder of the run; null for a file of weights.</summary>
    public RunDirectory? Run { get; }

    /// <summary>The training options of the run, with the seed of the experiment.</summary>
    public TrainingOptions Training { get; }

    /// <summary>The seed of the experiment.</summary>
    public ulong Seed => Training.Seed;

    /// <summary>The seed with which the run was trained.</summary>
    public ulong RunSeed => _model.Configuration.Training.Seed;

    /// <summary>The network.</summary>
    public GenerativeQueryNetwork Network => _model.Network;

    /// <summary>Height and width of the images, in pixels.</summary>
    public int ImageSize => Network.Options.ImageSize;

    /// <summary>The numbers in an image.</summary>
    public int ImageLength => Network.Options.ImageLength;

    /// <summary>The largest number of scenes that are computed at a time: no more than in training, so that they fit
    /// the memory if training did.</summary>
    public int PartSize => Training.Batch;

    /// <summary>The numbers of contexts to report: those of 1, 2, 3 and 5 that occurred in training.</summary>
    public int[] ContextCounts => [.. ReportedContexts.Where(count => count <= Training.MaxContexts)];

    /// <summary>The description of the model in results.</summary>
    internal MeasuredModel Measured =>
        new(Name, _model.Step, _model.Weights, Training.SceneName, ImageSize);

    /// <summary>Held-out scenes with contexts and one query each, a part at a time.</summary>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    internal IEnumerable<SceneBatch> HeldOut(int count, int contexts) => SceneBatches.EvaluationParts(
        Training.OpenScenes(SceneSplit.Test), ImageSize, count, contexts, Seed, Network.Options.ViewpointOrder,
        withVisibility: false, PartSize);

    /// <summary>The mean of training images.</summary>
    internal float[] MeanTrainingImage() => Baselines.MeanImage(SceneBatches.EvaluationBatch(
        Training.OpenScenes(SceneSplit.Train), ImageSize, Baselines.MeanImageScenes, 1, Seed,
        Network.Options.ViewpointOrder));

    /// <summary>Requires an inference network.</summary>
    /// <exception cref="OptionException">There is none.</exception>
    internal void RequireInference(string experiment)
    {
        if (!Network.CanInfer)
        {
            throw new OptionException(
                $"'{experiment}' needs the inference network, which {Name} was stored without: name the folder of a "
                + "run with --run, or a file that 'gqn export' wrote without --without-inference.");
        }
    }

    /// <summary>Requires that models were trained with at least two contexts.</summary>
    /// <exception cref="OptionException">It was trained with one alone.</exception>
    internal void RequireSeveralContexts(string experiment)
    {
        if (Training.MaxContexts < 2)
        {
            throw new OptionException(
                $"'{experiment}' compares numbers of contexts, and {Name} was trained with one context alone: name a "
                + "model of a run with training.maxContexts of at least 2.");
        }
    }

    /// <summary>Shows the model the first contexts of each scene of a batch and asks it for the queries.</summary>
    internal ShownScenes Show(SceneBatch batch, int contexts)
    {
        float[] images = new float[batch.Scenes * contexts * ImageLength];
        var cameras = new Camera[batch.Scenes * contexts];
        for (int scene = 0; scene < batch.Scenes; scene++)
        {
            int first = scene * batch.Contexts;
            batch.ContextImages.AsSpan(first * ImageLength, contexts * ImageLength)
                .CopyTo(images.AsSpan(scene * contexts * ImageLength));
            batch.ContextCameras.AsSpan(first, contexts).CopyTo(cameras.AsSpan(scene * contexts));
        }

        return Show(images, cameras, contexts, batch.QueryCameras, batch.QueryImages);
    }

    /// <summary>Shows the model contexts and asks it for queries.</summary>
    /// <param name="images">The context images, those of a scene adjacent.</param>
    /// <param name="cameras">Their cameras.</param>
    /// <param name="contexts">M, context images per scene.</param>
    /// <param name="queries">The camera of the query of each scene.</param>
    /// <param name="truth">The true query images, for inference; empty to predict only.</param>
    internal ShownScenes Show(
        ReadOnlySpan<float> images, ReadOnlySpan<Camera> cameras, int contexts, ReadOnlySpan<Camera> queries,
        ReadOnlySpan<float> truth = default)
    {
        var representation = Network.Represent(
            _tape.Constant(Network.Options.ImageShape(cameras.Length), images), _cameras.Contexts(_tape, cameras),
            contexts);
        return new ShownScenes(
            Network, _tape, representation, _cameras.Queries(_tape, queries),
            truth.IsEmpty ? default : _tape.Constant(Network.Options.ImageShape(queries.Length), truth));
    }

    /// <summary>The noise of a sample for the scenes from number <paramref name="first"/> on.</summary>
    internal RandomStream Noise(uint sample, int first) => Evaluator.Noise(Seed, sample, first);

    /// <inheritdoc />
    public void Dispose() => _tape.Dispose();
}

/// <summary>Scenes of which a model was shown contexts; until disposed, it can be asked for their queries.</summary>
internal sealed class ShownScenes(
    GenerativeQueryNetwork network, Tape tape, Variable representation, Views queries, Variable truth) : IDisposable
{
    private int Length => network.Options.ImageLength * Scenes;

    private int Scenes => representation.Shape.N;

    /// <summary>The mean images of a prior sample per query.</summary>
    public float[] Generate(RandomStream noise) => Download(network.Generate(representation, queries, noise));

    /// <summary>A prediction per query: the mean image of a prior sample, clipped to [0, 1].</summary>
    public float[] Predict(RandomStream noise)
    {
        float[] images = Generate(noise);
        foreach (ref float value in images.AsSpan())
            value = Math.Clamp(value, 0f, 1f);
        return images;
    }

    /// <summary>One posterior sample per query.</summary>
    /// <returns>KL(posterior ‖ prior) of each scene in nats, and the mean images.</returns>
    public (float[] Kl, float[] Images) Infer(RandomStream noise)
    {
        var (kl, mean) = network.Infer(representation, queries, truth, noise);
        float[] perScene = new float[Scenes];
        kl.Download(perScene);
        tape.Release(kl);
        return (perScene, Download(mean));
    }

    /// <inheritdoc />
    public void Dispose() => tape.Reset();

    private float[] Download(Variable mean)
    {
        float[] images = new float[Length];
        mean.Download(images);
        tape.Release(mean);
        return images;
    }
}

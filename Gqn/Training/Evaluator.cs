using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Evaluates a model on held-out scenes.</summary>
/// <remarks>
/// Scenes, queries and noise are functions of the seed alone: training and the eval command give the same results. A
/// larger set of contexts of a scene includes the smaller ones; the query is never among them.
/// </remarks>
public sealed class Evaluator : IDisposable
{
    /// <summary>σ at which the bound is measured, the paper's final value.</summary>
    public const double Sigma = 0.7;

    /// <summary>K, the number of prior samples per query.</summary>
    public const int Samples = 16;

    private const uint NoiseStream = 0x4576616C;
    private readonly GenerativeQueryNetwork _network;
    private readonly SceneSource _heldOut;
    private readonly RunConfiguration _configuration;
    private readonly Tape _tape;
    private readonly int _imageLength;
    private readonly CameraEncoder _cameras;

    /// <summary>Creates an evaluator for one network.</summary>
    /// <param name="network">The network to evaluate.</param>
    /// <param name="device">The device of the network's parameters.</param>
    /// <param name="configuration">The configuration of the run: scenes, seed, sizes.</param>
    /// <exception cref="IOException">The data set is missing or damaged.</exception>
    public Evaluator(GenerativeQueryNetwork network, Device device, RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(configuration);
        _network = network;
        _configuration = configuration;
        _heldOut = configuration.Training.OpenScenes(SceneSplit.Test);
        _tape = new Tape(device) { Recording = false };
        _imageLength = network.Options.ImageLength;
        _cameras = new CameraEncoder(network.Options);
    }

    /// <summary>Held-out scenes with <paramref name="contexts"/> context views and one query each.</summary>
    /// <exception cref="OptionException">A scene has too few views.</exception>
    public SceneBatch HeldOut(int count, int contexts) => Scenes(_heldOut, count, contexts);

    /// <summary><see cref="Samples"/> prior samples of all queries.</summary>
    public PredictionSamples Sample(SceneBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var samples = new PredictionSamples(batch.QueryImages.Length, Samples);
        ForEachPart(batch, samples.First, (part, _) => Sample(part, samples));
        return samples;
    }

    /// <summary>Predicts all queries, with one prior sample each, clipped to [0, 1].</summary>
    /// <param name="batch">Scenes with contexts and queries.</param>
    /// <param name="images">Receives the predictions of all query images.</param>
    /// <param name="sample">The number of the sample; equal numbers give equal noise.</param>
    public void Predict(SceneBatch batch, Span<float> images, uint sample) =>
        ForEachPart(batch, images, (part, target) =>
            Download(_network.Generate(part.Representation, part.QueryViews, Noise(sample, part.First)), target));

    /// <summary>Reconstructs all queries, with one posterior sample each, clipped to [0, 1].</summary>
    public void Reconstruct(SceneBatch batch, Span<float> images) =>
        ForEachPart(batch, images, (part, target) => Download(
            _network.Reconstruct(part.Representation, part.QueryViews, part.QueryImages, Noise(0, part.First)),
            target));

    /// <summary>Runs the whole evaluation.</summary>
    /// <param name="contexts">The numbers of contexts to evaluate.</param>
    /// <param name="count">The number of held-out scenes.</param>
    /// <param name="step">The number of updates of the weights, for the report.</param>
    /// <param name="cancellation">Requests a stop before the next number of contexts.</param>
    /// <exception cref="OptionException">A scene has too few views.</exception>
    /// <exception cref="OperationCanceledException">The evaluation was cancelled.</exception>
    public EvaluationReport Evaluate(
        IReadOnlyList<int> contexts, int count, long step, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        float[] meanImage = Baselines.MeanImage(
            Scenes(_configuration.Training.OpenScenes(SceneSplit.Train), Baselines.MeanImageScenes, 1));
        var queries = HeldOut(count, 1);
        float[] repeated = new float[queries.QueryImages.Length];
        for (int i = 0; i < count; i++)
            meanImage.CopyTo(repeated.AsSpan(i * _imageLength));
        var meanQuality = Quality(repeated, queries);
        return new EvaluationReport(
            _heldOut.Name, step, count, Sigma, Samples, meanQuality, [.. contexts.Select(m =>
            {
                cancellation.ThrowIfCancellationRequested();
                return EvaluateContexts(count, m);
            })]);
    }

    /// <summary>
    /// The default numbers of contexts: those of 1, 3 and 5 that occur in training.
    /// </summary>
    /// <param name="most">K, the maximum number of contexts in training.</param>
    public static int[] UsualContexts(int most) => [.. new[] { 1, 3, 5 }.Where(m => m <= most)];

    /// <inheritdoc />
    public void Dispose() => _tape.Dispose();

    private ContextEvaluation EvaluateContexts(int count, int contexts)
    {
        var batch = Scenes(_heldOut, count, contexts, withVisibility: true);
        float[] images = new float[batch.QueryImages.Length];
        var samples = new PredictionSamples(images.Length, Samples);
        double kl = 0, excess = 0;
        ForEachPart(batch, images, (part, target) =>
        {
            Sample(part, samples);
            if (!_network.CanInfer)
                return;
            var elbo = _network.EstimateElbo(
                part.Representation, part.QueryViews, part.QueryImages, (float)Sigma, Noise(0, part.First));
            Download(elbo.Mean, target);
            kl += (double)elbo.Kl.Item() * part.Count;
            excess += (elbo.NegElbo.Item() - Elbo.Floor(_network.Options.ImageSize, Sigma)) * part.Count;
        });
        ImageQuality? reconstruction = _network.CanInfer ? Quality(images, batch) : null;
        Baselines.NearestViews(batch, contexts, images);
        var hidden = At(PixelVisibility.Hidden, batch, samples);
        var visible = At(PixelVisibility.Visible, batch, samples);
        return new ContextEvaluation(
            contexts, Quality(samples.First, batch), Quality(samples.Mean, batch), samples.MeanVariance, hidden,
            visible, visible is { SampleVariance: > 0 } ? hidden?.SampleVariance / visible.SampleVariance : null,
            reconstruction, Quality(images, batch), _network.CanInfer ? kl / count : null,
            _network.CanInfer ? excess / count : null);
    }

    /// <summary>Draws the samples of a part in turn from one representation.</summary>
    private void Sample(Part part, PredictionSamples samples)
    {
        float[] images = new float[part.Count * _imageLength];
        for (int number = 0; number < samples.Count; number++)
        {
            var mean = _network.Generate(part.Representation, part.QueryViews, Noise((uint)number, part.First));
            Download(mean, images);
            _tape.Release(mean);
            samples.Add(number, part.First * _imageLength, images);
        }
    }

    private static PixelEvaluation? At(PixelVisibility kind, SceneBatch batch, PredictionSamples samples) =>
        batch.QueryVisibility is { } pixels
            ? PixelEvaluation.Of(pixels, kind, samples, batch.QueryImages, batch.QueryParts)
            : null;

    private SceneBatch Scenes(SceneSource source, int count, int contexts, bool withVisibility = false)
    {
        if (contexts < 1 || contexts >= source.ViewsPerScene)
        {
            throw new OptionException(
                $"{Quantity.Of(contexts, "context")}: a scene of {source.Name} has {source.ViewsPerScene} views "
                + $"and one is the query, so from 1 to {source.ViewsPerScene - 1} are possible.");
        }

        return SceneBatches.EvaluationBatch(
            source, _network.Options.ImageSize, count, contexts, _configuration.Training.Seed,
            _network.Options.ViewpointOrder, withVisibility);
    }

    private ImageQuality Quality(float[] images, SceneBatch batch)
    {
        float[] truth = batch.QueryImages;
        int size = _network.Options.ImageSize, count = truth.Length / _imageLength;
        double absolute = 0, similarity = 0;
        for (int i = 0; i < count; i++)
        {
            var a = images.AsSpan(i * _imageLength, _imageLength);
            var b = truth.AsSpan(i * _imageLength, _imageLength);
            absolute += ImageMetrics.MeanAbsoluteError(a, b);
            if (size >= ImageMetrics.WindowSize)
                similarity += ImageMetrics.StructuralSimilarity(a, b, size, size, ModelOptions.ImageChannels);
        }

        // PSNR over all pixels of all images; a mean over images would be dominated by the easiest ones.
        return new ImageQuality(
            ImageMetrics.MeanSquaredError(images, truth), ImageMetrics.RootMeanSquaredError(images, truth),
            absolute / count, ImageMetrics.PeakSignalToNoise(images, truth), similarity / count,
            batch.QueryParts is { } parts ? ImageMetrics.ObjectMeanSquaredError(images, truth, parts) : null);
    }

    private delegate void PartAction(Part part, Span<float> images);

    private void ForEachPart(SceneBatch batch, Span<float> images, PartAction action)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int contexts = batch.Contexts;
        // No more scenes at a time than in training, so that evaluation fits the memory if training did.
        int partSize = _configuration.Training.Batch;
        for (int first = 0; first < batch.Scenes; first += partSize)
        {
            int count = Math.Min(partSize, batch.Scenes - first);
            var contextImages = _tape.Constant(
                _network.Options.ImageShape(count * contexts),
                batch.ContextImages.AsSpan(first * contexts * _imageLength, count * contexts * _imageLength));
            var contextViews = _cameras.Contexts(
                _tape, batch.ContextCameras.AsSpan(first * contexts, count * contexts));
            var part = new Part(
                first, count, _network.Represent(contextImages, contextViews, contexts),
                _cameras.Queries(_tape, batch.QueryCameras.AsSpan(first, count)),
                _tape.Constant(
                    _network.Options.ImageShape(count),
                    batch.QueryImages.AsSpan(first * _imageLength, count * _imageLength)));
            action(part, images.Slice(first * _imageLength, count * _imageLength));
            _tape.Reset();
        }
    }

    /// <summary>The noise of a sample for the queries from number <paramref name="first"/> on.</summary>
    internal static RandomStream Noise(ulong seed, uint sample, int first) =>
        new(seed, NoiseStream) { Position = (sample << 20) + ((uint)first << 6) };

    private RandomStream Noise(uint sample, int first) => Noise(_configuration.Training.Seed, sample, first);

    private static void Download(Variable mean, Span<float> target)
    {
        mean.Download(target);
        foreach (ref float value in target)
            value = Math.Clamp(value, 0f, 1f);
    }

    private readonly record struct Part(
        int First, int Count, Variable Representation, Views QueryViews, Variable QueryImages);
}

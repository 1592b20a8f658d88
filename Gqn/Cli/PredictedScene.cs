using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>A scene of which a model was shown some views, and what it predicts of others.</summary>
internal sealed class PredictedScene
{
    private readonly TrainedModel _model;
    private readonly RgbImage[] _contexts;
    private readonly SceneRepresentation _representation;
    private readonly int _size, _samples;
    private readonly CancellationToken _cancellation;

    /// <summary>Shows a model some views.</summary>
    /// <param name="model">The model.</param>
    /// <param name="contexts">The views, of the model's size.</param>
    /// <param name="cameras">Their cameras.</param>
    /// <param name="samples">The number of predictions of a view, at least 1.</param>
    /// <param name="cancellation">Requests a stop before the next prediction.</param>
    public PredictedScene(
        TrainedModel model, RgbImage[] contexts, Camera[] cameras, int samples, CancellationToken cancellation)
    {
        (_model, _contexts, _samples, _cancellation) = (model, contexts, samples, cancellation);
        _size = model.Configuration.Model.ImageSize;
        _representation = model.Represent(contexts, cameras);
    }

    /// <summary>Renders the true image of a camera; null if the scene is not known.</summary>
    public Func<Camera, RgbImage>? Photograph { get; init; }

    private IEnumerable<string> ContextLabels => Enumerable.Range(1, _contexts.Length).Select(m => $"context {m}");

    private string PredictionLabel => _samples == 1 ? "predicted" : $"mean of {_samples}";

    private IEnumerable<string> SampleLabels =>
        Enumerable.Range(1, _samples == 1 ? 0 : _samples).Select(sample => $"sample {sample}");

    /// <summary>Shows a model the first views of a scene.</summary>
    /// <param name="model">The model.</param>
    /// <param name="scene">The scene.</param>
    /// <param name="contexts">The number of views to show; at least one more is left.</param>
    /// <param name="samples">The number of predictions of a view, at least 1.</param>
    /// <param name="cancellation">Requests a stop before the next prediction.</param>
    /// <exception cref="OptionException">The scene has too few views.</exception>
    public static PredictedScene Of(
        TrainedModel model, HeldOutScene scene, int contexts, int samples, CancellationToken cancellation)
    {
        int views = scene.Cameras.Length;
        if (contexts >= views)
        {
            throw new OptionException(
                $"--contexts {contexts}: a scene of {scene.Source} has {Quantity.Of(views, "view")} and one is the query, "
                + $"so at most {views - 1} are possible.");
        }

        return new PredictedScene(
            model, [.. Enumerable.Range(0, contexts).Select(scene.View)], scene.Cameras[..contexts], samples,
            cancellation)
        {
            Photograph = scene.CanBePhotographed ? scene.Photograph : null,
        };
    }

    /// <summary>A question for this scene: what does this camera see?</summary>
    public Question Ask(Camera camera) => new(this, camera, Photograph?.Invoke(camera));

    /// <summary>Draws a row for each question: contexts, the truth if any is known, mean prediction and its
    /// samples.</summary>
    /// <param name="questions">At least one; their scenes have the same number of contexts and samples.</param>
    public static RgbImage DrawRows(IReadOnlyList<Question> questions)
    {
        var first = questions[0].Scene;
        bool hasTruth = questions.Any(question => question.Truth is not null);
        string[] truth = hasTruth ? ["truth"] : [];
        var sheet = new ContactSheet(
            [.. first.ContextLabels, .. truth, first.PredictionLabel, .. first.SampleLabels], first._size, first._size);
        foreach (var (scene, camera, image) in questions)
        {
            var samples = scene.Samples(camera);
            var apart = samples.Length == 1 ? [] : samples;
            ReadOnlyMemory<float>[] known = hasTruth ? [image is null ? default : Values(image)] : [];
            sheet.AddRow([.. scene._contexts.Select(Values), .. known, Mean(samples), .. apart]);
        }

        return sheet.Render();
    }

    /// <summary>Draws a path from left to right: the truth, if known, above the predictions.</summary>
    public RgbImage DrawStrip(Camera[] path)
    {
        string[] labels = [.. Enumerable.Range(1, path.Length).Select(view => $"view {view}")];
        var sheet = new ContactSheet(labels, _size, _size);
        if (Photograph is { } photograph)
            sheet.AddRow([.. path.Select(camera => Values(photograph(camera)))]);
        sheet.AddRow([.. path.Select(Predict)]);
        return sheet.Render();
    }

    /// <summary>Draws a path as frames, each with the contexts, the truth if known, and the prediction.</summary>
    public List<RgbImage> DrawFrames(Camera[] path)
    {
        var frames = new List<RgbImage>();
        foreach (var camera in path)
        {
            string[] truth = Photograph is null ? [] : ["truth"];
            var sheet = new ContactSheet([.. ContextLabels, .. truth, PredictionLabel], _size, _size);
            ReadOnlyMemory<float>[] photograph = Photograph is null ? [] : [Values(Photograph(camera))];
            sheet.AddRow([.. _contexts.Select(Values), .. photograph, Predict(camera)]);
            frames.Add(sheet.Render());
        }

        return frames;
    }

    /// <summary>The mean of the samples of one view.</summary>
    private ReadOnlyMemory<float> Predict(Camera camera) => Mean(Samples(camera));

    private ReadOnlyMemory<float>[] Samples(Camera camera)
    {
        var samples = new ReadOnlyMemory<float>[_samples];
        for (int sample = 0; sample < _samples; sample++)
        {
            _cancellation.ThrowIfCancellationRequested();
            samples[sample] = Values(_model.Render(_representation, camera, (uint)sample));
        }

        return samples;
    }

    private static ReadOnlyMemory<float> Mean(ReadOnlyMemory<float>[] pictures)
    {
        float[] mean = new float[pictures[0].Length];
        foreach (var picture in pictures)
        {
            for (int i = 0; i < mean.Length; i++)
                mean[i] += picture.Span[i] / pictures.Length;
        }

        return mean;
    }

    private static ReadOnlyMemory<float> Values(RgbImage image)
    {
        float[] values = new float[image.Bytes.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = image.Bytes[i] / 255f;
        return values;
    }
}

/// <summary>A view that a model is asked to predict.</summary>
/// <param name="Scene">The scene.</param>
/// <param name="Camera">The camera of the view.</param>
/// <param name="Truth">The true image; null if it is not known.</param>
internal readonly record struct Question(PredictedScene Scene, Camera Camera, RgbImage? Truth);

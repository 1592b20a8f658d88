using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn render</c>: draws a trained model's predictions of held-out scenes.</summary>
internal static class RenderCommand
{
    private const int DefaultScenes = 4, DefaultContexts = 3, DefaultSamples = 4, MaxViews = 360, MaxSamples = 64;
    private static readonly TimeSpan FrameDelay = TimeSpan.FromMilliseconds(120);

    public static Command Create(Terminal terminal)
    {
        var name = CommandOptions.Model();
        var scene = CommandOptions.Whole(
            "--scene", $"Number of a held-out scene [default: the first {DefaultScenes}, in an orbit 0]",
            0UL, ulong.MaxValue);
        var contexts = CommandOptions.Positive(
            "--contexts", $"Views that the model is shown [default: {DefaultContexts}, or fewer as in training]");
        var samples = CommandOptions.Whole(
            "--samples", $"Predictions to draw and to average [default: {DefaultSamples}]", 1, MaxSamples);
        var orbit = CommandOptions.Whole(
            "--orbit", "This many views on a circle round the object, beside the truth [default: one view]",
            2, MaxViews);
        var output = CommandOptions.OutputFile(
            "--out", "The picture: .png, or .gif for an animated orbit [default: the model's name, here]");
        var weights = CommandOptions.Weights();
        var data = CommandOptions.MovedData();
        var devices = new DeviceOptions();
        var command = new Command("render", "Draw what a trained model predicts of held-out scenes, beside the truth.")
        {
            name, scene, contexts, samples, orbit, output, weights, data,
        };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            int? views = parsed.GetValue(orbit);
            string path = parsed.GetValue(output) ?? UsualPath(parsed.GetValue(name)!, views);
            bool animated = IsAnimated(path, views);
            using var device = devices.Open(parsed);
            using var model = RunFiles.OpenModel(parsed.GetValue(name)!, device, parsed.GetValue(weights));
            int most = model.Configuration.Training.MaxContexts;
            var training = RunFiles.FindData(model.Configuration, parsed.GetValue(data)).Training;
            int size = model.Configuration.Model.ImageSize;
            var scenes = parsed.GetValue(scene) is null && views is null
                ? HeldOutScene.OpenFirst(training, DefaultScenes, size)
                : [HeldOutScene.Open(training, parsed.GetValue(scene) ?? 0, size)];
            Subject[] subjects = [.. scenes.Select(held => new Subject(
                model, held, parsed.GetValue(contexts) ?? Math.Min(DefaultContexts, most),
                parsed.GetValue(samples) ?? DefaultSamples, cancellation))];
            if (animated)
                Gif.Write(path, subjects[0].DrawFrames(views!.Value), FrameDelay);
            else
                Png.Write(path, views is { } count ? subjects[0].DrawStrip(count) : Subject.DrawRows(subjects));
            string legend = views is null || animated || !subjects[0].CanBePhotographed
                ? string.Empty
                : ": the truth above, predictions below";
            terminal.WriteField("picture", path + legend);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    /// <summary>The model's name in the current folder: a .gif for an orbit, else a .png.</summary>
    internal static string UsualPath(string model, int? views)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        if (name.EndsWith(WeightsFile.Extension, StringComparison.Ordinal))
            name = name[..^WeightsFile.Extension.Length];
        return name + (views is null ? ".png" : ".gif");
    }

    private static bool IsAnimated(string path, int? views)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return (extension, views) switch
        {
            (".png", _) => false,
            (".gif", not null) => true,
            (".gif", null) => throw new OptionException(
                $"--out {path}: an animation needs --orbit N; a single view goes to a .png file."),
            _ => throw new OptionException($"--out {path}: only .png and, for an orbit, .gif can be written."),
        };
    }

    /// <summary>A held-out scene, some views of which were shown to a model.</summary>
    private sealed class Subject
    {
        private readonly TrainedModel _model;
        private readonly HeldOutScene _scene;
        private readonly RgbImage[] _contexts;
        private readonly SceneRepresentation _representation;
        private readonly int _size, _samples;
        private readonly CancellationToken _cancellation;

        public Subject(
            TrainedModel model, HeldOutScene scene, int contexts, int samples, CancellationToken cancellation)
        {
            _model = model;
            _scene = scene;
            _samples = samples;
            _cancellation = cancellation;
            _size = model.Configuration.Model.ImageSize;
            int views = scene.Cameras.Length;
            if (contexts >= views)
            {
                throw new OptionException(
                    $"--contexts {contexts}: a scene of {scene.Source} has {Quantity.Of(views, "view")} and one is the query, "
                    + $"so at most {views - 1} are possible.");
            }

            Query = scene.Cameras[contexts];
            Truth = Values(scene.View(contexts));
            _contexts = [.. Enumerable.Range(0, contexts).Select(scene.View)];
            _representation = model.Represent(_contexts, scene.Cameras[..contexts]);
        }

        /// <summary>Whether the true image is known for every camera.</summary>
        public bool CanBePhotographed => _scene.CanBePhotographed;

        private Camera Query { get; }

        private ReadOnlyMemory<float> Truth { get; }

        private IEnumerable<string> ContextLabels =>
            Enumerable.Range(1, _contexts.Length).Select(m => $"context {m}");

        private string PredictionLabel => _samples == 1 ? "predicted" : $"mean of {_samples}";

        private IEnumerable<string> SampleLabels =>
            Enumerable.Range(1, _samples == 1 ? 0 : _samples).Select(sample => $"sample {sample}");

        /// <summary>Draws one row per scene: contexts, truth, mean prediction and its samples.</summary>
        public static RgbImage DrawRows(Subject[] subjects)
        {
            var first = subjects[0];
            string[] labels = [.. first.ContextLabels, "truth", first.PredictionLabel, .. first.SampleLabels];
            var sheet = new ContactSheet(labels, first._size, first._size);
            foreach (var subject in subjects)
            {
                var samples = subject.Samples(subject.Query);
                var apart = samples.Length == 1 ? [] : samples;
                sheet.AddRow([.. subject._contexts.Select(Values), subject.Truth, Mean(samples), .. apart]);
            }

            return sheet.Render();
        }

        /// <summary>Draws an orbit from left to right: the truth, if known, above the predictions.</summary>
        public RgbImage DrawStrip(int count)
        {
            var cameras = Orbit.Cameras(Query, count);
            string[] angles = [.. Enumerable.Range(0, count).Select(i => $"{Math.Round(360.0 * i / count)} deg")];
            var sheet = new ContactSheet(angles, _size, _size);
            if (CanBePhotographed)
                sheet.AddRow([.. cameras.Select(Photograph)]);
            sheet.AddRow([.. cameras.Select(Predict)]);
            return sheet.Render();
        }

        /// <summary>Draws an orbit as frames, each with the contexts, the truth if known, and the prediction.</summary>
        public List<RgbImage> DrawFrames(int count)
        {
            var frames = new List<RgbImage>();
            foreach (var camera in Orbit.Cameras(Query, count))
            {
                string[] truth = CanBePhotographed ? ["truth"] : [];
                var sheet = new ContactSheet([.. ContextLabels, .. truth, PredictionLabel], _size, _size);
                ReadOnlyMemory<float>[] photograph = CanBePhotographed ? [Photograph(camera)] : [];
                sheet.AddRow([.. _contexts.Select(Values), .. photograph, Predict(camera)]);
                frames.Add(sheet.Render());
            }

            return frames;
        }

        private ReadOnlyMemory<float> Photograph(Camera camera) => Values(_scene.Photograph(camera));

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
}

using System.Text.Json;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

public sealed class EvaluatorTests
{
    private const int Scenes = 6, Contexts = 3;

    /// <summary>All four answers, against sums over the pixels of the scenes, computed afresh.</summary>
    [Fact]
    public void ObjectErrorsAreThoseOfThePixelsThatShowObjects()
    {
        using var device = new CpuDevice(1);
        var configuration = TrainerTests.Configuration("training.scenes=shepard-metzler-5");
        using var network = new GenerativeQueryNetwork(configuration.Model, device, seed: 5);
        using var evaluator = new Evaluator(network, device, configuration);
        var report = evaluator.Evaluate([Contexts], Scenes, step: 0, CancellationToken.None);

        var batch = evaluator.HeldOut(Scenes, Contexts);
        float[] predictions = new float[batch.QueryImages.Length], reconstructions = new float[predictions.Length];
        evaluator.Predict(batch, predictions, 0);
        evaluator.Reconstruct(batch, reconstructions);
        var environment = Environments.Create(configuration.Training.Scenes);
        var training = SceneBatches.EvaluationBatch(
            environment, SceneSplit.Train, batch.ImageSize, 512, 1, configuration.Training.Seed);
        int length = predictions.Length / Scenes;

        double prediction = 0, reconstruction = 0, nearest = 0, mean = 0;
        int values = 0;
        for (int b = 0; b < Scenes; b++)
        {
            var scene = environment.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            var query = CameraOf(scene, batch.QueryViews.AsSpan(b * 7, 7));
            var answer = Enumerable.Range(b * Contexts, Contexts)
                .Select(m => CameraOf(scene, batch.ContextViews.AsSpan(m * 7, 7)))
                .MinBy(camera => Math.Pow(camera.X - query.X, 2) + Math.Pow(camera.Y - query.Y, 2)
                    + Math.Pow(camera.Z - query.Z, 2));
            byte[] truth = new byte[length], parts = new byte[length / 3];
            scene.Render(query, batch.ImageSize, truth, parts);
            var shown = scene.Render(answer, batch.ImageSize);
            for (int i = 0; i < length; i++)
            {
                if (parts[i / 3] == 0)
                    continue;
                double wanted = truth[i] / 255.0, average = 0;
                for (int t = 0; t < 512; t++)
                    average += training.QueryImages[(t * length) + i] / 512.0;
                prediction += Math.Pow(predictions[(b * length) + i] - wanted, 2);
                reconstruction += Math.Pow(reconstructions[(b * length) + i] - wanted, 2);
                nearest += Math.Pow((shown.Bytes[i] / 255.0) - wanted, 2);
                mean += Math.Pow(average - wanted, 2);
                values++;
            }
        }

        var entry = Assert.Single(report.Contexts);
        Assert.InRange(values, Scenes * 30, Scenes * length / 2);
        AssertClose(prediction / values, entry.Prediction);
        AssertClose(reconstruction / values, entry.Reconstruction!.Value);
        AssertClose(nearest / values, entry.NearestView);
        AssertClose(mean / values, report.MeanImage);
        using var json = JsonDocument.Parse(report.ToJson());
        var written = json.RootElement.GetProperty("contexts")[0].GetProperty("prediction");
        Assert.Equal(
            entry.Prediction.ObjectMeanSquaredError, written.GetProperty("objectMeanSquaredError").GetDouble());
    }

    /// <summary>Sixteen predictions of each query, made one by one, with sums over them by definition.</summary>
    [Theory]
    [InlineData("shepard-metzler-5")]
    [InlineData("mazes")]
    public void ErrorsOfOneSampleAndOfTheMeanAndTheSpreadAreThoseOfTheSamples(string scenes)
    {
        using var device = new CpuDevice(1);
        var configuration = TrainerTests.Configuration($"training.scenes={scenes}");
        using var network = new GenerativeQueryNetwork(configuration.Model, device, seed: 5);
        MakePriorsVary(network, device);
        using var evaluator = new Evaluator(network, device, configuration);
        var report = evaluator.Evaluate([1, Contexts], Scenes, 0, TestContext.Current.CancellationToken);
        Assert.Equal(16, report.Samples);
        for (int entry = 0; entry < 2; entry++)
        {
            int contexts = entry == 0 ? 1 : Contexts;
            var batch = SceneBatches.EvaluationBatch(
                new RenderedScenes(Environments.Create(scenes), SceneSplit.Test), network.Options.ImageSize, Scenes,
                contexts, configuration.Training.Seed, withVisibility: true);
            Assert.NotNull(batch.QueryVisibility);
            float[][] samples = [.. Enumerable.Range(0, 16).Select(k => Predicted(evaluator, batch, (uint)k))];
            AssertEntry(report.Contexts[entry], samples, batch);
        }

        using var json = JsonDocument.Parse(report.ToJson());
        var written = json.RootElement.GetProperty("contexts")[1];
        Assert.Equal(
            report.Contexts[1].Hidden!.SampleVariance,
            written.GetProperty("hidden").GetProperty("sampleVariance").GetDouble());
        Assert.Equal(
            report.Contexts[1].MeanOfSamples.MeanSquaredError,
            written.GetProperty("meanOfSamples").GetProperty("meanSquaredError").GetDouble());
        Assert.Equal(
            report.Contexts[1].HiddenToVisibleVariance, written.GetProperty("hiddenToVisibleVariance").GetDouble());
    }

    [Fact]
    public void WhereNobodyKnowsWhatIsSeenThePixelsAreNotToldApart()
    {
        using var folder = new TemporaryFolder();
        var known = SceneRecord.Render(
            Environments.Create("rooms-ring"), SceneSplit.Test, 0, 16, FrameFormat.Png);
        foreach (var split in Enum.GetValues<SceneSplit>())
            new GqnDatasetWriter(folder.Path, "foreign", split, 1).WriteFile(0, [new(known.Frames, known.Cameras)]);
        using var device = new CpuDevice(1);
        var configuration = TrainerTests.Configuration($"training.data={folder.Path}", "dataset=foreign");
        using var network = new GenerativeQueryNetwork(configuration.Model, device, seed: 5);
        using var evaluator = new Evaluator(network, device, configuration);
        var report = evaluator.Evaluate([2], 2, 0, TestContext.Current.CancellationToken);
        var entry = Assert.Single(report.Contexts);
        Assert.Equal((null, null, null), (entry.Hidden, entry.Visible, entry.HiddenToVisibleVariance));
        Assert.True(entry.MeanOfSamples.MeanSquaredError > 0);
        Assert.Contains("\"hidden\": null", report.ToJson(), StringComparison.Ordinal);
    }

    private static float[] Predicted(Evaluator evaluator, SceneBatch batch, uint sample)
    {
        float[] images = new float[batch.QueryImages.Length];
        evaluator.Predict(batch, images, sample);
        return images;
    }

    /// <summary>Initial priors are practically equal; larger heads make images that differ.</summary>
    private static void MakePriorsVary(GenerativeQueryNetwork network, CpuDevice device)
    {
        var heads = network.Parameters.Parameters.Where(
            parameter => parameter.Name.StartsWith("prior", StringComparison.Ordinal)
                || parameter.Name.EndsWith("weight.latent", StringComparison.Ordinal));
        foreach (var parameter in heads)
        {
            float[] values = new float[parameter.Shape.Count];
            device.Download(parameter.Value, values);
            device.Upload([.. values.Select(value => value * 8)], parameter.Value);
        }
    }

    private static void AssertEntry(ContextEvaluation entry, float[][] samples, SceneBatch batch)
    {
        float[] truth = batch.QueryImages;
        double[] mean = new double[truth.Length], variance = new double[truth.Length];
        for (int i = 0; i < truth.Length; i++)
        {
            mean[i] = samples.Average(sample => (double)sample[i]);
            variance[i] = samples.Sum(sample => Math.Pow(sample[i] - mean[i], 2)) / 15;
        }

        double[] one = [.. truth.Select((wanted, i) => Math.Pow(samples[0][i] - wanted, 2))];
        double[] ofMean = [.. truth.Select((wanted, i) => Math.Pow(mean[i] - wanted, 2))];
        Assert.Equal(one.Average(), entry.Prediction.MeanSquaredError, 1e-6 * one.Average());
        Assert.Equal(ofMean.Average(), entry.MeanOfSamples.MeanSquaredError, 1e-5 * ofMean.Average());
        Assert.Equal(variance.Average(), entry.SampleVariance, 1e-4 * variance.Average());
        Assert.True(entry.SampleVariance > 1e-6);
        // The error of a sample, averaged over the samples, is the error of their mean plus the variance about it.
        double average = samples.Average(
            sample => truth.Select((wanted, i) => Math.Pow(sample[i] - wanted, 2)).Average());
        Assert.Equal(average, entry.MeanOfSamples.MeanSquaredError + (15 / 16.0 * entry.SampleVariance), 1e-6);

        int[] hidden = Numbers(PixelVisibility.Hidden), visible = Numbers(PixelVisibility.Visible);
        AssertPixels(entry.Hidden, hidden);
        AssertPixels(entry.Visible, visible);
        double ratio = hidden.Average(i => variance[i]) / visible.Average(i => variance[i]);
        Assert.Equal(ratio, entry.HiddenToVisibleVariance!.Value, 1e-4 * ratio);

        int[] Numbers(PixelVisibility kind) =>
            [.. Enumerable.Range(0, truth.Length).Where(i => batch.QueryVisibility![i / 3] == kind)];

        void AssertPixels(PixelEvaluation? actual, int[] numbers)
        {
            Assert.True(numbers.Length > truth.Length / 1000);
            Assert.NotNull(actual);
            Assert.Equal((double)numbers.Length / truth.Length, actual.Share, 1e-12);
            Assert.Equal(numbers.Average(i => one[i]), actual.Prediction, 1e-6);
            Assert.Equal(numbers.Average(i => ofMean[i]), actual.MeanOfSamples, 1e-6);
            double expected = numbers.Average(i => variance[i]);
            Assert.Equal(expected, actual.SampleVariance, 1e-4 * expected);
            int[] objects = [.. numbers.Where(i => batch.QueryParts![i / 3] != 0)];
            if (objects.Length == 0)
                Assert.Null(actual.Objects);
            else if (objects.Length < numbers.Length)
                AssertPixels(actual.Objects, objects);
        }
    }

    [Fact]
    public void QueriesFromFilesHavePartsWhereTheFilesSayWhatTheyShow()
    {
        const int Size = 16, Count = 4;
        using var folder = new TemporaryFolder();
        var environment = Environments.Create("rooms-ring");
        var own = new GqnDatasetWriter(folder.Path, environment.Name, SceneSplit.Test, Count);
        own.RenderFile(
            0, environment, SceneSplit.Test, Size, FrameFormat.Png,
            cancellation: TestContext.Current.CancellationToken);
        var recorded = new RecordedScenes(GqnDataset.Open(folder.Path, environment.Name, SceneSplit.Test));
        var batch = SceneBatches.EvaluationBatch(recorded, Size, Count, 2, seed: 3, withVisibility: true);
        Assert.NotNull(batch.QueryParts);
        Assert.NotNull(batch.QueryVisibility);
        var pixels = new PixelVisibility[Size * Size];
        byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
        for (int b = 0; b < Count; b++)
        {
            var scene = environment.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            scene.Render(CameraOf(scene, batch.QueryViews.AsSpan(b * 7, 7)), Size, rgb, parts);
            float[] picture = batch.QueryImages[(b * rgb.Length)..((b + 1) * rgb.Length)];
            Assert.Equal(rgb.Select(value => value / 255f), picture);
            Assert.Equal(parts, batch.QueryParts[(b * parts.Length)..((b + 1) * parts.Length)]);
            Camera[] contexts =
                [.. Enumerable.Range(b * 2, 2).Select(m => CameraOf(scene, batch.ContextViews.AsSpan(m * 7, 7)))];
            Visibility.Classify(
                scene, CameraOf(scene, batch.QueryViews.AsSpan(b * 7, 7)), contexts, Size, pixels);
            Assert.Equal(pixels, batch.QueryVisibility[(b * pixels.Length)..((b + 1) * pixels.Length)]);
        }

        var known = SceneRecord.Render(environment, SceneSplit.Test, 0, Size, FrameFormat.Png);
        var foreign = new GqnDatasetWriter(folder.Path, "foreign", SceneSplit.Test, scenes: 2);
        foreign.WriteFile(0, [known, new SceneRecord(known.Frames, known.Cameras)]);
        var unknown = SceneBatches.EvaluationBatch(
            new RecordedScenes(GqnDataset.Open(folder.Path, "foreign", SceneSplit.Test)), Size, 2, 2, 3,
            withVisibility: true);
        Assert.Null(unknown.QueryParts);
        Assert.Null(unknown.QueryVisibility);
    }

    /// <summary>Checks that it is not the error over all pixels, from which it differs by far.</summary>
    private static void AssertClose(double expected, ImageQuality actual)
    {
        Assert.NotNull(actual.ObjectMeanSquaredError);
        Assert.Equal(expected, actual.ObjectMeanSquaredError.Value, expected * 1e-5);
        Assert.True(actual.ObjectMeanSquaredError > 1.2 * actual.MeanSquaredError);
    }

    private static Camera CameraOf(Scene scene, ReadOnlySpan<float> viewpoint)
    {
        float[] wanted = viewpoint.ToArray(), seven = new float[7];
        return scene.Cameras.ToArray().Single(camera =>
        {
            Viewpoint.Encode(camera, ViewpointOrder.CosSin, seven);
            return seven.AsSpan().SequenceEqual(wanted);
        });
    }
}

using System.Text.Json;
using Gqn.Native.Data;
using Gqn.Native.Engine.Devices;
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

    /// <summary>All four answers against sums over the pixels of the scenes themselves, taken anew.</summary>
    [Fact]
    public void ObjectErrorsAreThoseOfThePixelsThatShowObjects()
    {
        using var device = new CpuDevice(1);
        RunConfiguration configuration = TrainerTests.Configuration();
        using var network = new GenerativeQueryNetwork(configuration.Model, device, seed: 5);
        using var evaluator = new Evaluator(network, device, configuration);
        EvaluationReport report = evaluator.Evaluate([Contexts], Scenes, step: 0, CancellationToken.None);

        SceneBatch batch = evaluator.HeldOut(Scenes, Contexts);
        float[] predictions = new float[batch.QueryImages.Length], reconstructions = new float[predictions.Length];
        evaluator.Predict(batch, predictions, 0);
        evaluator.Reconstruct(batch, reconstructions);
        SceneEnvironment environment = Environments.Create(configuration.Training.Scenes);
        SceneBatch training = SceneBatches.EvaluationBatch(
            environment, SceneSplit.Train, batch.ImageSize, 512, 1, configuration.Training.Seed);
        int length = predictions.Length / Scenes;

        double prediction = 0, reconstruction = 0, nearest = 0, mean = 0;
        int values = 0;
        for (int b = 0; b < Scenes; b++)
        {
            Scene scene = environment.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            Camera query = CameraOf(scene, batch.QueryViews.AsSpan(b * 7, 7));
            Camera answer = Enumerable.Range(b * Contexts, Contexts)
                .Select(m => CameraOf(scene, batch.ContextViews.AsSpan(m * 7, 7)))
                .MinBy(camera => Math.Pow(camera.X - query.X, 2) + Math.Pow(camera.Y - query.Y, 2)
                    + Math.Pow(camera.Z - query.Z, 2));
            byte[] truth = new byte[length], parts = new byte[length / 3];
            scene.Render(query, batch.ImageSize, truth, parts);
            RgbImage shown = scene.Render(answer, batch.ImageSize);
            for (int i = 0; i < length; i++)
            {
                if (parts[i / 3] == 0) continue;
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

        ContextEvaluation entry = Assert.Single(report.Contexts);
        Assert.InRange(values, Scenes * 30, Scenes * length / 2);
        AssertClose(prediction / values, entry.Prediction);
        AssertClose(reconstruction / values, entry.Reconstruction!.Value);
        AssertClose(nearest / values, entry.NearestView);
        AssertClose(mean / values, report.MeanImage);
        using var json = JsonDocument.Parse(report.ToJson());
        JsonElement written = json.RootElement.GetProperty("contexts")[0].GetProperty("prediction");
        Assert.Equal(
            entry.Prediction.ObjectMeanSquaredError, written.GetProperty("objectMeanSquaredError").GetDouble());
    }

    [Fact]
    public void QueriesFromFilesHavePartsWhereTheFilesSayWhatTheyShow()
    {
        const int Size = 16, Count = 4;
        using var folder = new TemporaryFolder();
        SceneEnvironment environment = Environments.Create("rooms-ring");
        var own = new GqnDatasetWriter(folder.Path, environment.Name, SceneSplit.Test, Count);
        own.RenderFile(
            0, environment, SceneSplit.Test, Size, FrameFormat.Png,
            cancellation: TestContext.Current.CancellationToken);
        var recorded = new RecordedScenes(GqnDataset.Open(folder.Path, environment.Name, SceneSplit.Test));
        SceneBatch batch = SceneBatches.EvaluationBatch(recorded, Size, Count, 2, seed: 3);
        Assert.NotNull(batch.QueryParts);
        byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
        for (int b = 0; b < Count; b++)
        {
            Scene scene = environment.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            scene.Render(CameraOf(scene, batch.QueryViews.AsSpan(b * 7, 7)), Size, rgb, parts);
            float[] picture = batch.QueryImages[(b * rgb.Length)..((b + 1) * rgb.Length)];
            Assert.Equal(rgb.Select(value => value / 255f), picture);
            Assert.Equal(parts, batch.QueryParts[(b * parts.Length)..((b + 1) * parts.Length)]);
        }

        SceneRecord known = SceneRecord.Render(environment, SceneSplit.Test, 0, Size, FrameFormat.Png);
        var foreign = new GqnDatasetWriter(folder.Path, "foreign", SceneSplit.Test, scenes: 2);
        foreign.WriteFile(0, [known, new SceneRecord(known.Frames, known.Cameras)]);
        Assert.Null(SceneBatches.EvaluationBatch(
            new RecordedScenes(GqnDataset.Open(folder.Path, "foreign", SceneSplit.Test)), Size, 2, 2, 3).QueryParts);
    }

    /// <summary>Not the error over all pixels, from which it differs by far.</summary>
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

using Gqn.Native.Imaging;

namespace Gqn.Native.Training;

/// <summary>
/// A contact sheet of a model's predictions: contexts, truth, predictions and a reconstruction of each held-out scene.
/// </summary>
public static class PredictionSheet
{
    /// <summary>Renders the sheet.</summary>
    /// <param name="evaluator">The evaluator of the model, which must have its inference network.</param>
    /// <param name="contexts">M, the number of context views.</param>
    /// <param name="scenes">The number of scenes, one per row.</param>
    /// <param name="samples">The number of prior samples per scene.</param>
    public static RgbImage Render(Evaluator evaluator, int contexts, int scenes, int samples)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        var batch = evaluator.HeldOut(scenes, contexts);
        int size = batch.ImageSize, length = batch.QueryImages.Length / scenes;
        float[][] predictions = new float[samples][];
        for (int sample = 0; sample < samples; sample++)
        {
            predictions[sample] = new float[scenes * length];
            evaluator.Predict(batch, predictions[sample], (uint)sample);
        }

        float[] reconstructions = new float[scenes * length];
        evaluator.Reconstruct(batch, reconstructions);
        List<string> labels = [.. Enumerable.Range(1, contexts).Select(m => $"context {m}"), "truth"];
        labels.AddRange(
            Enumerable.Range(1, samples).Select(sample => samples == 1 ? "predicted" : $"predicted {sample}"));
        labels.Add("reconstructed");
        var sheet = new ContactSheet(labels, size, size);
        for (int scene = 0; scene < scenes; scene++)
        {
            var row = new List<ReadOnlyMemory<float>>();
            for (int m = 0; m < contexts; m++)
                row.Add(batch.ContextImages.AsMemory(((scene * contexts) + m) * length, length));
            row.Add(batch.QueryImages.AsMemory(scene * length, length));
            row.AddRange(predictions.Select(images => (ReadOnlyMemory<float>)images.AsMemory(scene * length, length)));
            row.Add(reconstructions.AsMemory(scene * length, length));
            sheet.AddRow(row);
        }

        return sheet.Render();
    }
}

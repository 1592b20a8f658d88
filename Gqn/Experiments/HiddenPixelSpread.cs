using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>Whether a model's samples differ where its one context shows nothing, and agree once another context does
/// (figures 2C and S7).</summary>
/// <remarks>
/// The views are chosen by the geometry of the scene alone, whatever the model draws: of the pairs of a context and a
/// revealing view, the one with the most object pixels of the query that are hidden from the first and seen by the
/// second. Scenes in which these are too few are passed over.
/// </remarks>
internal sealed class HiddenPixelSpread : Experiment
{
    /// <summary>The number of prior samples of a query.</summary>
    private const int Samples = 32;

    private const int Candidates = 9, MostTriedPerScene = 20, SheetScenes = 4, SheetSamples = 6;
    private const uint ViewsPurpose = 0x4F63636C;
    private const double LeastShare = 0.01, LeastRatio = 2, LeastSpread = 1;
    private const float SpreadScale = 8;

    /// <inheritdoc/>
    public override string Name => "occlusion";

    /// <inheritdoc/>
    public override string Figure => "2C, S7";

    /// <inheritdoc/>
    public override string Claim =>
        "samples differ where the context shows nothing, at least twice as much as where it does, and agree more once "
        + "a view is added that shows it";

    /// <inheritdoc/>
    public override string Needs => "a model of at least two contexts whose latents live; scenes with geometry";

    /// <inheritdoc/>
    public override int UsualScenes => 128;

    /// <inheritdoc/>
    public override long Plan(ExperimentSubject subject, int scenes)
    {
        subject.RequireSeveralContexts(Name);
        var source = subject.Training.OpenScenes(SceneSplit.Test);
        if (source.ViewsPerScene < 3)
        {
            throw new OptionException(
                $"'{Name}' needs three views of a scene, a query, a context and one that reveals what is hidden from "
                + $"it; {source.Name} has {source.ViewsPerScene}.");
        }

        using var reader = source.CreateReader(subject.ImageSize);
        reader.Load(source.InOrder(0).First());
        if (reader.FindScene() is null)
            throw Unknown(source);
        return (long)scenes * 2 * Samples;
    }

    /// <inheritdoc/>
    public override ExperimentReport Run(
        ExperimentSubject subject, int scenes, Action<long> advance, CancellationToken cancellation)
    {
        int size = subject.ImageSize, length = subject.ImageLength;
        var spread = new SampleSpread();
        float[] mean = subject.MeanTrainingImage();
        string[] samples = [.. Enumerable.Range(1, SheetSamples).Select(sample => $"sample {sample}")];
        var sheet = new ContactSheet(
            ["context", "added", "truth", "hidden", .. samples, $"spread x{SpreadScale}"], size, size);
        foreach (var part in Choose(subject, scenes, cancellation).Chunk(subject.PartSize))
        {
            int first = spread.Scenes;
            var (alone, aloneSamples) = Sample(subject, part, 1, first, advance, cancellation);
            var (both, bothSamples) = Sample(subject, part, 2, first, advance, cancellation);
            for (int i = 0; i < part.Length; i++)
            {
                var own = new Range(i * length, (i + 1) * length);
                spread.Add(part[i].FromContext, part[i].FromAdded, part[i].Parts, alone.Variance[own],
                    both.Variance[own], SquaredErrors(alone.Mean[own], part[i].Truth),
                    SquaredErrors(mean, part[i].Truth));
                if (first + i >= SheetScenes)
                    continue;
                AddSheetRow(sheet, part[i], default, aloneSamples, alone.Variance, own);
                AddSheetRow(sheet, part[i], part[i].Added, bothSamples, both.Variance, own);
            }
        }

        if (spread.Scenes < 2)
        {
            throw new OptionException(
                $"Of {scenes * MostTriedPerScene} scenes of {subject.Training.SceneName} fewer than two have a view "
                + "that shows what another hides; name more with --scenes, or a model of other scenes.");
        }

        var (rows, findings) = spread.Judge(
            new Bootstrap(spread.Scenes, subject.Seed), LeastRatio, LeastSpread);
        var notes = new List<string>
        {
            $"{Samples} samples of each query; views were chosen by the scene's geometry.",
            "The environment has no palette of colours, so the colours of samples were not classified.",
        };
        if (spread.Scenes < scenes)
            notes.Add($"Only {spread.Scenes} scenes have a view that shows what another hides.");
        return new ExperimentReport(
            Result(subject, spread.Scenes, rows, findings, notes),
            new Dictionary<string, RgbImage> { [string.Empty] = sheet.Render() }, new Dictionary<string, string>());
    }

    private static (PredictionSamples Samples, float[][] First) Sample(
        ExperimentSubject subject, OccludedScene[] part, int contexts, int first, Action<long> advance,
        CancellationToken cancellation)
    {
        float[] images =
            [.. part.SelectMany(scene => contexts == 1 ? scene.Context : [.. scene.Context, .. scene.Added])];
        Camera[] cameras = [.. part.SelectMany(scene => scene.Cameras[..contexts])];
        using var shown = subject.Show(images, cameras, contexts, [.. part.Select(scene => scene.Query)]);
        var samples = new PredictionSamples(part.Length * subject.ImageLength, Samples);
        float[][] kept = new float[SheetSamples][];
        for (int number = 0; number < Samples; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            float[] predicted = shown.Predict(subject.Noise((uint)number, first));
            samples.Add(number, 0, predicted);
            if (number < SheetSamples)
                kept[number] = predicted;
            advance(part.Length);
        }

        return (samples, kept);
    }

    private static IEnumerable<OccludedScene> Choose(
        ExperimentSubject subject, int scenes, CancellationToken cancellation)
    {
        var source = subject.Training.OpenScenes(SceneSplit.Test);
        using var reader = source.CreateReader(subject.ImageSize);
        var order = source.Files is { } files
            ? new ShuffledOrder(files, subject.Seed, SceneBatches.UsualShuffleBuffer)
            : null;
        int found = 0;
        long tries = Math.Min(source.CountScenes() ?? long.MaxValue, (long)scenes * MostTriedPerScene);
        for (long number = 0; number < tries && found < scenes; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            var random = new RandomStream(SceneHash.Mix(subject.Seed, (ulong)number), ViewsPurpose);
            ulong index = ((ulong)random.NextUInt32() << 32) | random.NextUInt32();
            reader.Load(order?.Next() ?? SceneReference.Of(index));
            var scene = reader.FindScene() ?? throw Unknown(source);
            int[] views = [.. Enumerable.Range(0, scene.Cameras.Length)];
            random.Shuffle<int>(views);
            if (OccludedScene.Choose(scene, views, Candidates, subject.ImageSize, LeastShare) is { } chosen)
            {
                found++;
                yield return chosen;
            }
        }
    }

    private static OptionException Unknown(SceneSource source) => new(
        $"'occlusion' needs to know what is hidden from a view, and the files of {source.Name} do not say what the "
        + "scenes hold: name a model that was trained on rendered scenes.");

    private static float[] SquaredErrors(float[] image, float[] truth) =>
        [.. image.Zip(truth, (value, wanted) => (value - wanted) * (value - wanted))];

    private static void AddSheetRow(
        ContactSheet sheet, OccludedScene scene, float[]? added, float[][] samples, float[] variance, Range own)
    {
        float[] hidden = new float[scene.Truth.Length];
        for (int i = 0; i < hidden.Length; i++)
        {
            bool isSeen = scene.FromContext[i / 3] != PixelVisibility.Hidden
                || (added is not null && scene.FromAdded[i / 3] == PixelVisibility.Visible);
            hidden[i] = isSeen ? 0 : scene.Truth[i];
        }

        float[] deviation = [.. variance[own].Select(value => Math.Min(1, SpreadScale * MathF.Sqrt(value)))];
        sheet.AddRow([
            scene.Context, added, scene.Truth, hidden,
            .. samples.Select(sample => (ReadOnlyMemory<float>)sample[own]), deviation]);
    }
}

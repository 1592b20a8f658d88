using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>Whether a network knows scenes that it was trained on better than others (figure S3).</summary>
/// <remarks>
/// The training scenes are those of the last updates before the oldest checkpoint that the run kept: the same scenes,
/// contexts and queries as in these updates. The test scenes are drawn by the same law from the test split, with as
/// many contexts batch by batch.
/// </remarks>
internal sealed class TrainTestLikelihood : Experiment
{
    private const double MostGap = 2;

    /// <inheritdoc/>
    public override string Name => "likelihood";

    /// <inheritdoc/>
    public override string Figure => "S3";

    /// <inheritdoc/>
    public override string Claim => "new scenes are as likely to the network as those that it was trained on";

    /// <inheritdoc/>
    public override string Needs => "the folder of a run, for its checkpoints";

    /// <inheritdoc/>
    public override int UsualScenes => 1024;

    /// <inheritdoc/>
    public override long Plan(ExperimentSubject subject, int scenes)
    {
        string[] checkpoints = Checkpoints(subject);
        return 2L * checkpoints.Length * Batches(subject, scenes, FirstStep(checkpoints)) * subject.PartSize;
    }

    /// <inheritdoc/>
    public override ExperimentReport Run(
        ExperimentSubject subject, int scenes, Action<long> advance, CancellationToken cancellation)
    {
        string[] checkpoints = Checkpoints(subject);
        long oldest = FirstStep(checkpoints);
        int batches = Batches(subject, scenes, oldest), count = batches * subject.PartSize;
        var entries = new List<Entry>();
        foreach (string checkpoint in checkpoints)
        {
            var (step, _) = Checkpoint.LoadWeights(checkpoint, subject.Network, null);
            double[] train = Measure(subject, SceneSplit.Train, oldest - batches, batches, advance, cancellation);
            double[] test = Measure(subject, SceneSplit.Test, oldest - batches, batches, advance, cancellation);
            entries.Add(new Entry(step, train, test));
        }

        double[] meanImage = MeanImageExcess(subject, oldest - batches, batches);
        int size = subject.ImageSize;
        var (rows, findings) = Judge(entries, meanImage, size, subject.Seed);
        string[] notes =
        [
            $"The run kept {Quantity.Of(checkpoints.Length, "checkpoint")}; reporting.checkpointEvery and "
            + "reporting.keep say how many a run keeps. Scenes, contexts and queries are as training draws them.",
        ];
        var curves = new[] { "train", "test" }.Select(split => new Curve(split, [.. entries.Select(entry => (
            (double)entry.Step, rows.First(row => row.Condition == Condition(entry, split)).Model))]));
        return new ExperimentReport(
            Result(subject, count, rows, findings, notes), new Dictionary<string, RgbImage>(),
            new Dictionary<string, string>
            {
                [string.Empty] = Chart.Curves(
                    "Likelihood of training and test scenes", "updates",
                    "excess of -ELBO over its floor, nats per image", [.. curves]),
            });
    }

    /// <summary>The table and the findings.</summary>
    /// <param name="entries">The excess of scenes at each checkpoint, in rising order of updates.</param>
    /// <param name="meanImage">The excess of the mean training image on the test scenes.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <param name="seed">Determines the intervals.</param>
    internal static (IReadOnlyList<ResultRow> Rows, IReadOnlyList<Finding> Findings) Judge(
        IReadOnlyList<Entry> entries, double[] meanImage, int imageSize, ulong seed)
    {
        double floor = Elbo.Floor(imageSize, Evaluator.Sigma);
        var train = new Bootstrap(entries[0].Train.Length, seed);
        var test = new Bootstrap(entries[0].Test.Length, seed);
        var rows = new List<ResultRow>();
        foreach (var entry in entries)
        {
            Add(train, entry.Train, Condition(entry, "train"));
            Add(test, entry.Test, Condition(entry, "test"));
            rows.Add(new ResultRow(
                $"step {entry.Step}", "test - train, nats", Bootstrap.Gap(entry.Test, entry.Train, seed)));
        }

        List<Finding> findings =
        [
            new Finding(
                "the lead over the mean image on test scenes", test.Difference(meanImage, entries[^1].Test), Above: 0)
            {
                IsPrerequisite = true,
                Unit = "nats per image",
            },
            new Finding(
                "what a test scene costs more than a training scene", rows[^1].Model, Above: -MostGap, Below: MostGap)
            {
                Unit = "nats per image",
            },
        ];
        return (rows, findings);

        void Add(Bootstrap bootstrap, double[] excess, string condition)
        {
            var mean = bootstrap.Mean(excess);
            rows.Add(new ResultRow(condition, "excess, nats per image", mean));
            rows.Add(new ResultRow(condition, "-ELBO, nats per image", Mapped(mean, value => floor + value)));
            rows.Add(new ResultRow(
                condition, "-ELBO / D + ln 256, nats",
                Mapped(mean with { Deviation = null }, value => PosteriorBound.PerDimension(value, imageSize))));
        }
    }

    private static Estimate Mapped(Estimate estimate, Func<double, double> map) => estimate with
    {
        Value = map(estimate.Value),
        Low = map(estimate.Low),
        High = map(estimate.High),
    };

    private static string Condition(Entry entry, string split) => $"step {entry.Step}, {split}";

    private string[] Checkpoints(ExperimentSubject subject)
    {
        if (subject.Run is not { } run)
        {
            throw new OptionException(
                $"'{Name}' compares the checkpoints of a run, and {subject.Name} is a file of weights: name the folder "
                + "of a run with --run.");
        }

        return [.. run.Checkpoints()];
    }

    private static long FirstStep(string[] checkpoints) => checkpoints.Min(Checkpoint.StepOf);

    private static int Batches(ExperimentSubject subject, int scenes, long oldest) =>
        (int)Math.Min((scenes + subject.PartSize - 1) / subject.PartSize, oldest);

    private static double[] Measure(
        ExperimentSubject subject, SceneSplit split, long first, int batches, Action<long> advance,
        CancellationToken cancellation)
    {
        double[] excess = new double[batches * subject.PartSize];
        using var source = Batches(subject, split, first);
        for (int number = 0; number < batches; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = source.Next();
            using var shown = subject.Show(batch, batch.Contexts);
            PosteriorBound.Of(subject, shown, batch.QueryImages, number * batch.Scenes)
                .CopyTo(excess.AsSpan(number * batch.Scenes));
            advance(batch.Scenes);
        }

        return excess;
    }

    private static double[] MeanImageExcess(ExperimentSubject subject, long first, int batches)
    {
        float[] mean = subject.MeanTrainingImage();
        var excess = new List<double>();
        using var source = Batches(subject, SceneSplit.Test, first);
        for (int number = 0; number < batches; number++)
        {
            var batch = source.Next();
            for (int scene = 0; scene < batch.Scenes; scene++)
                excess.Add(PosteriorBound.Excess(mean, batch.QueryImages.AsSpan(scene * mean.Length, mean.Length), 0));
        }

        return [.. excess];
    }

    /// <summary>The batches of the run from number <paramref name="first"/> on, or those of the test split drawn in the
    /// same way.</summary>
    private static SceneBatches Batches(ExperimentSubject subject, SceneSplit split, long first)
    {
        var training = subject.Training;
        return new SceneBatches(
            training.OpenScenes(split), subject.ImageSize, training.Batch, training.MaxContexts, subject.RunSeed, first,
            order: subject.Network.Options.ViewpointOrder, shuffleBuffer: training.ShuffleBuffer,
            repeatedQueries: training.RepeatedQueries, onDemand: true);
    }

    /// <summary>The excess of −ELBO over its floor of each scene, at one checkpoint.</summary>
    /// <param name="Step">The number of updates of the weights.</param>
    /// <param name="Train">Of training scenes, in nats per image.</param>
    /// <param name="Test">Of test scenes.</param>
    internal sealed record Entry(long Step, double[] Train, double[] Test);
}

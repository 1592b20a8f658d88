using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>The options of training: together with the model's options, they determine the trained weights.</summary>
public sealed record TrainingOptions
{
    /// <summary>Name of the environment that renders the scenes; ignored if <see cref="Data"/> names a
    /// folder.</summary>
    public string Scenes { get; init; } = "rooms-ring";

    /// <summary>Folder of data sets to read scenes from; null to render them.</summary>
    public string? Data { get; init; }

    /// <summary>Name of the data set in <see cref="Data"/>; null if there is only one.</summary>
    public string? Dataset { get; init; }

    /// <summary>For a data set without a test set: the share of its training scenes that is held out in its stead; null
    /// if it has a test set.</summary>
    public double? Holdout { get; init; }

    /// <summary>The number of rendered training scenes, the first of the training split; null for an endless
    /// supply.</summary>
    public long? TrainScenes { get; init; }

    /// <summary>The number of rendered held-out scenes, the first of the test split; null for an endless
    /// supply.</summary>
    public long? TestScenes { get; init; }

    /// <summary>For a finite number of rendered scenes: the number in each file, if they were in files. Scenes come in
    /// the order of reading such files, so that files of these scenes give the same weights.</summary>
    public int ScenesPerFile { get; init; } = GqnDatasetWriter.UsualScenesPerFile;

    /// <summary>For a finite number of scenes: the size of the shuffle buffer, from which the next scene is
    /// drawn.</summary>
    public int ShuffleBuffer { get; init; } = SceneBatches.UsualShuffleBuffer;

    /// <summary>For scenes from files: the number of damaged records in each split that may be passed over; the next
    /// record takes the place of each.</summary>
    public int SkipDamaged { get; init; }

    /// <summary>A run's folder, a weights file or a shipped model whose weights the run starts with; null for random
    /// ones.</summary>
    public string? From { get; init; }

    /// <summary>Seed of the weights, the noise and the choice of scenes and views.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Length of the run, in updates.</summary>
    public long Steps { get; init; } = 2_000_000;

    /// <summary>B, the number of scenes per update.</summary>
    public int Batch { get; init; } = 36;

    /// <summary>K, the maximum number of context views of a scene; each update draws M from 1 to K.</summary>
    public int MaxContexts { get; init; } = 5;

    /// <summary>If the length of the run was changed to fit its time: from each change on, the rate at which schedules
    /// advance per update, see <see cref="SchedulePosition"/>; otherwise null.</summary>
    public string? Refits { get; init; }

    /// <summary>Updates over which the learning rate rises linearly from 0; 0 for none.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>μ, the learning rate.</summary>
    public LinearSchedule LearningRate { get; init; } = new(5e-4, 5e-5, 1_600_000);

    /// <summary>σ, the standard deviation of a pixel.</summary>
    public LinearSchedule Sigma { get; init; } = new(2.0, 0.7, 200_000);

    /// <summary>Probability that the query of a scene is one of its contexts, which teaches cheaply where objects
    /// are.</summary>
    public double RepeatedQueries { get; init; }

    /// <summary>One in this many updates has a posterior, up to <see cref="PosteriorFrom"/>; the others maximise the
    /// bound with the prior in its place (<see cref="GenerativeQueryNetwork.EstimatePriorElbo"/>): while σ is so large
    /// that latents carry nothing, the inference cores cost more than they contribute. 1 as in the paper.</summary>
    public int PosteriorEvery { get; init; } = 1;

    /// <summary>The first update from which each has a posterior; it moves with the schedules if the length of a run
    /// changes.</summary>
    public long PosteriorFrom { get; init; }

    /// <summary>Steps over which the weight of the KL in the loss rises from 0 to 1; 0 for a weight of 1 from the
    /// start.</summary>
    public long KlWarmup { get; init; }

    /// <summary>λ, nats per layer and image: the loss counts max(KL of the layer, λ), so that a layer may use λ nats
    /// without penalty; 0 for none.</summary>
    public double FreeBits { get; init; }

    /// <summary>The hyperparameters of the optimiser.</summary>
    public AdamOptions Adam { get; init; } = new();

    /// <summary>Decay of the moving average of the weights, with which a run is evaluated: 0.999 averages over about a
    /// thousand updates; 0 keeps none.</summary>
    public double AverageDecay { get; init; }

    /// <summary>The fraction of all updates of the run with a posterior.</summary>
    internal double PosteriorShare => PosteriorShareOf(Math.Min(PosteriorFrom, Steps) / (double)Steps);

    /// <summary>The fraction of updates with a posterior, if the fraction <paramref name="before"/> is before
    /// <see cref="PosteriorFrom"/>.</summary>
    internal double PosteriorShareOf(double before) => (before / PosteriorEvery) + 1 - before;

    /// <summary>Whether an update has a posterior: from <see cref="PosteriorFrom"/> on, or if its number, from 1, is a
    /// multiple of <see cref="PosteriorEvery"/>, so that logged steps have one.</summary>
    /// <param name="step">The number of updates before it.</param>
    /// <param name="position">The position of the schedules.</param>
    internal bool HasPosterior(long step, double position) =>
        position >= PosteriorFrom || (step + 1) % PosteriorEvery == 0;

    /// <summary>The name of the data set or of the environment.</summary>
    public string SceneName => Data is null
        ? Scenes
        : Dataset ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Data));

    /// <summary>The weight of the KL in the loss of step <paramref name="step"/>, counted from 0.</summary>
    public double KlWeightAt(double step) => step >= KlWarmup ? 1 : step / KlWarmup;

    /// <summary>Opens the source of the scenes of one split.</summary>
    /// <param name="split">The split to open.</param>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    /// <exception cref="OptionException">The scenes have too few views.</exception>
    /// <exception cref="UnknownSceneException">There is no environment of that name.</exception>
    public SceneSource OpenScenes(SceneSplit split)
    {
        SceneSource source = Data is null
            ? new RenderedScenes(Environments.Create(Scenes), split, LayoutOf(split))
            : new RecordedScenes(OpenDataset(split), SkipDamaged);
        RequireViews(source.Name, source.ViewsPerScene);
        return source;
    }

    /// <summary>Opens the data set that the scenes of one split are read from.</summary>
    /// <param name="split">The split to open.</param>
    /// <exception cref="DatasetException">The data set is missing or damaged, or has no scene of the split.</exception>
    internal GqnDataset OpenDataset(SceneSplit split)
    {
        if (Holdout is { } share)
            return GqnDataset.OpenPart(Data!, Dataset, new HeldOutShare(share, split == SceneSplit.Test));
        if (split == SceneSplit.Train || GqnDataset.Has(Data!, Dataset, split))
            return GqnDataset.Open(Data!, Dataset, split);
        throw new DatasetException(
            Data!, null, $"the data set {SceneName} has no folder '{GqnDatasetInfo.FolderOf(split)}'; "
            + $"training.holdout={HeldOutShare.Usual} would hold out a share of its training scenes");
    }

    /// <summary>Creates the average of these parameters that a run keeps; null if it keeps none.</summary>
    internal WeightAverage? CreateAverage(ParameterStore parameters) =>
        AverageDecay > 0 ? new WeightAverage(parameters, AverageDecay) : null;

    /// <summary>Checks that a scene has enough views.</summary>
    internal void RequireViews(string name, int views)
    {
        if (views < SceneRecord.MinViews)
        {
            throw new OptionException(
                $"A scene of {name} has {Quantity.Of(views, "view")}; training needs at least {SceneRecord.MinViews}, "
                + "a context and the query.");
        }

        if (MaxContexts < 1 || MaxContexts >= views)
        {
            throw new OptionException(
                $"training.maxContexts {MaxContexts} must be from 1 to {views - 1}: "
                + $"a scene of {name} has {views} views and one is the query.");
        }
    }

    private SceneFileLayout? LayoutOf(SceneSplit split) =>
        (split == SceneSplit.Train ? TrainScenes : TestScenes) is { } scenes
            ? new SceneFileLayout(scenes, ScenesPerFile)
            : null;
}

/// <summary>What a run reports and saves, and how often. None of these options affects the weights.</summary>
public sealed record ReportingOptions
{
    /// <summary>Steps between lines of metrics.</summary>
    public int LogEvery { get; init; } = 100;

    /// <summary>Steps between sheets of held-out predictions, each with the prediction error.</summary>
    public int SampleEvery { get; init; } = 1000;

    /// <summary>Steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 1000;

    /// <summary>The number of checkpoints to keep; older ones are removed.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>The number of held-out scenes for the prediction error of a sheet.</summary>
    public int SampleScenes { get; init; } = 32;

    /// <summary>The number of held-out scenes for the evaluation that ends a run.</summary>
    public int EvaluationScenes { get; init; } = 256;
}

/// <summary>Everything needed to reproduce a run: the content of config.json.</summary>
public sealed record RunConfiguration
{
    /// <summary>Name of the preset that the run started from; only the values below matter.</summary>
    public string Preset { get; init; } = Presets.Default;

    /// <summary>The options of the network.</summary>
    public ModelOptions Model { get; init; } = new();

    /// <summary>The options of training.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>The options of reports and checkpoints.</summary>
    public ReportingOptions Reporting { get; init; } = new();

    /// <summary>The JSON format of the configuration.</summary>
    internal static JsonSerializerOptions JsonOptions { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        IgnoreReadOnlyProperties = true,
    };

    /// <summary>The configuration as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="source">The source of the text, for messages.</param>
    /// <exception cref="OptionException">The text is not a configuration, or has invalid values.</exception>
    public static RunConfiguration Parse(string json, string source)
    {
        try
        {
            var configuration = JsonSerializer.Deserialize<RunConfiguration>(json, JsonOptions)
                ?? throw new OptionException($"{source}: there is no configuration in it.");
            configuration.Validate();
            return configuration;
        }
        catch (JsonException exception)
        {
            string place = exception.Path is { Length: > 1 } path ? $" at {path[2..]}" : string.Empty;
            throw new OptionException($"{source}: not a valid configuration{place}.", exception);
        }
    }

    /// <summary>A copy completed with the geometry of the scenes, as far as the model needs it.</summary>
    /// <exception cref="OptionException">The cameras see nothing of the box given by the options.</exception>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    public RunConfiguration WithScenes()
    {
        if (!Model.NeedsBounds)
            return this;
        var source = Training.OpenScenes(SceneSplit.Train);
        var (bounds, width) = source.FindBounds(Model.FieldOfViewDegrees);
        var completed = this with { Model = Model.WithScenes(bounds, width) };
        SceneSight.Require(source, ViewGeometry.Of(completed.Model)!);
        return completed;
    }

    /// <summary>Checks all values.</summary>
    /// <exception cref="OptionException">A value is invalid; the message names it.</exception>
    public void Validate()
    {
        if (Model is null || Training is null || Reporting is null || Training.Adam is null)
        {
            throw new OptionException(
                "The configuration lacks one of the parts model, training, training.adam, reporting.");
        }

        Model.Validate();
        RequireScenes(Training);
        Require(
            Training.Steps is >= 1 and <= int.MaxValue,
            $"training.steps {Training.Steps} must be from 1 to {int.MaxValue}.");
        Require(Training.Batch is >= 1 and <= 4096, $"training.batch {Training.Batch} must be from 1 to 4096.");
        Require(Training.SkipDamaged >= 0, $"training.skipDamaged {Training.SkipDamaged} must be at least 0.");
        Require(
            Training.RepeatedQueries is >= 0 and <= 1,
            $"training.repeatedQueries {Training.RepeatedQueries} must be from 0 to 1.");
        Require(
            Training.PosteriorEvery is >= 1 and <= 1000,
            $"training.posteriorEvery {Training.PosteriorEvery} must be from 1 to 1000.");
        Require(
            Training.PosteriorFrom >= 0, $"training.posteriorFrom {Training.PosteriorFrom} must be at least 0.");
        SchedulePosition.Parse(Training.Refits);
        Require(Training.WarmupSteps >= 0, $"training.warmupSteps {Training.WarmupSteps} must be at least 0.");
        RequireSchedule("training.learningRate", Training.LearningRate);
        RequireSchedule("training.sigma", Training.Sigma);
        Require(
            Training.KlWarmup is >= 0 and <= int.MaxValue,
            $"training.klWarmup {Training.KlWarmup} must be 0 (off) or steps up to {int.MaxValue}.");
        Require(
            Training.FreeBits is >= 0 and < float.MaxValue,
            $"training.freeBits {Training.FreeBits} must be 0 (off) or a finite number of nats above.");
        Require(
            Training.Adam.Beta1 is >= 0 and < 1,
            $"training.adam.beta1 {Training.Adam.Beta1} must be at least 0 and below 1.");
        Require(
            Training.Adam.Beta2 is >= 0 and < 1,
            $"training.adam.beta2 {Training.Adam.Beta2} must be at least 0 and below 1.");
        Require(
            Training.Adam.Epsilon is > 0 and < float.PositiveInfinity,
            $"training.adam.epsilon {Training.Adam.Epsilon} must be a finite number above 0.");
        Require(
            Training.Adam.ClipNorm is >= 0 and < float.PositiveInfinity,
            $"training.adam.clipNorm {Training.Adam.ClipNorm} must be 0 (off) or a finite number above.");
        Require(
            Training.Adam.WeightDecay is >= 0 and < float.PositiveInfinity,
            $"training.adam.weightDecay {Training.Adam.WeightDecay} must be 0 (off) or a finite number above.");
        Require(
            Training.AverageDecay is >= 0 and < 1,
            $"training.averageDecay {Training.AverageDecay} must be 0 (no average) or above and below 1.");
        Require(Reporting.LogEvery >= 1, $"reporting.logEvery {Reporting.LogEvery} must be at least 1.");
        Require(Reporting.SampleEvery >= 1, $"reporting.sampleEvery {Reporting.SampleEvery} must be at least 1.");
        Require(
            Reporting.CheckpointEvery >= 1,
            $"reporting.checkpointEvery {Reporting.CheckpointEvery} must be at least 1.");
        Require(Reporting.Keep >= 1, $"reporting.keep {Reporting.Keep} must be at least 1.");
        Require(
            Reporting.SampleScenes is >= 1 and <= 100_000,
            $"reporting.sampleScenes {Reporting.SampleScenes} must be from 1 to 100000.");
        Require(
            Reporting.EvaluationScenes is >= 1 and <= 100_000,
            $"reporting.evaluationScenes {Reporting.EvaluationScenes} must be from 1 to 100000.");
    }

    /// <summary>Checks what can be checked without the files of a data set.</summary>
    private static void RequireScenes(TrainingOptions training)
    {
        if (training.Data is null)
        {
            Require(
                training.Dataset is null,
                $"training.dataset {training.Dataset} needs training.data, the folder that the data set is in.");
            Require(
                training.Holdout is null,
                $"training.holdout {training.Holdout} is for data sets; rendered scenes have a test set of their own.");
            var environment = Environments.Create(training.Scenes);
            training.RequireViews(environment.Name, environment.ViewsPerScene);
        }
        else
        {
            Require(training.Data.Length > 0, "training.data is empty; name the folder of a data set.");
            Require(
                training.TrainScenes is null && training.TestScenes is null,
                "training.trainScenes and training.testScenes are for rendered scenes; a data set has those that its "
                + "files hold.");
            Require(
                training.Holdout is null or (> 0 and < 1),
                $"training.holdout {training.Holdout} must be above 0 and below 1.");
            Require(training.MaxContexts >= 1, $"training.maxContexts {training.MaxContexts} must be at least 1.");
        }

        Require(
            training.TrainScenes is null or (>= 1 and <= int.MaxValue),
            $"training.trainScenes {training.TrainScenes} must be from 1 to {int.MaxValue}.");
        Require(
            training.TestScenes is null or (>= 1 and <= int.MaxValue),
            $"training.testScenes {training.TestScenes} must be from 1 to {int.MaxValue}.");
        Require(
            training.ScenesPerFile is >= 1 and <= 1_000_000,
            $"training.scenesPerFile {training.ScenesPerFile} must be from 1 to 1000000.");
        Require(
            training.ShuffleBuffer is >= 1 and <= 1_000_000,
            $"training.shuffleBuffer {training.ShuffleBuffer} must be from 1 to 1000000.");
    }

    private static void RequireSchedule(string name, LinearSchedule schedule)
    {
        Require(
            schedule.Initial > 0 && schedule.Final > 0
                && double.IsFinite(schedule.Initial) && double.IsFinite(schedule.Final) && schedule.Steps >= 0,
            $"{name} needs positive, finite initial and final values and steps of at least 0.");
        Require(Enum.IsDefined(schedule.Shape), $"{name}.shape {schedule.Shape} must be linear or geometric.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new OptionException(message);
    }
}

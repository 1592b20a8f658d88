using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>The values of the options of "train" and "info"; null if an option was not given.</summary>
internal sealed record TrainRequest
{
    /// <summary>The parent folder of new runs without a folder of their own.</summary>
    public const string RunsFolder = "runs";

    /// <summary>The training time if no option determines the length of the run.</summary>
    public static readonly TimeSpan DefaultTime = TimeSpan.FromMinutes(10);

    /// <summary>The preset to start from.</summary>
    public string? Preset { get; init; }

    /// <summary>Name of the environment that renders the scenes.</summary>
    public string? Scenes { get; init; }

    /// <summary>A run, a weights file or a shipped model whose weights the new run starts with.</summary>
    public string? From { get; init; }

    /// <summary>Folder of data sets to read instead of rendering scenes.</summary>
    public string? Data { get; init; }

    /// <summary>Name of the data set in <see cref="Data"/>.</summary>
    public string? Dataset { get; init; }

    /// <summary>The share of the scenes in <see cref="Data"/> to hold out, if they have no test set.</summary>
    public double? Holdout { get; init; }

    /// <summary>The number of rendered training scenes.</summary>
    public long? TrainScenes { get; init; }

    /// <summary>The number of damaged records that may be passed over.</summary>
    public int? SkipDamaged { get; init; }

    /// <summary>Length of the run, in updates.</summary>
    public long? Steps { get; init; }

    /// <summary>The time within which training should end, from which the length is chosen.</summary>
    public TimeSpan? FitTime { get; init; }

    /// <summary>The time after which training stops, regardless of its schedules.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Scenes per update.</summary>
    public int? Batch { get; init; }

    /// <summary>Seed of the weights, the noise and the choice of scenes.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Steps between lines of metrics.</summary>
    public int? LogEvery { get; init; }

    /// <summary>Steps between contact sheets of predictions.</summary>
    public int? SampleEvery { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>The number of checkpoints to keep.</summary>
    public int? Keep { get; init; }

    /// <summary>Configuration overrides, each "key=value".</summary>
    public IReadOnlyList<string> Assignments { get; init; } = [];

    /// <summary>Whether an assignment sets the length of the run.</summary>
    private bool AssignsLength => Assignments.Any(assignment => assignment.Split('=')[0].Trim().ToUpperInvariant()
        is "TRAINING.STEPS" or "TRAINING.REFITS" or "REFITS");

    /// <summary>The time from which the length of the run is chosen; null if the length is given.</summary>
    /// <param name="resumed">Whether a run is resumed.</param>
    /// <exception cref="OptionException">A time to fit is given beside a length, or for a resumed run.</exception>
    public TimeSpan? TimeToFit(bool resumed)
    {
        if (FitTime is null)
        {
            bool open = Preset is null && Steps is null && TimeLimit is null && !AssignsLength && !resumed;
            return open ? DefaultTime : null;
        }

        if (Steps is not null || AssignsLength)
        {
            throw new OptionException(
                "--fit-time and --steps exclude each other: the one chooses what the other names.");
        }

        if (resumed)
        {
            throw new OptionException(
                "--fit-time is for new runs: one that goes on keeps its length; --time-limit would stop it earlier.");
        }

        return FitTime;
    }

    /// <summary>The configuration of a new run: the preset, then options, then assignments.</summary>
    /// <remarks>
    /// If the length differs from the preset's, the preset's learning-rate and σ schedules are stretched or shrunk with
    /// it, so that a short run ends with the same values as a long one.
    /// </remarks>
    /// <exception cref="OptionException">A value is invalid.</exception>
    /// <exception cref="Gqn.Native.Scenes.UnknownSceneException">There is no environment of that name.</exception>
    public RunConfiguration ForNewRun()
    {
        var preset = Presets.Create(Preset ?? Presets.Default);
        if (From is not null)
            preset = WithWeights(preset, From);
        if (Steps is { } steps)
        {
            double ratio = (double)steps / preset.Training.Steps;
            preset = preset with
            {
                Training = preset.Training with
                {
                    LearningRate = Stretched(preset.Training.LearningRate, ratio),
                    Sigma = Stretched(preset.Training.Sigma, ratio),
                    PosteriorFrom = (long)Math.Round(preset.Training.PosteriorFrom * ratio),
                },
            };
        }

        return ConfigurationOverrides.Apply(WithOptions(preset), Assignments).WithScenes();
    }

    /// <summary>The configuration of a resumed run: as saved, then options, then assignments; schedules stay.</summary>
    /// <param name="directory">The folder of the run.</param>
    /// <exception cref="OptionException">A value is invalid, or the run is absent or of another model.</exception>
    public RunConfiguration ForResumedRun(RunDirectory directory)
    {
        var saved = directory.ReadConfiguration();
        // The command that started the run must work with --resume added, whatever its --set options are.
        var start = Preset is null ? saved : saved with { Model = Presets.Create(Preset).Model };
        var wanted = ConfigurationOverrides.Apply(WithOptions(start), Assignments).WithScenes();
        var (before, after) = (saved.Training, wanted.Training);
        if (before.Data is not null && after.Data is not null && (Holdout ?? after.Holdout) != before.Holdout)
        {
            throw new OptionException(
                "--holdout is for new runs: one that goes on keeps the scenes that it held out.");
        }

        Checkpoint.RequireSameModel(directory.Path, saved.Model, wanted.Model);
        return wanted;
    }

    /// <summary>The configuration with the values given by the options.</summary>
    /// <exception cref="OptionException">Options exclude each other.</exception>
    /// <exception cref="Gqn.Native.Data.DatasetException">The data set is missing.</exception>
    public RunConfiguration WithOptions(RunConfiguration configuration) => configuration with
    {
        Training = WithScenes(configuration.Training) with
        {
            Steps = Steps ?? configuration.Training.Steps,
            Batch = Batch ?? configuration.Training.Batch,
            Seed = Seed ?? configuration.Training.Seed,
            SkipDamaged = SkipDamaged ?? configuration.Training.SkipDamaged,
        },
        Reporting = configuration.Reporting with
        {
            LogEvery = LogEvery ?? configuration.Reporting.LogEvery,
            SampleEvery = SampleEvery ?? configuration.Reporting.SampleEvery,
            CheckpointEvery = CheckpointEvery ?? configuration.Reporting.CheckpointEvery,
            Keep = Keep ?? configuration.Reporting.Keep,
        },
    };

    /// <summary>Claims runs/(preset)-(scenes)-(n) with the first n that is not taken; the claim lasts as long as the
    /// process, or until another one of the same object ends.</summary>
    public static RunDirectory ClaimFreeFolder(RunConfiguration configuration) => RunDirectory.ClaimFirst(
        n => Path.Combine(RunsFolder, $"{configuration.Preset}-{configuration.Training.SceneName}-{n}"));

    /// <summary>The model of the weights, and their scenes unless others are named; the grid of a volume then fits
    /// those, as no parameter depends on it.</summary>
    private RunConfiguration WithWeights(RunConfiguration preset, string from)
    {
        var source = InitialWeights.Describe(from, out string found);
        var (model, training) = (source.Model, source.Training);
        if (Scenes is not null || Data is not null)
        {
            model = model with
            {
                Bounds = new BoundsOptions(),
                Volume = model.Volume with { Width = null, Height = null },
            };
        }

        return preset with
        {
            Model = model,
            Training = preset.Training with
            {
                From = found,
                Scenes = training.Scenes,
                Data = training.Data,
                Dataset = training.Dataset,
                Holdout = training.Holdout,
                TrainScenes = training.TrainScenes,
                TestScenes = training.TestScenes,
            },
        };
    }

    /// <summary>Scenes have a single source: naming a new one resets the settings of the previous one.</summary>
    private TrainingOptions WithScenes(TrainingOptions training)
    {
        if (Data is not null && (Scenes ?? TrainScenes?.ToString(CultureInfo.InvariantCulture)) is not null)
        {
            throw new OptionException(
                "--data reads scenes from files, --scenes and --train-scenes render them: name one of both.");
        }

        bool rendered = Data is null && (training.Data is null || Scenes is not null || TrainScenes is not null);
        if (Holdout is not null && rendered)
        {
            throw new OptionException(
                "--holdout is for data sets (--data); scenes that are rendered have a test set of their own.");
        }

        if (Data is not null)
        {
            // The run may be resumed from another folder, or when there are more data sets: store full path and name.
            GqnDataset.Locate(Data, Dataset, out string found);
            return training with
            {
                Data = Path.GetFullPath(Data),
                Dataset = found,
                // A run whose data have moved keeps the scenes that it held out.
                Holdout = training.Data is null ? ChooseHoldout(Data) : training.Holdout,
                TrainScenes = null,
                TestScenes = null,
            };
        }

        if (Dataset is not null)
            training = training with { Dataset = GqnDatasetInfo.NameOf(Dataset) };
        if (Scenes is not null || TrainScenes is not null)
            training = training with { Data = null, Dataset = null, Holdout = null };
        return training with
        {
            Scenes = Scenes ?? training.Scenes,
            TrainScenes = TrainScenes ?? training.TrainScenes,
        };
    }

    private double? ChooseHoldout(string folder)
    {
        if (!GqnDataset.Has(folder, Dataset, SceneSplit.Test))
            return Holdout ?? HeldOutShare.Usual;
        return Holdout is null
            ? null
            : throw new OptionException(
                $"--holdout {Holdout}: the data set in {folder} has a folder 'test', whose scenes are held out; leave "
                + "--holdout out, or move that folder away.");
    }

    private static LinearSchedule Stretched(LinearSchedule schedule, double ratio) =>
        schedule with { Steps = (long)Math.Round(schedule.Steps * ratio) };
}

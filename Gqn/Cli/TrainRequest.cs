using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>What the options of "train" and "info" ask for; null where one was not given.</summary>
internal sealed record TrainRequest
{
    /// <summary>Where new runs go that name no folder.</summary>
    public const string RunsFolder = "runs";

    /// <summary>What training takes where nobody says how long it should be.</summary>
    public static readonly TimeSpan DefaultTime = TimeSpan.FromMinutes(10);

    /// <summary>The preset to start from.</summary>
    public string? Preset { get; init; }

    /// <summary>Name of the scenes.</summary>
    public string? Scenes { get; init; }

    /// <summary>Folder with data sets, instead of rendered scenes.</summary>
    public string? Data { get; init; }

    /// <summary>Name of the data set in <see cref="Data"/>.</summary>
    public string? Dataset { get; init; }

    /// <summary>How many scenes are rendered to learn from.</summary>
    public long? TrainScenes { get; init; }

    /// <summary>Length of the run, in updates.</summary>
    public long? Steps { get; init; }

    /// <summary>The time that the length is chosen by.</summary>
    public TimeSpan? FitTime { get; init; }

    /// <summary>The time after which training stops wherever it is.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Scenes per update.</summary>
    public int? Batch { get; init; }

    /// <summary>Seed of everything random.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Steps between lines of metrics.</summary>
    public int? LogEvery { get; init; }

    /// <summary>Steps between sheets of predictions.</summary>
    public int? SampleEvery { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>Checkpoints that stay.</summary>
    public int? Keep { get; init; }

    /// <summary>"key=value" each.</summary>
    public IReadOnlyList<string> Assignments { get; init; } = [];

    /// <summary>Whether an assignment names the length.</summary>
    private bool AssignsLength => Assignments.Any(assignment => assignment.Split('=')[0].Trim().ToUpperInvariant()
        is "TRAINING.STEPS" or "TRAINING.REFITS" or "REFITS");

    /// <summary>The time that the length of the run is chosen by; null where it is known.</summary>
    /// <param name="resumed">Whether a run goes on.</param>
    /// <exception cref="OptionException">A time is given beside a length.</exception>
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
    /// Where the length differs from the preset's, its learning-rate and σ schedules stretch or shrink with it, so
    /// that a short run ends as a long one does.
    /// </remarks>
    /// <exception cref="OptionException">A value is impossible.</exception>
    /// <exception cref="Gqn.Native.Scenes.UnknownSceneException">No scenes are called so.</exception>
    public RunConfiguration ForNewRun()
    {
        var preset = Presets.Create(Preset ?? Presets.Default);
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

    /// <summary>The configuration of a run that goes on: its own, options, then assignments; schedules stay.</summary>
    /// <param name="directory">The run.</param>
    /// <exception cref="OptionException">A value is impossible, it is not a run, or one of another model.</exception>
    public RunConfiguration ForResumedRun(RunDirectory directory)
    {
        var saved = directory.ReadConfiguration();
        // The run's own command with --resume added must work, whatever --set there is in it.
        var start = Preset is null ? saved : saved with { Model = Presets.Create(Preset).Model };
        var wanted = ConfigurationOverrides.Apply(WithOptions(start), Assignments).WithScenes();
        Checkpoint.RequireSameModel(directory.Path, saved.Model, wanted.Model);
        return wanted;
    }

    /// <summary>The configuration with the values that the options name.</summary>
    /// <exception cref="OptionException">Options exclude each other.</exception>
    /// <exception cref="Gqn.Native.Data.DatasetException">The data set is not there.</exception>
    public RunConfiguration WithOptions(RunConfiguration configuration) => configuration with
    {
        Training = WithScenes(configuration.Training) with
        {
            Steps = Steps ?? configuration.Training.Steps,
            Batch = Batch ?? configuration.Training.Batch,
            Seed = Seed ?? configuration.Training.Seed,
        },
        Reporting = configuration.Reporting with
        {
            LogEvery = LogEvery ?? configuration.Reporting.LogEvery,
            SampleEvery = SampleEvery ?? configuration.Reporting.SampleEvery,
            CheckpointEvery = CheckpointEvery ?? configuration.Reporting.CheckpointEvery,
            Keep = Keep ?? configuration.Reporting.Keep,
        },
    };

    /// <summary>runs/(preset)-(scenes)-(n) with the first n that is free.</summary>
    public static string FreeFolder(RunConfiguration configuration)
    {
        for (int n = 1; ; n++)
        {
            string path = Path.Combine(RunsFolder, $"{configuration.Preset}-{configuration.Training.SceneName}-{n}");
            if (!Path.Exists(path))
                return path;
        }
    }

    /// <summary>Scenes come from one place: naming another takes back what belongs to the one before.</summary>
    private TrainingOptions WithScenes(TrainingOptions training)
    {
        if (Data is not null && (Scenes ?? TrainScenes?.ToString(CultureInfo.InvariantCulture)) is not null)
        {
            throw new OptionException(
                "--data reads scenes from files, --scenes and --train-scenes render them: name one of both.");
        }

        if (Data is not null)
        {
            // A folder that is named from here must be found from elsewhere, and a set that is the only one stay so.
            GqnDataset.Locate(Data, Dataset, out string found);
            return training with
            {
                Data = Path.GetFullPath(Data),
                Dataset = found,
                TrainScenes = null,
                TestScenes = null,
            };
        }

        if (Dataset is not null)
            training = training with { Dataset = GqnDatasetInfo.NameOf(Dataset) };
        if (Scenes is not null || TrainScenes is not null)
            training = training with { Data = null, Dataset = null };
        return training with
        {
            Scenes = Scenes ?? training.Scenes,
            TrainScenes = TrainScenes ?? training.TrainScenes,
        };
    }

    private static LinearSchedule Stretched(LinearSchedule schedule, double ratio) =>
        schedule with { Steps = (long)Math.Round(schedule.Steps * ratio) };
}

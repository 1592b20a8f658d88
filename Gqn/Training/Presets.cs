using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Named configurations.</summary>
public static class Presets
{
    /// <summary>The default preset.</summary>
    public const string Default = "quick";

    /// <summary>Name and purpose of each preset.</summary>
    public static IReadOnlyList<(string Name, string Purpose)> All { get; } =
    [
        ("tiny", "seconds; for tests and trying things out"),
        ("quick", "about ten minutes on two processor cores; the default"),
        ("small", "hours on a processor: 32-pixel images, 6 layers of their own weights"),
        ("paper", "the article's size (table S1): 64-pixel images, 12 layers, two million steps; for a GPU"),
    ];

    /// <summary>Creates the configuration of that name.</summary>
    /// <exception cref="OptionException">There is none; the message lists the presets and the nearest name.</exception>
    public static RunConfiguration Create(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            "tiny" => Tiny(),
            "quick" => Quick(),
            "small" => Small(),
            "paper" => new RunConfiguration { Preset = "paper" },
            _ => throw new OptionException(
                $"There is no preset '{name}'; did you mean '{Spelling.Nearest(name, All.Select(preset => preset.Name))}'? "
                + $"There are {string.Join(", ", All.Select(preset => preset.Name))}."),
        };
    }

    private static RunConfiguration Tiny() => new()
    {
        Preset = "tiny",
        Model = new ModelOptions { ImageSize = 16, RepresentationChannels = 16, Layers = 2, Hidden = 16, LatentChannels = 3 },
        Training = new TrainingOptions
        {
            Steps = 50,
            Batch = 4,
            MaxContexts = 3,
            LearningRate = new LinearSchedule(1e-3, 1e-3, 0),
            Sigma = new LinearSchedule(0.7, 0.7, 0),
        },
        Reporting = new ReportingOptions
        {
            LogEvery = 10,
            SampleEvery = 25,
            CheckpointEvery = 25,
            SampleScenes = 8,
            EvaluationScenes = 16,
        },
    };

    /// <summary>The size of the libtorch peer's "small", so that times are comparable.</summary>
    private static RunConfiguration Small() => new()
    {
        Preset = "small",
        Model = new ModelOptions { ImageSize = 32, RepresentationChannels = 64, Layers = 6, Hidden = 64, LatentChannels = 3 },
        Training = new TrainingOptions
        {
            Steps = 100_000,
            Batch = 8,
            MaxContexts = 5,
            LearningRate = new LinearSchedule(5e-4, 5e-5, 100_000),
            Sigma = new LinearSchedule(2.0, 0.7, 10_000),
            AverageDecay = 0.999,
        },
    };

    /// <summary>
    /// The volume network, which has perspective built in, at a size for ten minutes on a processor: 64 channels, two
    /// layers with 3x3 kernels, and no posterior in nine of ten updates while σ is so large that latents carry nothing
    /// (docs/training.md).
    /// </summary>
    private static RunConfiguration Quick() => new()
    {
        Preset = "quick",
        Model = new ModelOptions
        {
            ImageSize = 32,
            Representation = RepresentationKind.Volume,
            RepresentationChannels = 64,
            Layers = 2,
            Hidden = 64,
            LatentChannels = 3,
            Kernel = 3,
            HeInitialization = true,
        },
        Training = new TrainingOptions
        {
            Steps = 8000,
            Batch = 8,
            MaxContexts = 5,
            LearningRate = new LinearSchedule(1.6e-3, 1e-4, 8000),
            Sigma = new LinearSchedule(2.0, 0.2, 8000, ScheduleShape.Geometric),
            RepeatedQueries = 0.3,
            PosteriorEvery = 10,
            PosteriorFrom = 7200,
            AverageDecay = 0.999,
        },
    };
}

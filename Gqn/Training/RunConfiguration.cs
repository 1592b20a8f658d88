using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>How a model is trained: all that, with the model's options, decides the trained weights.</summary>
public sealed record TrainingOptions
{
    /// <summary>Name of the scenes.</summary>
    public string Scenes { get; init; } = "shepard-metzler-5";

    /// <summary>Seed of the weights, the noise and the choice of scenes and views.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Length of the run, in updates.</summary>
    public long Steps { get; init; } = 2_000_000;

    /// <summary>B, scenes per update.</summary>
    public int Batch { get; init; } = 36;

    /// <summary>K, the most context views of a scene; each update draws M from 1 to K.</summary>
    public int MaxContexts { get; init; } = 5;

    /// <summary>μ, the learning rate.</summary>
    public LinearSchedule LearningRate { get; init; } = new(5e-4, 5e-5, 1_600_000);

    /// <summary>σ, the standard deviation of a pixel.</summary>
    public LinearSchedule Sigma { get; init; } = new(2.0, 0.7, 200_000);

    /// <summary>Constants of the optimiser.</summary>
    public AdamOptions Adam { get; init; } = new();
}

/// <summary>What a run writes, and how often. None of it changes the weights.</summary>
public sealed record ReportingOptions
{
    /// <summary>Steps between lines of metrics.</summary>
    public int LogEvery { get; init; } = 100;

    /// <summary>Steps between sheets of held-out predictions, which also measure the prediction error.</summary>
    public int SampleEvery { get; init; } = 1000;

    /// <summary>Steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 1000;

    /// <summary>How many checkpoints stay; older ones are removed.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Held-out scenes that a sheet's prediction error is measured on.</summary>
    public int SampleScenes { get; init; } = 32;

    /// <summary>Held-out scenes of the evaluation that ends a run.</summary>
    public int EvaluationScenes { get; init; } = 256;
}

/// <summary>Everything needed to repeat a run: the content of config.json.</summary>
public sealed record RunConfiguration
{
    /// <summary>Name of the preset that the run started from; the values below are what counts.</summary>
    public string Preset { get; init; } = Presets.Default;

    /// <summary>The network.</summary>
    public ModelOptions Model { get; init; } = new();

    /// <summary>The training.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>The reports.</summary>
    public ReportingOptions Reporting { get; init; } = new();

    /// <summary>How the configuration is written.</summary>
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

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="OptionException">It is not a configuration, or one with impossible values.</exception>
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

    /// <summary>Checks all values.</summary>
    /// <exception cref="OptionException">One is impossible; the message names it.</exception>
    public void Validate()
    {
        if (Model is null || Training is null || Reporting is null || Training.Adam is null)
        {
            throw new OptionException(
                "The configuration lacks one of the parts model, training, training.adam, reporting.");
        }

        Model.Validate();
        var environment = Gqn.Native.Scenes.Environments.Create(Training.Scenes);
        Require(
            Training.Steps is >= 1 and <= int.MaxValue,
            $"training.steps {Training.Steps} must be from 1 to {int.MaxValue}.");
        Require(Training.Batch is >= 1 and <= 4096, $"training.batch {Training.Batch} must be from 1 to 4096.");
        Require(
            Training.MaxContexts >= 1 && Training.MaxContexts < environment.ViewsPerScene,
            $"training.maxContexts {Training.MaxContexts} must be from 1 to {environment.ViewsPerScene - 1}: "
            + $"a scene of {environment.Name} has {environment.ViewsPerScene} views and one is the query.");
        RequireSchedule("training.learningRate", Training.LearningRate);
        RequireSchedule("training.sigma", Training.Sigma);
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

    private static void RequireSchedule(string name, LinearSchedule schedule) => Require(
        schedule.Initial > 0 && schedule.Final > 0
            && double.IsFinite(schedule.Initial) && double.IsFinite(schedule.Final) && schedule.Steps >= 0,
        $"{name} needs positive, finite initial and final values and steps of at least 0.");

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new OptionException(message);
    }
}

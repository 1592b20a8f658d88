using System.CommandLine;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>step</c>: seconds per training step on a device.</summary>
internal static class StepCommand
{
    /// <summary>Default number of context views of a scene: the mean of what training draws.</summary>
    public const int UsualContexts = 3;

    private const double UsualSeconds = 10;

    public static Command Create()
    {
        var device = MeasureOptions.Device(DeviceCatalog.Auto);
        var precision = MeasureOptions.Precision();
        var seconds = MeasureOptions.Seconds(
            UsualSeconds, "How long to measure, after the first steps; a longer step counts alone");
        var preset = new Option<string>("--preset")
        {
            Description = string.Join(", ", Presets.All.Select(entry => entry.Name)),
            HelpName = "NAME",
            DefaultValueFactory = _ => "small",
        };
        var batch = new Option<int?>("--batch")
        {
            Description = "Scenes per step [default: the preset's]",
            HelpName = "N",
        };
        var contexts = new Option<int>("--contexts")
        {
            Description = "Context views of each scene",
            HelpName = "N",
            DefaultValueFactory = _ => UsualContexts,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Change any value of the configuration, such as model.representation=tower; may be repeated",
            HelpName = "key=value",
            DefaultValueFactory = _ => [],
        };
        var prior = new Option<bool>("--prior") { Description = "Steps without a posterior" };
        var command = new Command(
            "step", "Time training steps on synthetic batches, uploads included; prints one line of JSON.")
        {
            device, precision, preset, batch, contexts, set, prior, seconds,
        };
        command.SetAction(parsed =>
        {
            var configuration = Configure(
                parsed.GetValue(preset)!, parsed.GetValue(batch), parsed.GetValue(contexts));
            configuration = ConfigurationOverrides.Apply(configuration, parsed.GetValue(set)!);
            double time = MeasureOptions.Positive("--seconds", parsed.GetValue(seconds));
            using var opened = DeviceCatalog.Open(
                parsed.GetValue(device)!, MeasureOptions.Parse(parsed.GetValue(precision)));
            var record = Measure(
                configuration, opened, parsed.GetValue(contexts), !parsed.GetValue(prior), time);
            parsed.InvocationConfiguration.Output.WriteLine(record.ToJson());
        });
        return command;
    }

    /// <summary>A preset with a different number of scenes.</summary>
    /// <exception cref="OptionException">There is no such preset, or a number is impossible.</exception>
    public static RunConfiguration Configure(string preset, int? batch, int contexts)
    {
        var configuration = Presets.Create(preset);
        var training = configuration.Training;
        if (contexts < 1 || contexts > training.MaxContexts)
            throw new OptionException($"--contexts {contexts} must be from 1 to {training.MaxContexts}.");
        configuration = configuration with
        {
            Training = training with { Batch = batch ?? training.Batch, MaxContexts = contexts },
        };
        configuration.Validate();
        return configuration;
    }

    private static StepRecord Measure(
        RunConfiguration configuration, Device device, int contexts, bool hasPosterior, double seconds)
    {
        using var loop = new TrainingLoop(configuration, device, contexts, hasPosterior);
        var gpu = device as GpuDevice;
        var timing = StepTiming.Measure(() => loop.Step(), () => gpu?.Synchronize(), seconds);
        // One more step, to count kernels and to check that the timed steps were training.
        long launches = gpu?.Launches ?? 0;
        double loss = loop.Step(read: true);
        launches = (gpu?.Launches ?? 0) - launches;
        return new StepRecord
        {
            Device = device.Description,
            Preset = configuration.Preset,
            Batch = configuration.Training.Batch,
            Contexts = contexts,
            Precision = (gpu?.Precision ?? Precision.Fp32).ToString().ToLowerInvariant(),
            Variant = gpu is { GraphRefusal: null } ? "graph" : "launches",
            MedianSeconds = timing.Median,
            MinSeconds = timing.Min,
            Steps = timing.Steps,
            Rounds = timing.Rounds,
            WarmUpSeconds = timing.WarmUp,
            Launches = gpu is null ? null : launches,
            Bytes = device.AllocatedBytes,
            Parameters = loop.Parameters,
            GraphRefusal = gpu?.GraphRefusal,
            GraphCaptures = gpu?.GraphCaptures,
            GraphInstantiations = gpu?.GraphInstantiations,
            GraphLaunches = gpu?.GraphLaunches,
            Loss = loss,
        };
    }
}

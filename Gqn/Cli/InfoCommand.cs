using System.CommandLine;
using System.Globalization;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn info</c>: prints size, cost and configuration of a model or a preset, without running it.</summary>
internal static class InfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = CommandOptions.Model();
        name.Arity = ArgumentArity.ZeroOrOne;
        var preset = CommandOptions.Word(
            "--preset", "NAME", $"Instead of a model: {CommandOptions.PresetNames} [default: {Presets.Default}]");
        var batch = CommandOptions.Positive("--batch", "Scenes per update [default: the model's or the preset's]");
        var set = CommandOptions.Set();
        var command = new Command("info", "Show the size, the cost and all configuration of a model or a preset.")
        {
            name, preset, batch, set,
        };
        command.SetAction(parsed =>
        {
            var request = new TrainRequest
            {
                Preset = parsed.GetValue(preset),
                Batch = parsed.GetValue(batch),
                Assignments = parsed.GetValue(set)!,
            };
            if (parsed.GetValue(name) is { } path)
            {
                if (request.Preset is not null)
                    throw new OptionException("A model and --preset exclude each other: name one of them.");
                var location = ShippedModels.Installed.Locate(path);
                var saved = location.IsRun ? OfRun(terminal, location.Path) : OfFile(terminal, location.Path);
                Write(terminal, ConfigurationOverrides.Apply(request.WithOptions(saved), request.Assignments));
            }
            else
            {
                Write(terminal, request.ForNewRun());
            }
        });
        return command;
    }

    private static RunConfiguration OfRun(Terminal terminal, string path)
    {
        var directory = new RunDirectory(path);
        var saved = directory.ReadConfiguration();
        string? checkpoint = directory.LatestCheckpoint();
        terminal.WriteField("run", path);
        terminal.WriteField("checkpoint", checkpoint ?? "none yet");
        if (checkpoint is not null)
        {
            bool averaged = RunFiles.Open(directory, () => Checkpoint.HasAverage(checkpoint));
            RunFiles.WarnOfRewritten(terminal, checkpoint);
            terminal.WriteField("weights", averaged ? "raw and average" : "raw");
        }

        return saved;
    }

    private static RunConfiguration OfFile(Terminal terminal, string path)
    {
        var description = WeightsFile.Describe(path);
        RunFiles.WarnOfRewritten(terminal, path);
        terminal.WriteField("file", $"{path}, {Terminal.Bytes(new FileInfo(path).Length)}");
        terminal.WriteField("weights", description.Weights == WeightKind.Raw ? "raw" : "average");
        terminal.WriteField("step", Terminal.Count(description.Step));
        terminal.WriteField("training", description.Training);
        terminal.WriteField("inference", description.CanInfer ? "present" : "absent: it predicts and no more");
        if (description.Figures is { } figures)
            EvaluationTables.WriteSummary(terminal, figures);
        return description.Configuration;
    }

    private static void Write(Terminal terminal, RunConfiguration configuration)
    {
        var plan = ModelPlan.Create(configuration, 0);
        terminal.WriteLine("parameters");
        WriteColumn(terminal, "total", Terminal.Count(plan.Parameters));
        foreach (var (part, count) in Parts(configuration.Model))
            WriteColumn(terminal, part, Terminal.Count(count));
        terminal.WriteLine("a training step");
        WriteColumn(terminal, "multiply-accumulates", Operations(plan.StepMultiplyAccumulates));
        WriteColumn(terminal, "of them forward", Operations(plan.ForwardMultiplyAccumulates));
        terminal.WriteLine("memory, about");
        WriteColumn(terminal, "training", Terminal.Bytes(plan.TrainingBytes));
        WriteColumn(terminal, "weights alone", Terminal.Bytes(plan.WeightBytes));
        terminal.WriteLine("configuration, each to be changed with --set key=value");
        foreach (var (key, value) in ConfigurationOverrides.List(configuration))
            WriteColumn(terminal, key, value);
    }

    /// <summary>Parameter counts, grouped by the first part of the names, in order of declaration.</summary>
    private static IEnumerable<(string Part, long Count)> Parts(ModelOptions model)
    {
        using var device = new PlanningDevice(1);
        using var network = new GenerativeQueryNetwork(model, device, 0);
        return [.. network.Parameters.Parameters
            .GroupBy(parameter => parameter.Name.Split('.')[0])
            .Select(part => (part.Key, part.Sum(parameter => parameter.Shape.Count)))];
    }

    private static void WriteColumn(Terminal terminal, string name, string value) =>
        terminal.WriteLine($"  {name,-33} {value}");

    private static string Operations(long count) => count switch
    {
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:F1} million"),
        < 1_000_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:F1} billion"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{count / 1e12:F2} trillion"),
    };
}

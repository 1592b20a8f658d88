using System.CommandLine;
using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Engine.Io;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn eval</c>: evaluates a trained model on held-out scenes.</summary>
internal static class EvalCommand
{
    private const int MaxScenes = 100_000;

    public static Command Create(Terminal terminal)
    {
        var name = CommandOptions.Model();
        var contexts = new Option<int[]?>("--contexts")
        {
            Description = "Numbers of context views [default: 1,3,5 as far as the run was trained with so many]",
            HelpName = "M,M,...",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (ParseNumbers(text) is { } numbers)
                    return numbers;
                result.AddError($"--contexts {text}: write whole numbers of at least 1 with commas, such as 1,3,5");
                return null;
            },
        };
        var count = CommandOptions.Whole(
            "--count", "Held-out scenes, one query each [default: the run's reporting.evaluationScenes]", 1, MaxScenes);
        var json = CommandOptions.OutputFile("--json", "Write the numbers to this file, too [default: none]");
        var weights = CommandOptions.Weights();
        var sources = new SceneOptions();
        var devices = new DeviceOptions();
        var help = HelpWithNotes.Option(
            "Show all options with their defaults, and what the tables mean.",
            ["The tables:", .. EvaluationTables.Notes]);
        var command = new Command("eval", "Measure a trained model on held-out scenes, beside two baselines.")
        {
            name, contexts, count, json, weights, help,
        };
        sources.AddTo(command);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            sources.Check(parsed);
            using var device = devices.Open(parsed);
            using var model = RunFiles.OpenModel(terminal, parsed.GetValue(name)!, device, parsed.GetValue(weights));
            var configuration = sources.Apply(parsed, model.Configuration);
            using var evaluator = new Evaluator(model.Network, device, configuration);
            int[] numbers = parsed.GetValue(contexts) is { Length: > 0 } named
                ? named
                : Evaluator.UsualContexts(configuration.Training.MaxContexts);
            int scenes = parsed.GetValue(count) ?? configuration.Reporting.EvaluationScenes;
            var report = evaluator.Evaluate(numbers, scenes, model.Step, cancellation) with { Weights = model.Weights };
            string learned = model.Configuration.Training.SceneName;
            string elsewhere = report.Scenes == learned ? string.Empty : $" (it was trained on {learned})";
            terminal.WriteLine(
                $"{parsed.GetValue(name)} after step {Terminal.Count(model.Step)}, "
                + (model.Weights == WeightKind.Average ? "averaged weights, " : string.Empty)
                + $"{Quantity.Of(scenes, "held-out scene")} of {report.Scenes}{elsewhere}:");
            EvaluationTables.Write(terminal, report, configuration.Model.ImageSize);
            if (parsed.GetValue(json) is { } path)
            {
                AtomicFile.WriteText(path, report.ToJson() + "\n");
                terminal.WriteField("numbers", path);
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static int[]? ParseNumbers(string text)
    {
        var numbers = new List<int>();
        foreach (string part in text.Split(','))
        {
            bool whole = int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            if (!whole || number < 1)
                return null;
            numbers.Add(number);
        }

        return [.. numbers];
    }
}

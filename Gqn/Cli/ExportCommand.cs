using System.CommandLine;
using System.CommandLine.Parsing;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn export</c>: writes a run's model as one small weights file.</summary>
internal static class ExportCommand
{
    public static Command Create(Terminal terminal)
    {
        var run = CommandOptions.Run();
        var output = CommandOptions.OutputFile("--out", "The file to write, such as rooms.safetensors");
        output.Required = true;
        var weights = new Option<ExportedWeights?>("--weights")
        {
            Description = "The weights of the last step or their moving average, and their precision, with a comma between "
                + "them [default: the average where there is one, and fp16]",
            HelpName = "raw|average,fp16|fp32",
            CustomParser = result => ParseWeights(result),
        };
        var withoutInference = new Option<bool>("--without-inference")
        {
            Description = "Leave out the inference network: a smaller file that predicts, but neither reconstructs nor "
                + "measures a KL",
        };
        var command = new Command(
            "export",
            "Write a run's model as one file of weights in half precision, for eval, render, info and train --from.")
        {
            run, output, weights, withoutInference,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!;
            var exported = parsed.GetValue(weights) ?? new ExportedWeights(null, Half: true);
            var directory = new RunDirectory(parsed.GetValue(run)!);
            using var device = new CpuDevice();
            using var model = RunFiles.Open(directory, () => TrainedModel.LoadRun(
                directory.Path, device, exported.Kind, !parsed.GetValue(withoutInference)));
            RunFiles.WarnOfRewritten(terminal, directory.LatestCheckpoint());
            var figures = FiguresOf(directory, model);
            WeightsFile.Save(path, model.Network, WeightsDescription.Of(model, figures), exported.Half);
            terminal.WriteField("weights", $"{path}, {Terminal.Bytes(new FileInfo(path).Length)}");
            terminal.WriteField("figures", figures is not null
                ? directory.EvaluationPath
                : $"none: {directory.EvaluationPath} is not there or not of these weights and scenes; "
                    + $"{Terminal.Program} eval {Shell.Quote(directory.Path)} "
                    + $"--json {Shell.Quote(directory.EvaluationPath)}");
        });
        return command;
    }

    private static ExportedWeights? ParseWeights(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        var parsed = new ExportedWeights(null, Half: true);
        foreach (string word in text.Split(','))
        {
            switch (word)
            {
                case "raw":
                    parsed = parsed with { Kind = WeightKind.Raw };
                    break;
                case "average":
                    parsed = parsed with { Kind = WeightKind.Average };
                    break;
                case "fp16" or "fp32":
                    parsed = parsed with { Half = word == "fp16" };
                    break;
                default:
                    result.AddError($"--weights {text}: write raw or average, fp16 or fp32, or one of each: average,fp32");
                    return null;
            }
        }

        return parsed;
    }

    /// <summary>The run's evaluation, if it is of the model's step, kind of weights and scenes; else null.</summary>
    private static EvaluationReport? FiguresOf(RunDirectory directory, TrainedModel model)
    {
        if (!File.Exists(directory.EvaluationPath))
            return null;
        var report = EvaluationReport.Parse(SmallFile.ReadText(directory.EvaluationPath), directory.EvaluationPath);
        return (report.Step, report.Weights, report.Scenes)
            == (model.Step, model.Weights, model.Configuration.Training.SceneName)
            ? report
            : null;
    }

    /// <summary>Which weights are written, and how.</summary>
    private sealed record ExportedWeights(WeightKind? Kind, bool Half);
}

using System.CommandLine;
using Gqn.Native.Engine;
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
        var weights = CommandOptions.Weights();
        var withoutInference = new Option<bool>("--without-inference")
        {
            Description = "Leave out the inference network: a smaller file that predicts, but neither reconstructs nor "
                + "measures a KL",
        };
        var command = new Command(
            "export", "Write a run's model as one file of weights in half precision, for eval, render and info.")
        {
            run, output, weights, withoutInference,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!;
            var directory = new RunDirectory(parsed.GetValue(run)!);
            using var device = new CpuDevice();
            using var model = RunFiles.Open(directory, () => TrainedModel.LoadRun(
                directory.Path, device, parsed.GetValue(weights), !parsed.GetValue(withoutInference)));
            var figures = FiguresOf(directory, model);
            WeightsFile.Save(path, model.Network, WeightsDescription.Of(model, figures));
            terminal.WriteField("weights", $"{path}, {Terminal.Bytes(new FileInfo(path).Length)}");
            terminal.WriteField("figures", figures is not null
                ? directory.EvaluationPath
                : $"none: {directory.EvaluationPath} is not there or not of these weights and scenes; "
                    + $"{Terminal.Program} eval {directory.Path} --json {directory.EvaluationPath}");
        });
        return command;
    }

    /// <summary>The run's evaluation, if it is of the model's step, kind of weights and scenes; else null.</summary>
    private static EvaluationReport? FiguresOf(RunDirectory directory, TrainedModel model)
    {
        if (!File.Exists(directory.EvaluationPath))
            return null;
        var report = EvaluationReport.Parse(File.ReadAllText(directory.EvaluationPath), directory.EvaluationPath);
        return (report.Step, report.Weights, report.Scenes)
            == (model.Step, model.Weights, model.Configuration.Training.SceneName)
            ? report
            : null;
    }
}

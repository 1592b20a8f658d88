using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Experiments;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn experiment</c>: makes an experiment of the article on a trained model.</summary>
internal static class ExperimentCommand
{
    private const string UsualModel = "rooms-ring", UsualFolder = "experiments";
    private const int MinScenes = 2, MaxScenes = 10_000;

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "The experiment; without it all are listed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        name.CompletionSources.Add([.. Experiment.All.Select(experiment => experiment.Name)]);
        var model = CommandOptions.Word(
            "--run", "RUN|MODEL", "The folder of a run, a file of weights, or a shipped model "
            + $"[default: the shipped {UsualModel}]");
        var output = CommandOptions.Word(
            "--out", "DIR", $"The folder for NAME.json and the pictures [default: {UsualFolder}/NAME]");
        var count = CommandOptions.Whole(
            "--scenes", "How many scenes [default: "
            + string.Join(", ", Experiment.All.Select(experiment => $"{experiment.UsualScenes} for {experiment.Name}"))
            + "]", MinScenes, MaxScenes);
        var seed = CommandOptions.Whole(
            "--seed", "Determines scenes, noise and intervals [default: that of the run]", 0UL, ulong.MaxValue);
        var devices = new DeviceOptions();
        var command = new Command(
            "experiment", "Make an experiment of the article on a trained model: numbers, pictures and a verdict.")
        {
            name, model, output, count, seed,
            HelpWithNotes.Option("Show all options with their defaults, and what the verdicts mean.", Notes),
        };
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(name) is not { } wanted)
            {
                List(terminal);
                return Task.FromResult(CommandLine.Success);
            }

            var experiment = Experiment.Find(wanted);
            string subjectName = parsed.GetValue(model) ?? UsualModel;
            string folder = parsed.GetValue(output) ?? Path.Combine(UsualFolder, experiment.Name);
            var location = ShippedModels.Installed.Locate(subjectName);
            using var device = devices.Open(parsed);
            using var trained = RunFiles.OpenModel(terminal, subjectName, device, weights: null);
            using var subject = new ExperimentSubject(
                trained, device, subjectName, parsed.GetValue(seed),
                location.IsRun ? new RunDirectory(location.Path) : null);
            int scenes = parsed.GetValue(count) ?? experiment.UsualScenes;
            long work = experiment.Plan(subject, scenes);
            ExperimentFiles.CreateFolder(folder);
            terminal.WriteField("experiment", $"{experiment.Name} (figure {experiment.Figure}): {experiment.Claim}");
            terminal.WriteField(
                "model", $"{subjectName} after step {Terminal.Count(trained.Step)}, "
                + $"{Quantity.Of(scenes, "scene")} of {subject.Training.SceneName}");
            var display = new ProgressDisplay(
                terminal, work, 0,
                (done, pace) => $"{Terminal.Count(done)} of {Quantity.Of(work, "view")}, "
                    + $"{Quantity.Of((long)pace, "view")}/s");
            ExperimentReport? report = null;
            display.Watch(advance => report = experiment.Run(subject, scenes, advance, cancellation));
            ExperimentTables.Write(terminal, report!.Result);
            foreach (string path in ExperimentFiles.Write(folder, report))
                terminal.WriteField(WhatIsIn(path), path);
            terminal.WriteLine(report.Result.Conclusion);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static string[] Notes { get; } =
    [
        "The verdicts:",
        "reproduced        the 95 % interval of every finding lies where the claim wants it",
        "not reproduced    that of some finding does not",
        "too weak a model  the model cannot do what the experiment presupposes, such as to beat the mean image",
        "Intervals are of the mean over scenes, by the percentile bootstrap.",
    ];

    private static string WhatIsIn(string path) => Path.GetExtension(path) switch
    {
        ".json" => "numbers",
        ".svg" => "chart",
        _ => "picture",
    };

    private static void List(Terminal terminal)
    {
        foreach (var experiment in Experiment.All)
        {
            terminal.WriteField(experiment.Name, $"figure {experiment.Figure}");
            terminal.WriteField("  claim", experiment.Claim);
            terminal.WriteField("  needs", experiment.Needs);
        }

        terminal.WriteLine($"{Terminal.Program} experiment NAME --run RUN makes one of them on the model of a run.");
    }
}

using System.CommandLine;
using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn represent</c>: writes a trained model's representations of scenes as numbers.</summary>
internal static class RepresentCommand
{
    private const int RenderedScenes = 256;

    private static readonly string[] Notes =
    [
        "The file:",
        "rows            scenes in the order of their numbers, which are those of the environment's split, or of the",
        "                records in the order of the files; with --each-view the views of a scene follow one another",
        "columns         the numbers of r, the last index fastest: [channel] of pool and pyramid, [row, column,",
        "                channel] of the tower's map, [z, y, x, channel] of the volume's grid, from the lowest",
        "                coordinates on",
        ".npy            one array of 32-bit floats, rows x the shape of r",
        ".safetensors    that array as r, scene (numbers), view (with --each-view), and cameras: x, y, z, yaw, pitch",
        "                in radians, field of view in degrees, rows x views x 6 (with --each-view rows x 6)",
        ".csv            a header, then the scene's number, the view (with --each-view), r0, r1, ...",
        "Views are counted from 0; the first --contexts views of a scene are shown to the model.",
    ];

    public static Command Create(Terminal terminal)
    {
        var name = CommandOptions.Model();
        var sources = new SceneOptions();
        var split = CommandOptions.Split(SceneSplit.Test);
        var first = CommandOptions.Whole("--first", "Number of the first scene [default: 0]", 0L, long.MaxValue / 2);
        var count = CommandOptions.Positive(
            "--count", $"How many scenes [default: all of a data set, {RenderedScenes} of an environment]");
        var contexts = CommandOptions.Positive(
            "--contexts", "Views of each scene that the model is shown [default: the most that it was trained with]");
        var eachView = new Option<bool>("--each-view")
        {
            Description = "A row for each view instead of the sum over the views of a scene",
        };
        var output = CommandOptions.OutputFile(
            "--out", $"The file to write: {string.Join(", ", RepresentationFile.Extensions)}");
        output.Required = true;
        var weights = CommandOptions.Weights();
        var devices = new DeviceOptions();
        var help = HelpWithNotes.Option("Show all options with their defaults, and what the file holds.", Notes);
        var command = new Command("represent", "Write a trained model's representations of scenes as numbers.")
        {
            name, output, first, count, contexts, eachView, split, weights, help,
        };
        sources.AddTo(command);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string path = parsed.GetValue(output)!;
            RepresentationFile.RequireKnown(path);
            sources.Check(parsed);
            using var device = devices.Open(parsed);
            using var model = RunFiles.OpenModel(terminal, parsed.GetValue(name)!, device, parsed.GetValue(weights));
            var training = sources.Choose(parsed, model.Configuration.Training);
            var part = parsed.GetValue(split) ?? SceneSplit.Test;
            var source = SceneOptions.Open(training, part);
            if (!ReferenceEquals(training, model.Configuration.Training))
                SceneOptions.RequireSight(source, model.Configuration.Model);
            var rows = new SceneRepresentations(
                model, source, parsed.GetValue(first) ?? 0,
                parsed.GetValue(count) ?? (training.Data is null ? RenderedScenes : null),
                parsed.GetValue(contexts) ?? Math.Min(training.MaxContexts, source.ViewsPerScene),
                parsed.GetValue(eachView));
            Write(terminal, path, rows, Metadata(model, source, part), cancellation);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Write(
        Terminal terminal, string path, SceneRepresentations rows, Dictionary<string, string> metadata,
        CancellationToken cancellation)
    {
        terminal.WriteField(
            "scenes", $"{Terminal.Count(rows.Scenes)} of {metadata["scenes"]}, {metadata["split"]}, from number "
            + $"{Terminal.Count(rows.First)} on, {Quantity.Of(rows.Contexts, "view")} of each");
        terminal.WriteField(
            "rows", $"{Terminal.Count(rows.Rows)}, one for each {(rows.EachView ? "view" : "scene")}, of "
            + $"{string.Join(" x ", rows.RowShape)} numbers");
        var display = new ProgressDisplay(
            terminal, rows.Scenes, 0,
            (done, pace) => $"{Terminal.Count(done)} of {Quantity.Of(rows.Scenes, "scene")}, "
                + $"{Quantity.Of((long)pace, "scene")}/s");
        display.Watch(advance => RepresentationFile.Save(path, rows, metadata, advance, cancellation));
        terminal.WriteField("numbers", $"{path}, {Terminal.Bytes(new FileInfo(path).Length)}");
    }

    private static Dictionary<string, string> Metadata(TrainedModel model, SceneSource source, SceneSplit split) =>
        new()
        {
            ["scenes"] = source.Name,
            ["split"] = GqnDatasetInfo.FolderOf(split),
            ["trainedOn"] = model.Configuration.Training.SceneName,
            ["step"] = model.Step.ToString(CultureInfo.InvariantCulture),
            ["weights"] = model.Weights == WeightKind.Raw ? "raw" : "average",
        };
}

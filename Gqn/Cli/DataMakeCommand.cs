using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data make</c>: renders scenes into TFRecord files.</summary>
internal static class DataMakeCommand
{
    private const string TfRecord = "tfrecord";

    public static Command Create(Terminal terminal)
    {
        var environment = new Argument<string>("ENV")
        {
            HelpName = "ENV",
            Description = $"What to render: {string.Join(", ", Environments.Names)}",
        };
        environment.CompletionSources.Add([.. Environments.Names]);
        var scenes = CommandOptions.Positive("--scenes", "How many scenes: those numbered 0 to N-1 of the split");
        scenes.Required = true;
        var output = CommandOptions.Word(
            "--out", "DIR", "Folder of data sets; files go to DIR/NAME/SPLIT under the released set's name");
        output.Required = true;
        var split = CommandOptions.Split();
        var size = CommandOptions.ImageSize("Height and width of the frames, in pixels [default: the released set's]");
        var perFile = CommandOptions.Positive(
            "--scenes-per-file", $"Scenes in each file [default: {GqnDatasetWriter.UsualScenesPerFile}]");
        var frames = CommandOptions.OneOf<FrameFormat?>(
            "--frames", "How frames are stored: jpeg as the released sets have them, png without loss [default: jpeg]",
            ("jpeg", FrameFormat.Jpeg), ("png", FrameFormat.Png));
        var format = CommandOptions.OneOf("--format", $"The kind of files [default: {TfRecord}]", (TfRecord, TfRecord));
        var command = new Command(
            "make", "Render scenes into files in the format of the released data sets. The same command goes on where "
            + "it was stopped.")
        {
            environment, scenes, output, split, size, perFile, frames, format,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var source = Environments.Create(parsed.GetValue(environment)!);
            var contents = new DatasetContents
            {
                Environment = source.Name,
                Version = source.Version,
                Split = parsed.GetValue(split) ?? SceneSplit.Train,
                Scenes = parsed.GetValue(scenes)!.Value,
                ScenesPerFile = parsed.GetValue(perFile) ?? GqnDatasetWriter.UsualScenesPerFile,
                ImageSize = parsed.GetValue(size) ?? source.UsualImageSize,
                Frames = parsed.GetValue(frames) ?? FrameFormat.Jpeg,
            };
            return Task.FromResult(Make(terminal, source, contents, parsed.GetValue(output)!, cancellation));
        });
        return command;
    }

    private static int Make(
        Terminal terminal, SceneEnvironment environment, DatasetContents contents, string folder,
        CancellationToken cancellation)
    {
        var maker = new DatasetMaker(folder, contents);
        string source = GqnDatasetInfo.NameOf(environment.Name);
        long before = maker.ScenesThere;
        string there = before > 0 ? $", {Terminal.Count(before)} of them there already" : string.Empty;
        terminal.WriteField("folder", maker.Path);
        terminal.WriteField(
            "scenes", $"{Terminal.Count(contents.Scenes)} of {environment.Name}, "
            + $"{GqnDatasetInfo.FolderOf(contents.Split)}, "
            + $"{Quantity.Of(environment.ViewsPerScene, "view")} of {contents.ImageSize}x{contents.ImageSize} pixels"
            + there);
        terminal.WriteField("files", Terminal.Count(maker.Files));
        var display = new ProgressDisplay(
            terminal, contents.Scenes, before,
            (done, pace) => $"{Terminal.Count(done)} of {Quantity.Of(contents.Scenes, "scene")}, "
                + $"{Quantity.Of((long)pace, "scene")}/s");
        try
        {
            display.Watch(advance => maker.Make(scenes => advance(scenes), cancellation));
        }
        catch (OperationCanceledException)
        {
            terminal.WriteLine(
                $"Stopped with {Terminal.Count(maker.ScenesThere)} of {Quantity.Of(contents.Scenes, "scene")} "
                + "in whole files; the same command goes on.");
            return CommandLine.Interrupted;
        }

        long made = contents.Scenes - before;
        double pace = made / Math.Max(display.Elapsed.TotalSeconds, 1e-3);
        terminal.WriteLine(made == 0
            ? $"All scenes were there before ({Terminal.Bytes(maker.BytesThere)}); nothing was written."
            : $"Made {Quantity.Of(made, "scene")} in {Duration.Format(display.Elapsed)}, "
                + $"{Quantity.Of((long)pace, "scene")}/s; {Terminal.Bytes(maker.BytesThere)} in all.");
        terminal.WriteField(
            "next", $"{Terminal.Program} data show {Shell.Quote(folder)} --dataset {source} --out sheet.png");
        return CommandLine.Success;
    }
}

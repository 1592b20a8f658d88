using System.CommandLine;
using Gqn.Native.Data;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data check</c>: verifies that data sets can be read in full.</summary>
internal static class DataCheckCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = DataCommand.Folder();
        var command = new Command(
            "check", "Verify every record and decode every frame; names the first fault with its file and byte, and "
            + "ends with exit code 2.")
        {
            folder,
        };
        command.SetAction((parsed, cancellation) =>
        {
            foreach (var dataset in DataCommand.Datasets(parsed.GetValue(folder)!))
                Check(terminal, dataset, cancellation);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Check(Terminal terminal, GqnDataset dataset, CancellationToken cancellation)
    {
        string name = $"{dataset.Name}, {GqnDatasetInfo.FolderOf(dataset.Split)}";
        long bytes = dataset.Files.Sum(file => new FileInfo(file).Length);
        var display = new ProgressDisplay(
            terminal, bytes, 0,
            (done, pace) => $"{name}: {Terminal.Bytes(done)} of {Terminal.Bytes(bytes)}, "
                + $"{Terminal.Bytes((long)pace)}/s");
        DatasetTotals totals = default;
        display.Watch(advance => totals = DatasetCheck.Run(dataset, advance, cancellation));
        string truths = totals.GroundTruths == 0
            ? "no ground truth"
            : totals.GroundTruths == totals.Scenes
                ? "all with ground truth"
                : $"{Terminal.Count(totals.GroundTruths)} with ground truth";
        terminal.WriteLine(
            $"{name}: {Terminal.Count(totals.Scenes)} scenes, {truths}, and {Terminal.Count(totals.Frames)} frames in "
            + $"{Terminal.Count(dataset.Files.Count)} {(dataset.Files.Count == 1 ? "file" : "files")} are in order");
    }
}

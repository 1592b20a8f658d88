using System.CommandLine;
using Gqn.Native.Data;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data check</c>: verifies that data sets can be read in full.</summary>
internal static class DataCheckCommand
{
    /// <summary>How many faults of one split are listed; the others are counted.</summary>
    private const int MostListed = 100;

    public static Command Create(Terminal terminal)
    {
        var folder = DataCommand.Folder();
        var first = new Option<bool>("--first")
        {
            Description = "Stop at the first fault in the order of files and bytes [default: list them all]",
        };
        var command = new Command(
            "check", $"Verify every record and decode every frame; lists the faults (the first {MostListed} of each "
            + "split) with file and byte, and ends with exit code 2 if there are any.")
        {
            folder, first,
        };
        command.SetAction((parsed, cancellation) =>
        {
            Check(terminal, parsed.GetValue(folder)!, parsed.GetValue(first), cancellation);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Check(Terminal terminal, string folder, bool stopAtFirst, CancellationToken cancellation)
    {
        long faults = 0;
        foreach (var open in DataCommand.Splits(folder))
        {
            try
            {
                faults += Check(terminal, open(), stopAtFirst, cancellation);
            }
            catch (DatasetException fault) when (!stopAtFirst)
            {
                terminal.WriteLine(fault.Message);
                faults++;
            }
        }

        if (faults > 0)
        {
            throw new DatasetException(
                folder, null, $"the check found {Quantity.Of(faults, "fault")}, which the output names");
        }
    }

    /// <summary>Checks one split and returns the number of its faults.</summary>
    private static long Check(Terminal terminal, GqnDataset dataset, bool stopAtFirst, CancellationToken cancellation)
    {
        string name = $"{dataset.Name}, {GqnDatasetInfo.FolderOf(dataset.Split)}";
        long bytes = dataset.Files.Sum(DatasetFileCheck.Length);
        var display = new ProgressDisplay(
            terminal, bytes, 0,
            (done, pace) => $"{name}: {Terminal.Bytes(done)} of {Terminal.Bytes(bytes)}, "
                + $"{Terminal.Bytes((long)pace)}/s");
        DatasetFindings findings = null!;
        display.Watch(advance => findings = DatasetCheck.Run(
            dataset, advance, stopAtFirst ? 1 : MostListed, cancellation));
        if (stopAtFirst && findings.Faults is [{ } first, ..])
            throw first;
        foreach (var fault in findings.Faults)
            terminal.WriteLine(fault.Message);
        Write(terminal, name, dataset.Files.Count, findings);
        return findings.FaultCount;
    }

    private static void Write(Terminal terminal, string name, int files, DatasetFindings findings)
    {
        var totals = findings.Totals;
        string truths = totals.GroundTruths == 0
            ? "no ground truth"
            : totals.GroundTruths == totals.Scenes
                ? "all with ground truth"
                : $"{Terminal.Count(totals.GroundTruths)} with ground truth";
        string scenes = $"{Quantity.Of(totals.Scenes, "scene")}, {truths}, and {Quantity.Of(totals.Frames, "frame")}";
        if (findings.TurnedFrames > 0)
        {
            terminal.WriteLine(
                $"{name}: warning: {Quantity.Of(findings.TurnedFrames, "frame")} should be turned according to EXIF, "
                + "which is not followed, so turn the pixels before they are stored; the first is "
                + $"{findings.FirstTurned}");
        }

        if (findings.FaultCount == 0)
        {
            terminal.WriteLine($"{name}: {scenes} in {Quantity.Of(files, "file")} are in order");
            return;
        }

        long others = findings.FaultCount - findings.Faults.Count;
        if (others > 0)
            terminal.WriteLine($"{name}: and {Quantity.Of(others, "more fault")}");
        string sound = totals.Scenes == 0 ? "no scene is in order" : $"{scenes} are in order";
        terminal.WriteLine(
            $"{name}: {Quantity.Of(findings.FaultCount, "fault")} in {Terminal.Count(findings.FaultyFiles)} of "
            + $"{Quantity.Of(files, "file")}; {sound}");
    }
}

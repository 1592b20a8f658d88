using System.CommandLine;
using Gqn.Native.Data;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data info</c>: lists the data sets in a folder.</summary>
internal static class DataInfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = DataCommand.Folder();
        var command = new Command(
            "info", "List the data sets of a folder: files, scenes, views, frames, bytes. Reads the lengths of all "
            + "records and the first scene of each set.")
        {
            folder,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var table = Terminal.Table(
                2, "data set", "split", "files", "scenes", "views", "frames", "size", "ground truth");
            foreach (var dataset in DataCommand.Datasets(parsed.GetValue(folder)!))
                AddRow(table, dataset, cancellation);
            terminal.Console.Write(table);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void AddRow(Spectre.Console.Table table, GqnDataset dataset, CancellationToken cancellation)
    {
        long scenes = 0, bytes = 0;
        for (int file = 0; file < dataset.Files.Count; file++)
        {
            cancellation.ThrowIfCancellationRequested();
            scenes += dataset.CountScenes(file);
            bytes += new FileInfo(dataset.Files[file]).Length;
        }

        string files = dataset.Files.Count == dataset.DeclaredFiles
            ? Terminal.Count(dataset.Files.Count)
            : $"{Terminal.Count(dataset.Files.Count)} of {Terminal.Count(dataset.DeclaredFiles)}";
        (string views, string frames, string truth) = ("-", "-", "-");
        if (FirstScene(dataset) is { } first)
        {
            var picture = first.Decode(0);
            views = Terminal.Count(first.Views);
            frames = $"{picture.Width}x{picture.Height}";
            truth = first.Factors is null ? "no" : "yes";
        }

        Terminal.AddRow(
            table, dataset.Name, GqnDatasetInfo.FolderOf(dataset.Split), files, Terminal.Count(scenes), views, frames,
            Terminal.Bytes(bytes), truth);
    }

    private static SceneRecord? FirstScene(GqnDataset dataset) => Enumerable.Range(0, dataset.Files.Count)
        .Where(file => dataset.CountScenes(file) > 0).Select(file => dataset.ReadFile(file).First()).FirstOrDefault();
}

using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data show</c>: draws scenes with their views and floor plans.</summary>
internal static class DataShowCommand
{
    private const int DefaultScenes = 4, MaxScenes = 100, DefaultViews = 10, MaxViews = 60;

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("ENV|DIR")
        {
            HelpName = "ENV|DIR",
            Description = $"An environment ({string.Join(", ", Environments.Names)}) or a folder of data sets",
        };
        source.CompletionSources.Add([.. Environments.Names]);
        var output = CommandOptions.OutputFile("--out", "The picture, a .png file");
        output.Required = true;
        var scenes = CommandOptions.Whole(
            "--scenes", $"Rows, one scene each [default: {DefaultScenes}, or all if there are fewer]", 1, MaxScenes);
        var first = CommandOptions.Whole("--first", "Number of the first scene [default: 0]", 0L, long.MaxValue);
        var views = CommandOptions.Whole(
            "--views", $"Views of each scene [default: {DefaultViews}, or all if there are fewer]", 1, MaxViews);
        var split = CommandOptions.Split();
        var size = CommandOptions.ImageSize("Height and width of a view, in pixels [default: as usual, or as stored]");
        var name = CommandOptions.Word("--dataset", "NAME", "Which data set of DIR [default: the only one]");
        name.CompletionSources.Add([.. GqnDatasetInfo.All.Select(info => info.Name)]);
        var command = new Command(
            "show", "Draw scenes: views with their numbers, and a floor plan with the cameras as arrows.")
        {
            source, output, scenes, first, views, split, size, name,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!, shown = parsed.GetValue(source)!;
            if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                throw new OptionException($"--out {path}: only .png can be written.");
            var request = new Request(
                parsed.GetValue(split) ?? SceneSplit.Train, parsed.GetValue(first) ?? 0,
                parsed.GetValue(scenes) ?? DefaultScenes, parsed.GetValue(views) ?? DefaultViews,
                parsed.GetValue(size));
            bool isEnvironment = Environments.Names.Contains(shown);
            if (isEnvironment && parsed.GetValue(name) is { } unused)
            {
                throw new OptionException(
                    $"--dataset {unused}: {shown} is an environment; only a folder has data sets.");
            }

            // A word that is neither is treated as an environment: the error then suggests the nearest name.
            bool isWord = !shown.Contains(Path.DirectorySeparatorChar) && !Directory.Exists(shown);
            var sheet = isEnvironment || isWord
                ? DrawEnvironment(Environments.Create(shown), request)
                : DrawDataset(GqnDataset.Open(shown, parsed.GetValue(name), request.Split), request);
            Png.Write(path, sheet);
            terminal.WriteField("picture", path);
        });
        return command;
    }

    private static RgbImage DrawEnvironment(SceneEnvironment environment, Request request)
    {
        int size = request.Size ?? environment.UsualImageSize;
        int views = Math.Min(request.Views, environment.ViewsPerScene);
        var sheet = new SceneSheet($"{environment.Name}, {GqnDatasetInfo.FolderOf(request.Split)}", views, size);
        for (int i = 0; i < request.Scenes; i++)
        {
            var scene = environment.Sample(request.Split, (ulong)(request.First + i));
            var cameras = scene.Cameras[..views].ToArray();
            sheet.Add(
                $"scene {scene.Index}", [.. cameras.Select(camera => scene.Render(camera, size))],
                FloorPlan.Render(scene, views, sheet.PlanSize));
        }

        return sheet.Render();
    }

    private static RgbImage DrawDataset(GqnDataset dataset, Request request)
    {
        SceneSheet? sheet = null;
        int views = Math.Min(request.Views, dataset.ViewsPerScene);
        foreach (var record in Records(dataset, request.First).Take(request.Scenes))
        {
            sheet ??= new SceneSheet(
                $"{dataset.Name}, {GqnDatasetInfo.FolderOf(dataset.Split)}", views,
                request.Size ?? record.Decode(0).Width);
            int size = sheet.ViewSize;
            Camera[] cameras = [.. Enumerable.Range(0, views).Select(record.Camera)];
            sheet.Add(
                $"{Path.GetFileNameWithoutExtension(record.Source.Path)}, byte {record.Source.Offset}",
                [.. Enumerable.Range(0, views).Select(view => record.Decode(view, size))],
                record.ToScene(dataset.Split) is { } scene
                    ? FloorPlan.Render(scene, views, sheet.PlanSize)
                    : FloorPlan.Render(cameras, sheet.PlanSize));
        }

        return sheet?.Render() ?? throw new OptionException(
            $"--first {request.First}: the data set has {Quantity.Of(dataset.CountScenes(), "scene")}, numbered from "
            + "0.");
    }

    /// <summary>The scenes from <paramref name="first"/> on, in file order; files before it are not read.</summary>
    private static IEnumerable<SceneRecord> Records(GqnDataset dataset, long first)
    {
        for (int file = 0; file < dataset.Files.Count; file++)
        {
            int count = dataset.CountScenes(file);
            if (first >= count)
            {
                first -= count;
                continue;
            }

            foreach (long offset in dataset.ReadOffsets(file).Skip((int)first))
                yield return dataset.Read(file, offset);
            first = 0;
        }
    }

    private readonly record struct Request(SceneSplit Split, long First, int Scenes, int Views, int? Size);
}

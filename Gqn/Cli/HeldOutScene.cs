using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>A scene that a run was not trained on, as images of a fixed size.</summary>
internal sealed class HeldOutScene
{
    private readonly Func<int, RgbImage> _view;
    private readonly Func<Camera, RgbImage>? _photograph;

    private HeldOutScene(
        string source, Camera[] cameras, Func<int, RgbImage> view, Func<Camera, RgbImage>? photograph)
    {
        (Source, Cameras) = (source, cameras);
        (_view, _photograph) = (view, photograph);
    }

    /// <summary>The name of the environment or data set that the scene is from.</summary>
    public string Source { get; }

    /// <summary>The cameras of the scene's views.</summary>
    public Camera[] Cameras { get; }

    /// <summary>Whether the scene can also be rendered from arbitrary cameras.</summary>
    public bool CanBePhotographed => _photograph is not null;

    /// <summary>The image of one of the scene's views.</summary>
    public RgbImage View(int view) => _view(view);

    /// <summary>Renders the scene from any camera; requires <see cref="CanBePhotographed"/>.</summary>
    public RgbImage Photograph(Camera camera) => _photograph!(camera);

    /// <summary>Opens a scene.</summary>
    /// <param name="training">The training options of the run, which name the source of its scenes.</param>
    /// <param name="number">The scene's number in the environment's test set, or its place in the test files.</param>
    /// <param name="size">Height and width of the images, in pixels.</param>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    /// <exception cref="OptionException">The data set has fewer scenes.</exception>
    public static HeldOutScene Open(TrainingOptions training, ulong number, int size)
    {
        if (training.Data is not null)
            return Recorded(training.OpenDataset(SceneSplit.Test), number, size);
        var environment = Environments.Create(training.Scenes);
        var scene = environment.Sample(SceneSplit.Test, number);
        return new HeldOutScene(
            environment.Name, scene.Cameras.ToArray(), view => scene.Render(scene.Cameras[view], size),
            camera => scene.Render(camera, size));
    }

    /// <summary>Opens the first scenes of the test set.</summary>
    /// <param name="training">The training options of the run, which name the source of its scenes.</param>
    /// <param name="most">The maximum number of scenes; fewer are opened if the test set is smaller.</param>
    /// <param name="size">Height and width of the images, in pixels.</param>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    /// <exception cref="OptionException">The data set has no scene.</exception>
    public static IReadOnlyList<HeldOutScene> OpenFirst(TrainingOptions training, int most, int size)
    {
        long there = training.TestScenes ?? most;
        if (training.Data is not null)
        {
            there = 0;
            var dataset = training.OpenDataset(SceneSplit.Test);
            for (int file = 0; file < dataset.Files.Count && there < most; file++)
                there += dataset.ReadOffsets(file).Length;
        }

        // The first scene is requested even if there is none, so that opening it reports the absence.
        int count = (int)Math.Clamp(there, 1, most);
        return [.. Enumerable.Range(0, count).Select(number => Open(training, (ulong)number, size))];
    }

    private static HeldOutScene Recorded(GqnDataset dataset, ulong number, int size)
    {
        ulong first = 0;
        for (int file = 0; file < dataset.Files.Count; file++)
        {
            long[] offsets = dataset.ReadOffsets(file);
            if (number - first >= (ulong)offsets.Length)
            {
                first += (ulong)offsets.Length;
                continue;
            }

            var record = dataset.Read(file, offsets[number - first]);
            var scene = record.ToScene(dataset.Split);
            return new HeldOutScene(
                dataset.Name, [.. Enumerable.Range(0, record.Views).Select(record.Camera)],
                view => record.Decode(view, size),
                scene is null ? null : camera => scene.Render(camera, size));
        }

        throw new OptionException(
            $"--scene {number}: the test set of {dataset.Name} has {Quantity.Of((long)first, "scene")}, "
            + "numbered from 0.");
    }
}

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
    private readonly Scene? _scene;
    private readonly int _size;

    private HeldOutScene(string source, Camera[] cameras, Func<int, RgbImage> view, Scene? scene, int size)
    {
        (Source, Cameras) = (source, cameras);
        (_view, _scene, _size) = (view, scene, size);
    }

    /// <summary>The name of the environment or data set that the scene is from.</summary>
    public string Source { get; }

    /// <summary>The cameras of the scene's views.</summary>
    public Camera[] Cameras { get; }

    /// <summary>Whether the scene can also be rendered from arbitrary cameras.</summary>
    public bool CanBePhotographed => _scene is not null;

    /// <summary>The image of one of the scene's views.</summary>
    public RgbImage View(int view) => _view(view);

    /// <summary>Renders the scene from any camera; requires <see cref="CanBePhotographed"/>.</summary>
    public RgbImage Photograph(Camera camera) => _scene!.Render(camera, _size);

    /// <summary>Cameras along a path: of the scene itself or, if only its views are known, past theirs.</summary>
    /// <param name="count">The number of cameras.</param>
    public Camera[] Tour(int count) => _scene?.Tour(count) ?? PathThroughPoses.Through(Cameras, count);

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
            environment.Name, scene.Cameras.ToArray(), view => scene.Render(scene.Cameras[view], size), scene, size);
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
            return new HeldOutScene(
                dataset.Name, [.. Enumerable.Range(0, record.Views).Select(record.Camera)],
                view => record.Decode(view, size), record.ToScene(dataset.Split), size);
        }

        throw new OptionException(
            $"--scene {number}: the test set of {dataset.Name} has {Quantity.Of((long)first, "scene")}, "
            + "numbered from 0.");
    }
}

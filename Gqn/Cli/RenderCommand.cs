using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn render</c>: draws a trained model's predictions.</summary>
internal static class RenderCommand
{
    private const int DefaultScenes = 4, DefaultContexts = 3, DefaultSamples = 4, MaxViews = 360, MaxSamples = 64;
    private static readonly TimeSpan FrameDelay = TimeSpan.FromMilliseconds(120);

    private static readonly string[] Notes =
    [
        "Cameras are " + CameraArgument.Format + ": world units, yaw from the x axis towards y and pitch upwards in",
        "radians, the field of view in degrees [default: that of the scenes]; docs/scenes.md says where the axes are.",
        "Examples: --camera 0,-4.5,0.77,1.5708,0    --context left.jpg@-1.2,-3,0.9,1.2,0.1",
    ];

    public static Command Create(Terminal terminal)
    {
        var name = CommandOptions.Model();
        var scenes = new SceneOptions();
        var scene = CommandOptions.Whole(
            "--scene",
            $"Number of a held-out scene [default: the first {DefaultScenes}; with --orbit or --camera 0]",
            0UL, ulong.MaxValue);
        var contexts = CommandOptions.Positive(
            "--contexts", $"Views that the model is shown [default: {DefaultContexts}, or fewer as in training]");
        var ownPictures = Repeatable(
            "--context", "FILE@CAMERA", "Your own square picture (JPEG, PNG) and its camera, to show the model instead "
            + "of a scene's views; may be repeated; needs --camera or --orbit");
        var cameras = Repeatable(
            "--camera", CameraArgument.Format, "Predict what this camera sees, beside the truth where it is known; may "
            + "be repeated [default: a further view of the scene]");
        var samples = CommandOptions.Whole(
            "--samples", $"Predictions to draw and to average [default: {DefaultSamples}]", 1, MaxSamples);
        var orbit = CommandOptions.Whole(
            "--orbit", "Predict this many views along a path of such cameras as the scenes have: around the object or "
            + "room, through the maze, or past the recorded cameras of files that do not say what they show",
            2, MaxViews);
        var output = CommandOptions.OutputFile(
            "--out", "The picture: .png, or .gif for an animated orbit [default: the model's name, here]");
        var weights = CommandOptions.Weights();
        var devices = new DeviceOptions();
        var help = HelpWithNotes.Option("Show all options with their defaults, and how cameras are written.", Notes);
        var command = new Command(
            "render", "Draw what a trained model predicts of held-out scenes, or of your own pictures.")
        {
            name, scene, contexts, cameras, orbit, ownPictures, samples, output, weights, help,
        };
        scenes.AddTo(command);
        devices.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            int? views = parsed.GetValue(orbit);
            string path = parsed.GetValue(output) ?? UsualPath(parsed.GetValue(name)!, views);
            bool animated = IsAnimated(path, views);
            CameraArgument[] asked =
                [.. parsed.GetValue(cameras)!.Select(text => CameraArgument.Parse("--camera", text))];
            if (views is not null && asked.Length > 0)
                throw new OptionException("--orbit and --camera exclude each other: draw a path or single viewpoints.");
            OwnPicture[] pictures = [.. parsed.GetValue(ownPictures)!.Select(OwnPicture.Parse)];
            scenes.Check(parsed);
            if (pictures.Length > 0)
            {
                RequireNoScene(
                    parsed.GetValue(scene) is not null ? "--scene"
                    : parsed.GetValue(contexts) is not null ? "--contexts" : scenes.Given(parsed));
                if (views is null && asked.Length == 0)
                {
                    throw new OptionException(
                        "--context needs --camera or --orbit, which say what to predict from your pictures.");
                }
            }

            using var device = devices.Open(parsed);
            using var model = RunFiles.OpenModel(terminal, parsed.GetValue(name)!, device, parsed.GetValue(weights));
            var predictions = new Predictions(
                model, parsed.GetValue(samples) ?? DefaultSamples, asked, views, cancellation);
            var drawing = pictures.Length > 0
                ? OfPictures(predictions, pictures)
                : OfScenes(
                    predictions, scenes.Apply(parsed, model.Configuration), parsed.GetValue(scene),
                    parsed.GetValue(contexts));
            if (animated)
                Gif.Write(path, drawing.Scene.DrawFrames(drawing.Tour), FrameDelay);
            else
                Png.Write(path, drawing.Render());
            bool isStrip = views is not null && !animated && drawing.Scene.Photograph is not null;
            terminal.WriteField("picture", path + (isStrip ? ": the truth above, predictions below" : string.Empty));
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    /// <summary>The model's name in the current folder: a .gif for an orbit, else a .png.</summary>
    internal static string UsualPath(string model, int? views)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        if (name.EndsWith(WeightsFile.Extension, StringComparison.Ordinal))
            name = name[..^WeightsFile.Extension.Length];
        return name + (views is null ? ".png" : ".gif");
    }

    private static Option<string[]> Repeatable(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
    };

    private static bool IsAnimated(string path, int? views)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return (extension, views) switch
        {
            (".png", _) => false,
            (".gif", not null) => true,
            (".gif", null) => throw new OptionException(
                $"--out {path}: an animation needs --orbit N; a single view goes to a .png file."),
            _ => throw new OptionException($"--out {path}: only .png and, for an orbit, .gif can be written."),
        };
    }

    private static void RequireNoScene(string? option)
    {
        if (option is not null)
        {
            throw new OptionException(
                $"--context shows the model your own pictures instead of a scene's: leave out {option}.");
        }
    }

    private static Drawing OfPictures(Predictions wanted, OwnPicture[] pictures)
    {
        var configuration = wanted.Model.Configuration;
        float usual = UsualFieldOfView(configuration);
        Camera[] taken = [.. pictures.Select(picture => picture.Camera.ToCamera(usual, configuration.Model))];
        if (ViewGeometry.Of(configuration.Model) is { } geometry && !taken.Any(camera => geometry.IsInSight(camera)))
        {
            throw new OptionException(
                $"--context: the model knows the box from {geometry.Bounds.Low} to {geometry.Bounds.High} alone, and "
                + "none of your cameras sees anything of it: give them in the axes and units of its scenes.");
        }

        RgbImage[] images = [.. pictures.Select(picture => picture.Read(configuration.Model.ImageSize))];
        var tour = wanted.Views is { } views ? PathBetween(taken, views) : [];
        var scene = new PredictedScene(wanted.Model, images, taken, wanted.Samples, wanted.Cancellation);
        return new Drawing(scene, wanted.Asked(scene, usual), tour);
    }

    private static Drawing OfScenes(Predictions wanted, RunConfiguration configuration, ulong? number, int? contexts)
    {
        var training = configuration.Training;
        int size = configuration.Model.ImageSize, shown = contexts ?? Math.Min(DefaultContexts, training.MaxContexts);
        var heldOut = number is null && wanted.Views is null && wanted.Cameras.Length == 0
            ? HeldOutScene.OpenFirst(training, DefaultScenes, size)
            : [HeldOutScene.Open(training, number ?? 0, size)];
        PredictedScene[] scenes =
        [
            .. heldOut.Select(
                held => PredictedScene.Of(wanted.Model, held, shown, wanted.Samples, wanted.Cancellation)),
        ];
        var first = heldOut[0];
        var questions = wanted.Cameras.Length > 0
            ? wanted.Asked(scenes[0], first.Cameras[0].FieldOfViewDegrees)
            : [.. heldOut.Select((held, i) => new Question(scenes[i], held.Cameras[shown], held.View(shown)))];
        return new Drawing(scenes[0], questions, wanted.Views is { } views ? first.Tour(views) : []);
    }

    /// <summary>A path between the cameras of own pictures.</summary>
    private static Camera[] PathBetween(Camera[] taken, int count) => taken.Distinct().Count() > 1
        ? PathThroughPoses.Through(taken, count)
        : throw new OptionException(
            "--orbit leads past the cameras of your pictures, so there must be two different ones: add a --context, or "
            + "name viewpoints with --camera.");

    /// <summary>The field of view of the scenes that a model was trained on, in degrees.</summary>
    private static float UsualFieldOfView(RunConfiguration configuration)
    {
        if (configuration.Model.FieldOfViewDegrees is { } known)
            return (float)known;
        string? environment = configuration.Training.Data is null
            ? configuration.Training.Scenes
            : GqnDatasetInfo.Find(configuration.Training.SceneName)?.Environment;
        return environment is null
            ? SceneRecord.UsualFieldOfView
            : Environments.Create(environment).FixedViews(1)[0].FieldOfViewDegrees;
    }

    /// <summary>What a model is asked for.</summary>
    private sealed record Predictions(
        TrainedModel Model, int Samples, CameraArgument[] Cameras, int? Views, CancellationToken Cancellation)
    {
        /// <summary>The named cameras as questions for a scene.</summary>
        public Question[] Asked(PredictedScene scene, float usualFieldOfView) =>
            [.. Cameras.Select(camera => scene.Ask(camera.ToCamera(usualFieldOfView, Model.Configuration.Model)))];
    }

    /// <summary>What is drawn: a path through a scene or, if that is empty, questions.</summary>
    private sealed record Drawing(PredictedScene Scene, Question[] Questions, Camera[] Tour)
    {
        public RgbImage Render() => Tour.Length > 0 ? Scene.DrawStrip(Tour) : PredictedScene.DrawRows(Questions);
    }
}

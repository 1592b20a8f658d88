using System.CommandLine;
using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Photographs;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data import</c>: makes a data set of photographs with known cameras.</summary>
internal static class DataImportCommand
{
    private const string Notes = """
        Poses are in transforms.json, as NeRF and instant-ngp have it (COLMAP's through colmap2nerf.py):
          {"camera_angle_x": 0.7, "frames": [{"file_path": "images/1.jpg", "transform_matrix": [[1, 0, 0, 0], ...]}]}
        or in poses.csv, a line for each picture: file,x,y,z,yaw,pitch (z up, angles in radians), with --fov:
          images/1.jpg,0.5,-2,1.6,1.57,-0.1

        A folder with poses is one scene; a folder of such folders is as many. Of several scenes, some are held out for
        tests; of one scene, some pictures. Cameras have no roll: pictures are turned until the horizon is level.

        Examples:
          gqn data import room --out data                      room/transforms.json; data/room/train and test
          gqn data import rooms --out data --size 128 --fit    rooms/1/transforms.json, rooms/2/transforms.json, ...
          gqn data import walk --out data --views 10 --consecutive
          gqn data import robot --out data --fov 60 --degrees  robot/poses.csv
        """;

    public static Command Create(Terminal terminal)
    {
        var defaults = new ImportOptions();
        string usualShare = defaults.Division.TestShare.ToString(CultureInfo.InvariantCulture);
        var folder = new Argument<string>("DIR")
        {
            Description = "The folder of the pictures and their poses, or of a folder for each scene",
        };
        var output = CommandOptions.Word("--out", "DIR", "Folder of data sets; files go to DIR/NAME/SPLIT");
        output.Required = true;
        var name = CommandOptions.Word("--name", "NAME", "Name of the data set [default: that of the folder]");
        var poses = CommandOptions.Word(
            "--poses", "FILE", "Name of the file of poses, .json or .csv [default: transforms.json or poses.csv]");
        var fieldOfView = CommandOptions.Between(
            "--fov", "DEGREES", "Angle that the shorter side of the pictures spans, where the poses do not say it", 0,
            180);
        var degrees = new Option<bool>("--degrees")
        {
            Description = "Angles in poses.csv are in degrees [default: radians]",
        };
        var up = CommandOptions.OneOf<UpAxis?>(
            "--up", "Which axis of transforms.json points up [default: z, as in instant-ngp]",
            ("z", UpAxis.Z), ("y", UpAxis.Y));
        var scale = CommandOptions.Between(
            "--scale", "S", "Multiply positions by this [default: 1]", 0, double.PositiveInfinity);
        var fit = new Option<bool>("--fit")
        {
            Description = "Move and scale each scene so that x, y and z of its cameras are within "
                + $"-{ImportOptions.FitRange} and {ImportOptions.FitRange}",
        };
        var size = CommandOptions.ImageSize(
            $"Height and width of the frames, in pixels [default: {defaults.ImageSize}]");
        var frames = CommandOptions.OneOf<FrameFormat?>(
            "--frames", "How frames are stored: jpeg of quality 95, or png without loss [default: jpeg]",
            ("jpeg", FrameFormat.Jpeg), ("png", FrameFormat.Png));
        var background = CommandOptions.OneOf<Rgb?>(
            "--background", "What shows through where pictures are transparent [default: white]",
            ("black", Rgb.Black), ("white", Rgb.White));
        var views = CommandOptions.Whole(
            "--views", "Pictures of a record; a scene becomes as many records as it suffices for [default: all of a "
            + "lone scene, else as many as the smallest scene has]", 2, SceneRecord.MaxViews);
        var consecutive = new Option<bool>("--consecutive")
        {
            Description =
                "A record takes pictures that follow each other, as of a walk [default: spread over the scene]",
        };
        var share = CommandOptions.Between(
            "--test-share", "SHARE", $"Fraction held out for tests, at least one scene, or {RecordPlan.UsefulViews} "
            + $"pictures of a lone scene [default: {usualShare}]", 0, 1);
        var seed = CommandOptions.Whole(
            "--seed", $"Which pictures and scenes go where [default: {defaults.Division.Seed}]", 0UL, ulong.MaxValue);
        var help = HelpWithNotes.Option(
            "Show all options with their defaults, both kinds of poses, and examples.", [Notes]);
        var command = new Command(
            "import", "Make a data set of photographs with known cameras, to train with.")
        {
            folder, output, name, poses, fieldOfView, degrees, up, scale, fit, size, frames, background, views,
            consecutive, share, seed, help,
        };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(scale) is not null && parsed.GetValue(fit))
                throw new OptionException("--scale and --fit exclude each other: --fit chooses the scale.");
            string from = parsed.GetValue(folder)!;
            var options = new ImportOptions
            {
                Poses = parsed.GetValue(poses),
                Conventions = new PoseConventions
                {
                    Up = parsed.GetValue(up),
                    Degrees = parsed.GetValue(degrees),
                    FieldOfView = parsed.GetValue(fieldOfView) * (Math.PI / 180),
                },
                Division = new DivisionOptions
                {
                    Views = parsed.GetValue(views),
                    Consecutive = parsed.GetValue(consecutive),
                    TestShare = parsed.GetValue(share) ?? defaults.Division.TestShare,
                    Seed = parsed.GetValue(seed) ?? defaults.Division.Seed,
                },
                ImageSize = parsed.GetValue(size) ?? defaults.ImageSize,
                Frames = parsed.GetValue(frames) ?? defaults.Frames,
                Background = parsed.GetValue(background) ?? defaults.Background,
                Scale = parsed.GetValue(scale),
                Fit = parsed.GetValue(fit),
            };
            string called = parsed.GetValue(name)
                ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(from)));
            var import = new PhotographImport(from, parsed.GetValue(output)!, called, options);
            Write(terminal, import, options, cancellation);
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Write(
        Terminal terminal, PhotographImport import, ImportOptions options, CancellationToken cancellation)
    {
        terminal.WriteField("folder", import.Path);
        for (int scene = 0; scene < import.Scenes.Count; scene++)
            terminal.WriteField("scene", Describe(import, scene));
        var photographs = import.Scenes.SelectMany(scene => scene.Photographs).ToArray();
        var turned = photographs.Where(photograph => photograph.IsTurned).ToArray();
        if (turned.Length > 0)
        {
            string ofWhich = Array.TrueForAll(turned, photograph => photograph.IsPoseOfUpright) ? "turned" : "stored";
            terminal.WriteField(
                "upright",
                $"{Quantity.Of(turned.Length, "picture")} turned as EXIF says; the poses fit the {ofWhich} pictures");
        }

        terminal.WriteField("roll", Roll(photographs));
        string scale = options.Fit ? "fitted" : options.Scale is { } factor
            ? string.Create(CultureInfo.InvariantCulture, $"times {factor}")
            : "as they are";
        terminal.WriteField(
            "cameras",
            $"{Box(ImportedScene.BoxOf(import.Scenes.SelectMany(scene => scene.Cameras)))}, positions {scale}");
        terminal.WriteField("views", string.Create(
            CultureInfo.InvariantCulture,
            $"{options.ImageSize}x{options.ImageSize} pixels, field of view {import.FieldOfViewDegrees:0.00} degrees"));
        foreach (string warning in import.Warnings)
            terminal.WriteField("warning", warning);
        var display = new ProgressDisplay(
            terminal, import.Views, 0,
            (done, pace) => string.Create(
                CultureInfo.InvariantCulture, $"{done:N0} of {import.Views:N0} pictures, {pace:N1} pictures/s"));
        SceneBounds bounds = default;
        display.Watch(advance => bounds = import.Write(advance, cancellation));
        terminal.WriteField("box", $"{Box(bounds)}: where the scenes are, as far as the poses tell");
        terminal.WriteLine($"Imported {Quantity.Of(import.Views, "picture")} in {Duration.Format(display.Elapsed)}.");
        terminal.WriteField("next", $"{Terminal.Program} data check {Shell.Quote(import.Path)}");
        terminal.WriteField(string.Empty, $"{Terminal.Program} data show {Shell.Quote(import.Path)} --out sheet.png");
        terminal.WriteField(string.Empty, $"{Terminal.Program} train --data {Shell.Quote(import.Path)}");
    }

    /// <summary>One line: what a scene has and what becomes of it.</summary>
    private static string Describe(PhotographImport import, int index)
    {
        var scene = import.Scenes[index];
        string[] sizes = [.. scene.Photographs.Select(photograph => photograph.Size).Distinct()];
        string[] records = [Records("train", import.Plan.Train), Records("test", import.Plan.Test)];
        string fate = string.Join(" and ", records.Where(text => text.Length > 0));
        string scale = scene.Scale == 1
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $", scaled by {scene.Scale:0.####}");
        return $"{scene.Name}: {Quantity.Of(scene.Photographs.Count, "picture")} of {sizes[0]} pixels"
            + (sizes.Length > 1 ? " and other sizes" : string.Empty) + scale + ": "
            + (fate.Length > 0 ? fate : "left out");

        string Records(string split, IReadOnlyList<PlannedRecord> planned)
        {
            var own = planned.Where(record => record.Scene == index).ToArray();
            return own.Length > 0
                ? $"{Quantity.Of(own.Length, $"{split} record")} of {own[0].Views.Count} views"
                : string.Empty;
        }
    }

    private static string Roll(Photograph[] photographs)
    {
        var leaning = photographs.MaxBy(photograph => Math.Abs(photograph.Lean))!;
        double degrees = Math.Abs(leaning.Lean) * (180 / Math.PI);
        return degrees < 0.005
            ? "none"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"up to {degrees:0.00} degrees ({leaning.File}), removed by turning the pictures");
    }

    private static string Box(SceneBounds box)
    {
        return $"{Side("x", box.Low.X, box.High.X)}, {Side("y", box.Low.Y, box.High.Y)}, "
            + Side("z", box.Low.Z, box.High.Z);

        static string Side(string name, float low, float high) =>
            string.Create(CultureInfo.InvariantCulture, $"{name} {low:0.###} to {high:0.###}");
    }
}

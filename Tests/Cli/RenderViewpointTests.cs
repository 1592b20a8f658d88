using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Viewpoints, pictures and scenes that the user names.</summary>
public sealed class RenderViewpointTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private const int Size = 16, Scale = 6, Gap = 4, Header = 15;

    private static readonly Scene Known = Environments.Create("rooms-ring").Sample(SceneSplit.Test, 3);

    [Fact]
    public async Task ACameraIsDrawnBesideTheTruth()
    {
        var sheet = await Render("--scene 3 --contexts 2 --samples 1", "--camera", "1,-2.5,0.8,1.25,-0.2,60",
            "--camera", Written(Known.Cameras[2]), "--camera", "-1,0,1,0,0");
        // Two contexts, the truth and the prediction; a row for each camera.
        Assert.Equal((Gap + (4 * 100), Header + (3 * 100)), (sheet.Width, sheet.Height));
        AssertCell(sheet, 0, 0, Known.Render(Known.Cameras[0], Size));
        AssertCell(sheet, 1, 2, Known.Render(Known.Cameras[1], Size));
        AssertCell(sheet, 2, 0, Known.Render(new Camera(1, -2.5f, .8f, 1.25f, -.2f, 60), Size));
        AssertCell(sheet, 2, 1, Known.Render(Known.Cameras[2], Size));
        AssertCell(sheet, 2, 2, Known.Render(new Camera(-1, 0, 1, 0, 0, 45), Size));
        // The scene's own next view is what render asks for without a camera.
        var usual = await Render("--scene 3 --contexts 2 --samples 1");
        Assert.Equal(Cell(usual, 3, 0), Cell(sheet, 3, 1));
        Assert.NotEqual(Cell(sheet, 3, 0), Cell(sheet, 3, 1));
    }

    [Theory]
    [InlineData(Size)]
    [InlineData(48)]
    public async Task OwnPicturesAreContexts(int size)
    {
        string[] files = [trained[$"a@{size}.png"], trained[$"b{size}.jpg"]];
        File.WriteAllBytes(files[0], Png.Encode(Known.Render(Known.Cameras[0], size)));
        File.WriteAllBytes(files[1], Jpeg.Encode(Known.Render(Known.Cameras[1], size), 100));
        string query = "0.5,-4,0.77,1.7,0";
        string[] own =
        [
            "--context", $"{files[0]}@{Written(Known.Cameras[0])}",
            "--context", $"{files[1]}@{Written(Known.Cameras[1])}",
        ];
        var sheet = await Render("--samples 2 --camera " + query, own);
        // Two contexts, the mean of the samples and both of them; no truth.
        Assert.Equal((Gap + (5 * 100), Header + 100), (sheet.Width, sheet.Height));
        var resampled = new RgbImage(Size, Size);
        new SquareResampler(size, Size).Resample(Known.Render(Known.Cameras[0], size).Bytes, resampled.Bytes);
        AssertCell(sheet, 0, 0, resampled);
        var scene = await Render("--scene 3 --contexts 2 --samples 2 --camera " + query);
        // The same pictures, but for JPEG and resampling, give the same prediction, but for rounding.
        byte[] expected = Cell(scene, 3, 0), actual = Cell(sheet, 2, 0);
        Assert.True(expected.Zip(actual).Average(pair => Math.Abs(pair.First - pair.Second)) < 1.5);

        var strip = await Render("--samples 1 --orbit 3", own);
        Assert.Equal((Gap + (3 * 100), Header + 100), (strip.Width, strip.Height));
        // The path begins at the first picture's camera and is at the second's after half of it.
        var first = await Render("--samples 1 --camera " + Written(Known.Cameras[0]), own);
        Assert.Equal(Cell(first, 2, 0), Cell(strip, 0, 0));
        (await CommandRun.Of("render --orbit 4", [trained.Run, .. own[..2], "--out", trained["never.png"]]))
            .Refused("--orbit leads past the cameras of your pictures, so there must be two different ones");
    }

    [Fact]
    public async Task ScenesOfAnotherEnvironmentOrDataSetAreDrawn()
    {
        var maze = Environments.Create("mazes").Sample(SceneSplit.Test, 2);
        var sheet = await Render("--scenes mazes --scene 2 --contexts 2 --samples 1");
        AssertCell(sheet, 1, 0, maze.Render(maze.Cameras[1], Size));
        AssertCell(sheet, 2, 0, maze.Render(maze.Cameras[2], Size));
        var strip = await Render("--scenes mazes --scene 2 --samples 1 --orbit 3");
        var tour = maze.Tour(3);
        for (int view = 0; view < 3; view++)
            AssertCell(strip, view, 0, maze.Render(tour[view], Size));
        // A camera without a field of view has that of the scene's.
        var wide = await Render("--scenes mazes --scene 2 --contexts 1 --samples 1 --camera 0,0,0.5,1,0");
        AssertCell(wide, 1, 0, maze.Render(new Camera(0, 0, .5f, 1, 0, 80), Size));

        var jaco = Environments.Create("jaco");
        foreach (string name in (string[])["jaco", "mine"])
        {
            var writer = new GqnDatasetWriter(trained["sets"], name, SceneSplit.Test, 3);
            writer.WriteFile(0, Enumerable.Range(0, 3).Select(i =>
            {
                var whole = SceneRecord.Render(jaco, SceneSplit.Test, (ulong)i, Size, FrameFormat.Png);
                return name == "jaco" ? whole : new SceneRecord(whole.Frames, whole.Cameras);
            }));
        }

        string[] data = ["--data", trained["sets"]];
        (await CommandRun.Of("render", [trained.Run, .. data, "--out", trained["never.png"]]))
            .Refused("there are several data sets, name one of them: jaco, mine");
        var recorded = await Render("--dataset jaco --scene 1 --contexts 3 --samples 1", data);
        var arm = jaco.Sample(SceneSplit.Test, 1);
        AssertCell(recorded, 0, 0, arm.Render(arm.Cameras[0], Size));
        AssertCell(recorded, 3, 0, arm.Render(arm.Cameras[3], Size));
        // Without ground truth a camera of one's own has no truth beside it.
        var unknown = await Render("--dataset mine --scene 1 --contexts 2 --samples 1 --camera 4,0,2,3,-0.3", data);
        Assert.Equal(Gap + (3 * 100), unknown.Width);
        (await CommandRun.Of(
            "render --dataset mine --scene 3", [trained.Run, .. data, "--out", trained["never.png"]]))
            .Refused("--scene 3: the test set of mine has 3 scenes, numbered from 0.");
    }

    [Theory]
    [InlineData("--camera 1,2,3", "--camera 1,2,3: write a camera as x,y,z,yaw,pitch[,fov]")]
    [InlineData("--camera 1,2,3,4,0,45,6", "write a camera as x,y,z,yaw,pitch[,fov]")]
    [InlineData("--camera 1,2,x,0,0", "write a camera as x,y,z,yaw,pitch[,fov]")]
    [InlineData("--camera 1,2,NaN,0,0", "write a camera as x,y,z,yaw,pitch[,fov]")]
    [InlineData("--camera 1,2e9,1,0,0", "y is beyond a million units.")]
    [InlineData("--camera 1,2,1,90,0", "beyond a full turn; angles are in radians, and 90 degrees are 1.5708.")]
    [InlineData("--camera 1,2,1,0,-20", "the pitch is beyond straight up or down; angles are in radians")]
    [InlineData("--camera 1,2,1,0,0,180", "the field of view is above 0 and below 180 degrees.")]
    [InlineData("--camera 1,2,1,0,0 --orbit 4", "--orbit and --camera exclude each other")]
    [InlineData("--camera 1,2,1,0,0 --out a.gif", "an animation needs --orbit N")]
    [InlineData("--context nowhere.png@1,2,1,0,0 --camera 1,2,1,0,0", "--context nowhere.png: there is no such file.")]
    [InlineData("--context nowhere.png --camera 1,2,1,0,0", "--context nowhere.png: write FILE@x,y,z,yaw,pitch[,fov]")]
    [InlineData("--context PICTURE@1,2,1,99,0", "the yaw is beyond a full turn")]
    [InlineData("--context PICTURE@1,2,1,0,0", "--context needs --camera or --orbit")]
    [InlineData("--context PICTURE@1,2,1,0,0 --camera 1,2,1,0,0 --scene 0", "leave out --scene.")]
    [InlineData("--context PICTURE@1,2,1,0,0 --camera 1,2,1,0,0 --contexts 1", "leave out --contexts.")]
    [InlineData("--context PICTURE@1,2,1,0,0 --camera 1,2,1,0,0 --scenes jaco", "leave out --scenes.")]
    [InlineData("--context PICTURE@1,2,1,0,0 --camera 1,2,1,0,0 --data x", "leave out --data.")]
    [InlineData("--context PICTURE@1,2,1,0,0 --camera 1,2,1,0,0", "the picture has 12x10 pixels; crop it to a square")]
    [InlineData("--context TEXT@1,2,1,0,0 --orbit 3", "the picture cannot be read: it is neither a JPEG nor a PNG")]
    [InlineData("--scenes jaco --data x", "--scenes renders scenes, --data reads them from files: name one of both.")]
    [InlineData("--dataset jaco", "--dataset jaco needs --data")]
    [InlineData("--scenes jako", "No scene environment is called 'jako'; did you mean 'jaco'")]
    [InlineData("--data nowhere", "Data 'nowhere': there is no such folder.")]
    [InlineData("--scenes rooms-free --contexts 10", "--contexts 10: a scene of rooms-free has 10 views")]
    public async Task ImpossibleRequestsAreRefused(string options, string sentence)
    {
        string picture = trained["oblong.png"], text = trained["text.png"];
        Png.Write(picture, new RgbImage(12, 10));
        File.WriteAllText(text, "no picture");
        string words = options.Replace("PICTURE", picture, StringComparison.Ordinal)
            .Replace("TEXT", text, StringComparison.Ordinal);
        string[] to = words.Contains("--out", StringComparison.Ordinal) ? [] : ["--out", trained["never.png"]];
        (await CommandRun.Of("render " + words, [trained.Run, .. to])).Refused(sentence);
        Assert.False(File.Exists(trained["never.png"]));
    }

    [Fact]
    public async Task WhatAModelWithAVolumeWouldNotSeeIsRefused()
    {
        string run = trained["narrow"];
        (await CommandRun.Of(
            "train --preset tiny --set model.representation=volume --set model.volume.width=4 "
            + "--set model.volume.height=2 --set model.fieldOfViewDegrees=45 --set reporting.evaluationScenes=2 "
            + "--steps 1 --threads 1 --out", run))
            .Succeeded();
        (await CommandRun.Of("render --camera 0,-4,1,1.5,0,60", run, "--out", trained["never.png"]))
            .Refused("--camera: the model takes all pictures to have a field of view of 45 degrees");
        string picture = trained["near.png"];
        Png.Write(picture, Known.Render(Known.Cameras[0], Size));
        (await CommandRun.Of(
            "render --camera 0,-4,1,1.5,0 --context", $"{picture}@0,-4,1,-1.5,0", run, "--out", trained["never.png"]))
            .Refused("and none of your cameras sees anything of it");
        (await CommandRun.Of(
            "render --camera 0,-4,1,1.5,0 --context", $"{picture}@0,-4,1,1.5,0", run, "--out", trained["near-out.png"]))
            .Succeeded();
        (await CommandRun.Of("render --camera 0,-4,1,1.5,0,45", run, "--out", trained["narrow.png"])).Succeeded();
    }

    private static string Written(Camera camera) => string.Create(
        CultureInfo.InvariantCulture, $"{camera.X},{camera.Y},{camera.Z},{camera.Yaw},{camera.Pitch}");

    private async Task<ImageResult> Render(string options, params string[] more)
    {
        string path = trained[$"{Guid.NewGuid():N}.png"];
        (await CommandRun.Of("render --threads 1 " + options, [trained.Run, "--out", path, .. more])).Succeeded();
        return ImageResult.FromMemory(File.ReadAllBytes(path), ColorComponents.RedGreenBlue);
    }

    private static void AssertCell(ImageResult sheet, int column, int row, RgbImage expected) =>
        Assert.Equal(expected.Bytes.ToArray(), Cell(sheet, column, row));

    /// <summary>A picture of a sheet, from one pixel of each enlarged one.</summary>
    private static byte[] Cell(ImageResult sheet, int column, int row)
    {
        byte[] cell = new byte[Size * Size * 3];
        for (int i = 0; i < cell.Length; i++)
        {
            int x = Gap + (column * ((Size * Scale) + Gap)) + (i / 3 % Size * Scale);
            int y = Header + (row * ((Size * Scale) + Gap)) + (i / 3 / Size * Scale);
            cell[i] = sheet.Data[(((y * sheet.Width) + x) * 3) + (i % 3)];
        }

        return cell;
    }
}

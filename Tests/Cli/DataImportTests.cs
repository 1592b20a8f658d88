using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Photographs;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Photographs;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Rendered pictures go through the form of photographs and come back as the views they were.</summary>
public sealed class DataImportTests : IDisposable
{
    private const int Side = 64, View = 48;

    private static readonly Scene Room = Environments.Create("rooms-free").Sample(SceneSplit.Test, 3);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Pictures that EXIF turns, with poses of the pictures as they are shown and as they are
    /// stored.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ImportedViewsAndCamerasAreThoseThatWereRendered(bool posesOfStored)
    {
        var cameras = PhotographedRoom.Cameras(20);
        Assert.Contains(cameras, camera => camera.Pitch > 0.05f);
        Assert.Contains(cameras, camera => camera.Pitch < -0.05f);
        PhotographedRoom.Write(_folder["room"], Room, cameras, Side, [1, 3, 6, 8], posesOfStored);
        string output = (await Import("room", $"--size {View}")).Succeeded().Output;
        Assert.Contains("1 train record of 14 views and 1 test record of 6 views", output, StringComparison.Ordinal);
        Assert.Contains(
            $"15 pictures turned as EXIF says; the poses fit the {(posesOfStored ? "stored" : "turned")} pictures",
            output, StringComparison.Ordinal);
        Assert.Contains("roll       none", output, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", output, StringComparison.Ordinal);

        float fieldOfView = (float)(360 / Math.PI * Math.Atan(View / 2.0 / PhotographedRoom.FocalLength(Side)));
        var views = Views("room");
        Assert.Equal(cameras.Length, views.Count);
        foreach ((string file, var record, int view) in views)
        {
            int index = int.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture);
            Camera expected = cameras[index], actual = record.Camera(view);
            AssertClose(expected.X, actual.X);
            AssertClose(expected.Y, actual.Y);
            AssertClose(expected.Z, actual.Z);
            AssertClose(0, MathF.IEEERemainder(expected.Yaw - actual.Yaw, MathF.Tau));
            AssertClose(expected.Pitch, actual.Pitch);
            AssertClose(fieldOfView, actual.FieldOfViewDegrees);

            // Twice through a JPEG of quality 95; the same picture upside down, or mirrored, is far off.
            var direct = Room.Render(expected with { FieldOfViewDegrees = fieldOfView }, View);
            var imported = record.Decode(view);
            double error = SquaredError(direct, imported);
            Assert.InRange(error, 0, 30);
            Assert.All((int[])[2, 3, 6, 8], turn => Assert.True(
                SquaredError(PhotographedRoom.Stored(direct, turn), imported) > (20 * error) + 30));
        }

        (await CommandRun.Of("data check", _folder["data"])).Succeeded();
        (await CommandRun.Of("data show", _folder["data"], "--out", _folder["sheet.png"])).Succeeded();
    }

    [Fact]
    public async Task AnImportTrainsAndRenders()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(12), 32, [1]);
        (await Import("room", "--size 16 --frames png")).Succeeded();
        (await CommandRun.Of(
            "train --preset tiny --steps 2 --threads 1 --data", _folder["data"], "--out", _folder["run"])).Succeeded();
        (await CommandRun.Of("render --out", _folder["row.png"], _folder["run"])).Succeeded();
        Assert.True(File.Exists(_folder["row.png"]));
    }

    /// <summary>A table of the same cameras gives the same files as the matrices.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATableHoldsTheSamePosesAsMatrices(bool degrees)
    {
        var cameras = PhotographedRoom.Cameras(12);
        PhotographedRoom.Write(_folder["room"], Room, cameras, Side, [6, 1]);
        (await Import("room", "--size 32 --name matrices")).Succeeded();
        double unit = degrees ? 180 / Math.PI : 1;
        // Columns in an order of their own, with one more.
        File.WriteAllLines(_folder["room/my.csv"], cameras.Select((camera, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{camera.Z},{camera.Pitch * unit:R},\"images/{i:00}.jpg\",{camera.X},{camera.Y},-,{camera.Yaw * unit:R}"))
            .Prepend("Z,Pitch,File,X,Y,remark,Yaw").Prepend("# a comment").Append(string.Empty));
        double fieldOfView = 360 / Math.PI * Math.Atan(View / 2.0 / PhotographedRoom.FocalLength(Side));
        string options = $"--size 32 --name table --poses my.csv{(degrees ? " --degrees" : string.Empty)} --fov";
        (await Import("room", $"{options} {fieldOfView.ToString("R", CultureInfo.InvariantCulture)}")).Succeeded();
        foreach (var ((file, a, i), (other, b, j)) in Views("matrices").Zip(Views("table")))
        {
            Assert.Equal(file, other);
            const int Length = SceneRecord.CameraLength;
            for (int number = 0; number < Length; number++)
                AssertClose(a.Cameras[(i * Length) + number], b.Cameras[(j * Length) + number]);
            Assert.InRange(SquaredError(a.Decode(i), b.Decode(j)), 0, 1);
        }
    }

    [Fact]
    public async Task SubfoldersAreScenesAndWholeScenesAreHeldOut()
    {
        foreach ((string name, int pictures) in new[] { ("a", 6), ("b", 13), ("c", 7) })
            PhotographedRoom.Write(_folder[$"rooms/{name}"], Room, PhotographedRoom.Cameras(pictures), 32, [1]);
        Directory.CreateDirectory(_folder["rooms/notes"]);
        string output = (await Import("rooms", "--size 16 --fit")).Succeeded().Output;
        Assert.Contains("warning    1 folder has no poses and is left out, such as notes", output);
        Assert.Contains("warning    2 of 26 pictures are in no record, because records have 6 views each", output);
        Assert.Matches(@"b: 13 pictures of 32x24 pixels, scaled by 1\.\d+: 2 (train|test) records of 6 views", output);
        string[] lines = File.ReadAllLines(_folder["data/rooms/pictures.csv"]);
        Assert.Equal(25, lines.Length);
        var splits = lines.Skip(1).Select(line => line.Split(','))
            .Select(cells => (Split: cells[0], Scene: cells[3])).Distinct().ToArray();
        Assert.Equal(["a", "b", "c"], splits.Select(part => part.Scene).Order());
        Assert.Single(splits, part => part.Split == "test");
        foreach (var split in Enum.GetValues<SceneSplit>())
        {
            var records = GqnDataset.Open(_folder["data"], null, split).ReadFile(0).ToArray();
            Assert.All(records, record => Assert.All(
                record.Cameras.ToArray().Chunk(SceneRecord.CameraLength),
                camera => Assert.All(camera[..3], number => Assert.InRange(number, -3.0001f, 3.0001f))));
        }
    }

    [Fact]
    public async Task AScaleMultipliesPositions()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(8), 32, [1]);
        (await Import("room", "--name one")).Succeeded();
        string output = (await Import("room", "--name ten --scale 30")).Succeeded().Output;
        Assert.Contains("positions times 30", output, StringComparison.Ordinal);
        Assert.Contains("units apart, and networks expect a few: give --fit or --scale", output);
        Assert.Contains("are enlarged, the smallest from 24 pixels", output, StringComparison.Ordinal);
        foreach (var ((_, a, i), (_, b, j)) in Views("one").Zip(Views("ten")))
        {
            AssertClose(30, b.Camera(j).X / a.Camera(i).X);
            AssertClose(30, b.Camera(j).Z / a.Camera(i).Z);
            Assert.Equal(a.Camera(i).Yaw, b.Camera(j).Yaw);
        }
    }

    [Fact]
    public async Task TheWrongUpwardAxisIsNoticed()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(8), 32, [1]);
        string output = (await Import("room", "--up y")).Succeeded().Output;
        Assert.Contains("on average, where z should be up: give --up y if y is up in the poses", output);
    }

    [Fact]
    public async Task ANarrowPictureAndADistortingLensAreNoticed()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(8), 32, [1]);
        string poses = _folder["room/transforms.json"], json = File.ReadAllText(poses);
        int last = json.LastIndexOf("{\"file_path\"", StringComparison.Ordinal);
        File.WriteAllText(poses, "{\"k1\": 0.2, " + json[1..last] + "{\"fl_x\": 60, " + json[(last + 1)..]);
        string output = (await Import("room", "--size 32")).Succeeded().Output;
        Assert.Contains("field of view of the narrowest picture, images/07.jpg (roll 0.0 degrees)", output);
        Assert.Matches(@"warning +lens distortion, up to \d+\.\d pixels of a view, stays", output);
        Assert.Matches(@"half of the pictures have 55\.4 degrees or more", output);
        Assert.Matches(@"field of view 22\.62 degrees", output);
    }

    [Fact]
    public async Task NothingIsMixedAndNothingHalfMadeIsLeft()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(8), 32, [1]);
        string last = _folder["room/images/07.jpg"];
        byte[] whole = File.ReadAllBytes(last);
        File.WriteAllBytes(last, whole[..^20]);
        (await Import("room", string.Empty)).Refused($"Data '{last}': the picture is cut off: its end is missing");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["data"]));

        // What a killed import left is removed; an empty folder is used.
        File.WriteAllBytes(last, whole);
        Directory.CreateDirectory(_folder["data/room"]);
        Directory.CreateDirectory(_folder["data/room.tmp/room/train"]);
        File.WriteAllText(_folder["data/room.tmp/room/train/1-of-1.tfrecord.tmp"], "half");
        Assert.Empty(GqnDataset.Below(_folder["data"]));
        (await Import("room", string.Empty)).Succeeded();
        Assert.Equal(["pictures.csv", "test", "train"], Names("data/room"));
        Assert.Equal(["room"], Names("data"));

        byte[] before = File.ReadAllBytes(_folder["data/room/train/1-of-1.tfrecord"]);
        (await Import("room", "--seed 2")).Refused($"Data '{_folder["data/room"]}': it holds something already");
        (await CommandRun.Of("data import --out", _folder["data/room"], _folder["room"]))
            .Refused("it is itself a data set; choose another --out");
        Assert.Equal(before, File.ReadAllBytes(_folder["data/room/train/1-of-1.tfrecord"]));

        Directory.CreateDirectory(_folder["data/other.tmp/mine"]);
        (await Import("room", "--name other")).Refused("holds something else, such as mine");
        Assert.True(Directory.Exists(_folder["data/other.tmp/mine"]));
        // The same again is the same to the byte.
        (await CommandRun.Of("data import --out", _folder["again"], _folder["room"])).Succeeded();
        Assert.Equal(before, File.ReadAllBytes(_folder["again/room/train/1-of-1.tfrecord"]));
    }

    [Theory]
    [InlineData("{", "it is not valid JSON (")]
    [InlineData("[]", "there is no list 'frames'")]
    [InlineData("""{"frames": []}""", "there is no list 'frames'")]
    [InlineData("""{"fl_x": 9, "frames": [{}]}""", "frames[0] has no file_path")]
    [InlineData("""{"fl_x": 9, "frames": [{"file_path": "\ud800"}]}""", "frames[0] has no file_path")]
    [InlineData("""{"fl_x": 9, "frames": [{"file_path": "a\u0000"}]}""", "frames[0] has no file_path")]
    [InlineData(
        """{"fl_x": 9, "frames": [FRAME, {"file_path": "a"}]}""",
        "frames[1] has no transform_matrix of four rows")]
    [InlineData(
        """{"fl_x": 9, "frames": [MATRIX[[1, 0], [0, 1]]}]}""",
        "frames[0] has no transform_matrix of four rows")]
    [InlineData(
        """{"fl_x": 9, "frames": [MATRIX[[1, 0, 0, 1e99], [0, 1, 0, 0], [0, 0, 1, 0]]}]}""",
        "frames[0].transform_matrix has an entry that is no finite number")]
    [InlineData(
        """{"fl_x": 9, "frames": [MATRIX[[1, 0, 0, "NaN"], [0, 1, 0, 0], [0, 0, 1, 0]]}]}""",
        "frames[0].transform_matrix has an entry that is no finite number")]
    [InlineData("""{"frames": [FRAME]}""", "there is neither fl_x, the focal length in pixels, nor camera_angle_x")]
    [InlineData("""{"fl_x": -9, "frames": [FRAME]}""", "fl_x -9, for frames[0], must be above 0")]
    [InlineData(
        """{"camera_angle_x": 40, "frames": [FRAME]}""",
        "camera_angle_x 40, for frames[0], must be above 0 and below pi")]
    [InlineData(
        """{"camera_angle_x": "wide", "frames": [FRAME]}""",
        "camera_angle_x, for frames[0], is no finite number")]
    [InlineData("""{"fl_x": 9, "camera_model": "OPENCV_FISHEYE", "frames": [FRAME]}""", "the camera is a fisheye")]
    [InlineData("""{"fl_x": 9, "frames": [FRAME, FRAME]}""", "a.png' is listed twice")]
    [InlineData(
        """{"fl_x": 9, "frames": [FRAME, MISSING, MISSING]}""",
        "2 of its 3 pictures are missing, the first is '")]
    [InlineData(
        """{"fl_x": 9, "w": 9, "h": 3, "frames": [FRAME]}""",
        "the picture has 8x8 pixels, but its poses are for w 9 and h 3")]
    [InlineData(
        """{"fl_x": 9, "cx": 11, "frames": [FRAME]}""",
        "the principal point (11, 4) is outside the 8x8 pixels")]
    [InlineData("""{"fl_x": 9, "frames": [FRAME]}""", "room has 1 picture; a scene alone needs at least 4")]
    public async Task PosesThatAreInvalidAreRefusedInOneSentence(string json, string problem)
    {
        const string Matrix = """{"file_path": "a.png", "transform_matrix": """;
        const string Frame = Matrix + """[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]}""";
        Directory.CreateDirectory(_folder["room"]);
        Png.Write(_folder["room/a.png"], new RgbImage(8, 8));
        File.WriteAllText(_folder["room/transforms.json"], json.Replace("FRAME", Frame, StringComparison.Ordinal)
            .Replace("MATRIX", Matrix, StringComparison.Ordinal)
            .Replace("MISSING", Frame.Replace("a.png", "b.png", StringComparison.Ordinal), StringComparison.Ordinal));
        (await Import("room", string.Empty)).Refused(problem);
        Assert.False(Directory.Exists(_folder["data"]));
    }

    [Theory]
    [InlineData("", "--fov 50", "there is no pose in it")]
    [InlineData("a.png,0,0,1,0,0", "", "a table of poses does not hold the field of view; give --fov")]
    [InlineData(
        "a.png,0,0,1,0", "--fov 50",
        "line 1 has 5 values, separated by commas, instead of file, x, y, z, yaw, pitch")]
    [InlineData("file,x,y,z,yaw,pitch\na.png,0,0,1,0,ten", "--fov 50", "line 2: pitch 'ten' is no finite number")]
    [InlineData("a.png,0,NaN,1,0,0", "--fov 50", "line 1: y 'NaN' is no finite number")]
    [InlineData(
        "a.png,0,0,1,90,-20", "--fov 50",
        "line 1: yaw 90 and pitch -20 are no angles in radians; for degrees, give --degrees")]
    [InlineData("a.png,0,0,1,90,-95", "--fov 50 --degrees", "no angles of a camera; pitch is from -90 to 90 degrees")]
    [InlineData(
        "name,x,y,z,yaw,pitch\na.png,0,0,1,0,0", "--fov 50",
        "neither numbers nor the names file,x,y,z,yaw,pitch (there is no 'file')")]
    [InlineData(",0,0,1,0,0", "--fov 50", "line 1 names no picture")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --up y", "--up is for matrices")]
    [InlineData("a.png,0,0,1,0,0", "--fov 200", "--fov 200: write a number above 0 and below 180")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --fit --scale -1", "--scale -1: write a number above 0")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --fit --scale 2", "--scale and --fit exclude each other")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --name jaco", "--name jaco: this is one of the released data sets")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --name a/b", "--name a/b: write a name that a folder may have")]
    [InlineData("a.png,0,0,1,0,0", "--fov 50 --poses other.csv", "has the file of poses 'other.csv'")]
    public async Task InvalidTablesAndOptionsAreRefusedInOneSentence(string table, string options, string problem)
    {
        Directory.CreateDirectory(_folder["room"]);
        foreach (string name in new[] { "a.png", "b.png", "c.png", "d.png" })
            Png.Write(Path.Combine(_folder["room"], name), new RgbImage(8, 8));
        string more = table.StartsWith("a.png,0,0,1,0,0", StringComparison.Ordinal)
            ? "\nb.png,0,0,2,0,0\nc.png,0,0,3,0,0\nd.png,0,0,4,0,0"
            : string.Empty;
        File.WriteAllText(_folder["room/poses.csv"], table + more);
        (await Import("room", options)).Refused(problem);
        Assert.False(Directory.Exists(_folder["data"]));
    }

    [Fact]
    public async Task AFolderWithoutPosesIsToldBothForms()
    {
        Directory.CreateDirectory(_folder["room"]);
        (await Import("room", string.Empty)).Refused("\"transform_matrix\": [[1, 0, 0, 0], ...]")
            .Refused("file,x,y,z,yaw,pitch");
        (await Import("none", string.Empty)).Refused("there is no such folder");
        File.WriteAllText(_folder["room/poses.csv"], string.Empty);
        File.WriteAllText(_folder["room/transforms.json"], string.Empty);
        (await Import("room", string.Empty))
            .Refused("there are both transforms.json and poses.csv; choose one with --poses");
    }

    [Fact]
    public async Task OptionsThatDoNotConcernMatricesAreRefused()
    {
        PhotographedRoom.Write(_folder["room"], Room, PhotographedRoom.Cameras(8), 32, [1]);
        (await Import("room", "--fov 50")).Refused("--fov is for poses without a focal length");
        (await Import("room", "--degrees")).Refused("--degrees is for tables of poses");
    }

    [Fact]
    public async Task HelpShowsBothFormsAndExamples()
    {
        string help = (await CommandRun.Of("data import --help")).Succeeded().Output;
        string[] expected =
        [
            "transforms.json", "file,x,y,z,yaw,pitch", "--consecutive", "[default: 64]", "[default: 0.1]",
            "gqn data import room --out data",
        ];
        Assert.All(expected, text => Assert.Contains(text, help, StringComparison.Ordinal));
    }

    private Task<CommandRun> Import(string folder, string options) =>
        CommandRun.Of($"data import {options}", _folder[folder], "--out", _folder["data"]);

    private string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(_folder[folder]).Select(path => Path.GetFileName(path)!).Order()];

    /// <summary>The views of an imported data set with the files that they come from.</summary>
    private List<(string File, SceneRecord Record, int View)> Views(string name)
    {
        var records = Enum.GetValues<SceneSplit>().ToDictionary(
            GqnDatasetInfo.FolderOf, split => GqnDataset.Open(_folder["data"], name, split));
        return [.. File.ReadLines(Path.Combine(_folder["data"], name, PhotographImport.SourcesName)).Skip(1)
            .Select(line => line.Split(',')).Select(cells =>
            {
                var dataset = records[cells[0]];
                long offset = dataset.ReadOffsets(0)[int.Parse(cells[1], CultureInfo.InvariantCulture)];
                return (cells[4], dataset.Read(0, offset), int.Parse(cells[2], CultureInfo.InvariantCulture));
            })];
    }

    private static void AssertClose(float expected, float actual) =>
        Assert.InRange(Math.Abs(actual - expected), 0, 1e-5f * Math.Max(1, Math.Abs(expected)));

    private static double SquaredError(RgbImage a, RgbImage b)
    {
        Assert.Equal(a.Bytes.Length, b.Bytes.Length);
        double sum = 0;
        for (int i = 0; i < a.Bytes.Length; i++)
            sum += (a.Bytes[i] - b.Bytes[i]) * (a.Bytes[i] - b.Bytes[i]);
        return sum / a.Bytes.Length;
    }
}

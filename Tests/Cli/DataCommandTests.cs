using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Commands that read data sets, on two sets made once: one rendered here, one in a foreign layout.</summary>
public sealed class DataCommandTests(DataFolder data) : IClassFixture<DataFolder>
{
    [Fact]
    public async Task InfoListsAllSetsAndSplits()
    {
        string[] lines = (await CommandRun.Of("data info", data.Path)).Succeeded().Output.Split('\n');
        AssertRow(lines, DataFolder.Foreign, "train", "2 of 9", "3", "2", "20x20", "no");
        AssertRow(lines, DataFolder.Own, "train", "3", "8", "15", "16x16", "yes");
        AssertRow(lines, DataFolder.Own, "test", "1", "2", "15", "24x24", "yes");
        string[] one = (await CommandRun.Of("data info", Path.Combine(data.Path, DataFolder.Own))).Succeeded().Output
            .Split('\n');
        AssertRow(one, DataFolder.Own, "test", "1", "2", "15", "24x24", "yes");
        Assert.DoesNotContain(one, line => line.Contains(DataFolder.Foreign, StringComparison.Ordinal));

        static void AssertRow(string[] lines, params string[] cells) => Assert.Single(lines, line =>
        {
            string[] words = line.Split(
                "  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return words.Length == 8 && words.Where((_, column) => column != 6).SequenceEqual(cells);
        });
    }

    [Fact]
    public async Task CheckCountsWhatIsInOrder()
    {
        string output = (await CommandRun.Of("data check", data.Path)).Succeeded().Output;
        string[] expected =
        [
            $"{DataFolder.Own}, train: 8 scenes, all with ground truth, and 120 frames in 3 files are in order",
            $"{DataFolder.Own}, test: 2 scenes, all with ground truth, and 30 frames in 1 file are in order",
            $"{DataFolder.Foreign}, train: 3 scenes, no ground truth, and 6 frames in 2 files are in order",
        ];
        Assert.All(expected, line => Assert.Contains(line, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, "length")]
    [InlineData(9, "length")]
    [InlineData(300, "data")]
    [InlineData(-2, "data")]
    public async Task CheckNamesFileAndByteOfTheFirstFault(int place, string what)
    {
        string folder = data.Copy($"damaged-{place}");
        string second = FileOf(folder, 2), third = FileOf(folder, 3);
        long[] offsets;
        using (var file = new TfRecordFile(second))
            offsets = [.. file.ReadOffsets(), file.Length];
        // A second fault further on, in a file that is checked at the same time.
        Flip(third, 5);
        Flip(second, place >= 0 ? offsets[1] + place : offsets[2] + place);
        (await CommandRun.Of("data check --first", folder))
            .Refused($"'{second}', byte {offsets[1]}: ").Refused($"the check value of the record's {what}");
        string output = (await CommandRun.Of("data check", folder))
            .Refused($"error: Data '{folder}': the check found 2 faults, which the output names.").Output;
        Assert.True(
            output.IndexOf($"'{second}', byte {offsets[1]}: ", StringComparison.Ordinal)
            < output.IndexOf($"'{third}', byte 0: ", StringComparison.Ordinal), output);
        // The records before the fault are in order and, if the fault is in the data, those after it.
        int scenes = 3 + (what == "data" ? 2 : 1);
        Assert.Contains(
            $"2 faults in 2 of 3 files; {scenes} scenes, all with ground truth, and {15 * scenes} frames are in order",
            output, StringComparison.Ordinal);
        File.Copy(FileOf(data.Path, 2), second, overwrite: true);
        (await CommandRun.Of("data check --first", folder)).Refused($"'{third}', byte 0: ");
    }

    [Fact]
    public async Task CheckFindsTruncatedFilesAndBadFramesWhoseCheckValuesAgree()
    {
        string folder = data.Copy("truncated"), last = FileOf(folder, 3);
        using (var stream = File.OpenWrite(last))
            stream.SetLength(stream.Length - 1);
        (await CommandRun.Of("data check --first", folder)).Refused(last).Refused("the file ends within the record");

        foreach ((string name, byte[] frame, string problem) in new[]
        {
            ("empty", Array.Empty<byte>(), "frame 1 of the scene cannot be decoded"),
            ("cut", Jpeg.Encode(new RgbImage(20, 20), 95)[..^300], "frame 1 of the scene cannot be decoded"),
            ("oblong", Png.Encode(new RgbImage(20, 21)), "20x21 pixels; frames must be square"),
        })
        {
            string bad = data[name];
            byte[] good = Png.Encode(new RgbImage(20, 20));
            DataFolder.Write(Path.Combine(bad, "mine", "train", "1-of-1.tfrecord"), [good, good], [good, frame]);
            string path = Path.Combine(bad, "mine", "train", "1-of-1.tfrecord");
            using var file = new TfRecordFile(path);
            (await CommandRun.Of("data check --first", bad)).Refused($"'{path}', byte {file.ReadOffsets()[1]}: ")
                .Refused(problem);
        }
    }

    [Fact]
    public async Task CheckListsTheFaultsOfAllRecordsFilesAndSets()
    {
        string folder = data["faults"], path = Path.Combine(folder, "mine", "train", "1-of-2.tfrecord");
        byte[] good = Png.Encode(new RgbImage(20, 20)), bad = good[..40];
        DataFolder.Write(path, [good, good], [bad, bad], [good], [good, good], [good, good]);
        string other = Path.Combine(folder, "mine", "train", "2-of-2.tfrecord");
        DataFolder.Write(other, [good, good], [good, good]);
        Directory.CreateDirectory(Path.Combine(folder, "unnamed", "train"));
        long[] offsets;
        using (var file = new TfRecordFile(path))
            offsets = file.ReadOffsets();
        Flip(path, offsets[3] + 20);
        Flip(other, 3);
        string[] lines = (await CommandRun.Of("data check", folder))
            .Refused($"Data '{folder}': the check found 6 faults, which the output names.").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] expected =
        [
            $"Data '{path}', byte {offsets[1]}: frame 0 of the scene cannot be decoded",
            $"Data '{path}', byte {offsets[1]}: frame 1 of the scene cannot be decoded",
            $"Data '{path}', byte {offsets[2]}: the scene has 1 view; it needs at least 2, a context and the query.",
            $"Data '{path}', byte {offsets[3]}: the check value of the record's data",
            $"Data '{other}', byte 0: the check value of the record's length",
            "mine, train: 5 faults in 2 of 2 files; 2 scenes, no ground truth, and 4 frames are in order",
            $"Data '{Path.Combine(folder, "unnamed", "train")}': there is no file whose name tells its number",
        ];
        Assert.Equal(expected.Length, lines.Length);
        Assert.All(expected.Zip(lines), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.EndsWith("; the rest of the file is lost.", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckListsAHundredFaultsAndCountsTheOthers()
    {
        string folder = data["hundred"], path = Path.Combine(folder, "mine", "train", "1-of-1.tfrecord");
        byte[] good = Png.Encode(new RgbImage(20, 20)), bad = good[..40];
        DataFolder.Write(path, [[good, good], .. Enumerable.Repeat<byte[][]>([bad, good], 130)]);
        string[] lines = (await CommandRun.Of("data check", folder)).Refused("the check found 130 faults").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(102, lines.Length);
        Assert.Equal("mine, train: and 30 more faults", lines[100]);
        Assert.Equal(
            "mine, train: 130 faults in 1 of 1 file; 1 scene, no ground truth, and 2 frames are in order", lines[101]);
    }

    [Fact]
    public async Task ADamagedFirstSceneDoesNotHideTheOthers()
    {
        string folder = data["first"], path = Path.Combine(folder, "mine", "train", "1-of-1.tfrecord");
        byte[] good = Png.Encode(new RgbImage(20, 20));
        DataFolder.Write(path, [good, good], [good, good, good], [good, good, good], [good, good]);
        Flip(path, 20);
        string output = (await CommandRun.Of("data check", folder)).Refused("the check found 2 faults").Output;
        Assert.Contains("Data '" + path + "', byte 0: the check value", output, StringComparison.Ordinal);
        Assert.Contains("the scene has 2 frames, but scenes of mine have 3", output, StringComparison.Ordinal);
        Assert.Contains("; 2 scenes, no ground truth, and 6 frames are in order", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompressedSetsAreListedCheckedAndShown()
    {
        string folder = data.Copy("gzip");
        foreach (string file in Directory.GetFiles(folder, "*.tfrecord", SearchOption.AllDirectories))
        {
            using (var packed = File.Create(file + ".gz"))
            using (var gzip = new System.IO.Compression.GZipStream(
                packed, System.IO.Compression.CompressionLevel.Fastest))
            {
                gzip.Write(File.ReadAllBytes(file));
            }

            File.Delete(file);
        }

        foreach (string command in new[] { "data check", "data info" })
        {
            string[] expected = Words(await CommandRun.Of(command, data.Path));
            Assert.Equal(expected, Words(await CommandRun.Of(command, folder)));
        }

        (await CommandRun.Of($"data show --dataset {DataFolder.Foreign} --out", data["a.png"], data.Path)).Succeeded();
        (await CommandRun.Of($"data show --dataset {DataFolder.Foreign} --out", data["b.png"], folder)).Succeeded();
        Assert.Equal(Load(data["a.png"]).Width, Load(data["b.png"]).Width);

        // All but the sizes of the files.
        static string[] Words(CommandRun run) =>
        [
            .. run.Succeeded().Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
                .Where(word => !word.Contains('.', StringComparison.Ordinal) && word is not ("KiB" or "MiB")),
        ];
    }

    [Fact]
    public async Task CheckWarnsOfPicturesThatViewersTurn()
    {
        string folder = data["turned"], path = Path.Combine(folder, "mine", "train", "1-of-1.tfrecord");
        byte[] upright = Jpeg.Encode(new RgbImage(16, 16), 95);
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1,
            1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
        ];
        byte[] turned = [.. upright[..2], .. exif, .. upright[2..]];
        DataFolder.Write(path, [upright, upright], [upright, turned], [turned, upright]);
        long second;
        using (var file = new TfRecordFile(path))
            second = file.ReadOffsets()[1];
        string output = (await CommandRun.Of("data check", folder)).Succeeded().Output;
        Assert.Equal(
            "mine, train: warning: 2 frames should be turned according to EXIF, which is not followed, so turn the "
            + $"pixels before they are stored; the first is frame 1 of the scene in '{path}', byte {second}, with "
            + "orientation 6\nmine, train: 3 scenes, no ground truth, and 6 frames in 1 file are in order\n", output);
    }

    [Theory]
    [InlineData("data info nowhere", "Data 'nowhere': there is no such folder.")]
    [InlineData("data check nowhere", "Data 'nowhere': there is no such folder.")]
    [InlineData("data show nowhere --out a.png", "No scene environment is called 'nowhere'; did you mean")]
    [InlineData("data show ./nowhere --out a.png", "Data './nowhere': there is no such folder.")]
    [InlineData("data show shepard-metzler-5 --out a.gif", "--out a.gif: only .png can be written.")]
    [InlineData("data show shepard-metzler-5", "'--out' is required")]
    [InlineData("data show shepard-metzler-5 --out a.png --scenes 101", "--scenes 101: write a whole number from 1")]
    [InlineData("data show shepard-metzler-5 --out a.png --dataset b", "only a folder has data sets")]
    [InlineData("data", "'gqn data --help' lists the verbs.")]
    public async Task ImpossibleRequestsAreRefusedInOneSentence(string command, string sentence)
    {
        Assert.Empty((await CommandRun.Of(command)).Refused(sentence).Output);
        Assert.False(File.Exists("a.png"));
    }

    [Fact]
    public async Task ShowRefusesWhatAFolderDoesNotHold()
    {
        string png = data["never.png"];
        (await CommandRun.Of("data show", data.Path, "--out", png)).Refused("there are several data sets, name one");
        (await CommandRun.Of("data show --dataset jaco", data.Path, "--out", png))
            .Refused("there is no data set 'jaco'");
        (await CommandRun.Of($"data show --dataset {DataFolder.Foreign} --split test", data.Path, "--out", png))
            .Refused("has no folder 'test'");
        (await CommandRun.Of($"data show --dataset {DataFolder.Own} --first 8", data.Path, "--out", png))
            .Refused("--first 8: the data set has 8 scenes, numbered from 0.");
        Assert.False(File.Exists(png));
    }

    /// <summary>The same scenes, rendered and from lossless files, differ only in their titles.</summary>
    [Fact]
    public async Task ShowDrawsTheSamePictureOfAnEnvironmentAndOfItsFiles()
    {
        string rendered = data["rendered.png"], read = data["read.png"];
        (await CommandRun.Of("data show shepard-metzler-5 --first 4 --scenes 2 --size 16 --out", rendered)).Succeeded();
        string options = $"--dataset {DataFolder.Own} --first 4 --scenes 2 --out";
        (await CommandRun.Of($"data show {data.Path} {options}", read)).Succeeded();
        RgbImage a = Load(rendered), b = Load(read);
        Assert.Equal((a.Width, a.Height), (b.Width, b.Height));
        // Titles stand at the top and above the two plans.
        int plan = a.Width - new SceneSheet(string.Empty, 10, 16).PlanSize - 4;
        int[] different = [.. Enumerable.Range(0, a.Width * a.Height)
            .Where(i => a[i % a.Width, i / a.Width] != b[i % b.Width, i / b.Width])];
        Assert.NotEmpty(different);
        Assert.All(different, i => Assert.True(i / a.Width < 14 || (i % a.Width >= plan && IsTitle(i / a.Width))));

        // The first view stands in its place, enlarged eight times.
        var scene = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 4);
        var view = scene.Render(scene.Cameras[0], 16);
        for (int i = 0; i < 128 * 128; i++)
            Assert.Equal(view[i % 128 / 8, i / 128 / 8], a[4 + (i % 128), 32 + (i / 128)]);

        bool IsTitle(int y) => (y - 20) % ((a.Height - 20) / 2) < 12;
    }

    [Fact]
    public async Task ShowDrawsCamerasAloneWhereNothingElseIsKnown()
    {
        string png = data["foreign.png"];
        (await CommandRun.Of($"data show --dataset {DataFolder.Foreign} --size 32 --out", png, data.Path)).Succeeded();
        var sheet = Load(png);
        // Two views of 32 pixels, enlarged to 128, stand above each other beside plans with two yellow arrows.
        int size = new SceneSheet(string.Empty, 2, 32).PlanSize;
        Assert.Equal(4 + 132 + size + 4, sheet.Width);
        Rgb[] plan = [.. Enumerable.Range(0, size * size).Select(i => sheet[136 + (i % size), 32 + (i / size)])];
        Assert.InRange(plan.Count(pixel => pixel is { R: > 200, G: > 170, B: < 90 }), 60, 400);
        Assert.Equal(new Rgb(44, 44, 50), plan[0]);
    }

    [Theory]
    [InlineData("data", "make", "info", "show", "check")]
    [InlineData("data make", "--scenes-per-file", "[default: 1000]", "train|test", "goes on where it was stopped")]
    [InlineData("data info", "DIR/NAME/train/1-of-9.tfrecord")]
    [InlineData("data show", "--first", "[default: 4, or all if there are fewer]", "--dataset", "ENV|DIR")]
    [InlineData("data check", "exit code 2", "--first", "the first 100")]
    public async Task HelpNamesOptionsAndDefaults(string command, params string[] expected)
    {
        string help = (await CommandRun.Of(command + " --help")).Succeeded().Output;
        Assert.All(expected, text => Assert.Contains(text, help, StringComparison.Ordinal));
    }

    private static string FileOf(string folder, int number) =>
        Path.Combine(folder, DataFolder.Own, "train", $"{number}-of-3.tfrecord");

    private static void Flip(string path, long place)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[place] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }

    private static RgbImage Load(string path)
    {
        var decoded = ImageResult.FromMemory(File.ReadAllBytes(path), ColorComponents.RedGreenBlue);
        var image = new RgbImage(decoded.Width, decoded.Height);
        decoded.Data.CopyTo(image.Bytes);
        return image;
    }
}

/// <summary>A folder of two data sets that tests only read.</summary>
public sealed class DataFolder : IAsyncLifetime
{
    /// <summary>Made here: 8 training scenes in 3 files and 2 test scenes.</summary>
    public const string Own = "shepard_metzler_5_parts";

    /// <summary>A foreign layout: three scenes of two views in two of nine files.</summary>
    public const string Foreign = "garden";

    private readonly TemporaryFolder _folder = new();

    public string Path => _folder["sets"];

    public string this[string name] => _folder[name];

    public async ValueTask InitializeAsync()
    {
        const string Make = "data make shepard-metzler-5 --frames png";
        (await CommandRun.Of($"{Make} --scenes 8 --scenes-per-file 3 --size 16 --out", Path)).Succeeded();
        (await CommandRun.Of($"{Make} --scenes 2 --split test --size 24 --out", Path)).Succeeded();
        byte[] frame = Png.Encode(new RgbImage(20, 20));
        string folder = System.IO.Path.Combine(Path, Foreign, "train");
        Write(System.IO.Path.Combine(folder, "1-of-9.tfrecord"), [frame, frame], [frame, frame]);
        Write(System.IO.Path.Combine(folder, "7-of-9.tfrecord"), [[frame, frame]]);
    }

    /// <summary>Writes a file of scenes with these frames.</summary>
    internal static void Write(string path, params byte[][][] scenes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        using var stream = File.Create(path);
        var writer = new TfRecordWriter(stream);
        foreach (byte[][] frames in scenes)
        {
            float[] cameras = [.. Enumerable.Range(0, frames.Length).SelectMany(i => new[] { i, 1f, .5f, i + 1f, 0 })];
            writer.Write(new SceneRecord([.. frames.Select(frame => (ReadOnlyMemory<byte>)frame)], cameras).ToArray());
        }
    }

    /// <summary>A copy that a test may damage.</summary>
    public string Copy(string name)
    {
        string copy = this[name];
        foreach (string file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(copy, System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

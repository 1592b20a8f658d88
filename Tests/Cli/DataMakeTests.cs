using System.Diagnostics;
using Gqn.Native.Cli;
using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class DataMakeTests : IDisposable
{
    private const string Set = "shepard_metzler_5_parts";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task FilesHoldTheEnvironmentsScenesInOrder()
    {
        string options = "--scenes 7 --scenes-per-file 3 --frames png --size 24 --split test --out";
        string output = (await Make(options, _folder.Path)).Output;
        Assert.Contains("Made 7 scenes in ", output, StringComparison.Ordinal);
        string files = Path.Combine(_folder.Path, Set, "test");
        Assert.Equal(
            ["1-of-3.tfrecord", "2-of-3.tfrecord", "3-of-3.tfrecord", "contents.json"],
            Directory.GetFiles(files).Select(Path.GetFileName).Order());

        var dataset = GqnDataset.Open(_folder.Path, "shepard-metzler-5", SceneSplit.Test);
        Assert.Equal([3, 3, 1], Enumerable.Range(0, 3).Select(dataset.CountScenes));
        var environment = Environments.Create("shepard-metzler-5");
        ulong index = 0;
        foreach (var record in Enumerable.Range(0, 3).SelectMany(dataset.ReadFile))
        {
            var scene = environment.Sample(SceneSplit.Test, index);
            Assert.Equal(index++, record.Index);
            for (int view = 0; view < 15; view += 7)
            {
                Assert.Equal(scene.Cameras[view], record.Camera(view));
                Assert.Equal(scene.Render(scene.Cameras[view], 24).Bytes, record.Decode(view).Bytes);
            }
        }

        Assert.Equal(7ul, index);
    }

    [Fact]
    public async Task FramesAreJpegOfTheUsualSizeUnlessAskedOtherwise()
    {
        await Make("--scenes 1 --out", _folder.Path);
        var record = GqnDataset.Open(_folder.Path, null, SceneSplit.Train).ReadFile(0).Single();
        Assert.Equal([0xFF, 0xD8, 0xFF], record.Frames[0][..3].ToArray());
        var picture = record.Decode(3);
        Assert.Equal((64, 64), (picture.Width, picture.Height));
        var scene = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 0);
        double error = scene.Render(scene.Cameras[3], 64).Bytes.ToArray()
            .Zip(picture.Bytes.ToArray(), (a, b) => Math.Pow(a - b, 2)).Average();
        Assert.True(10 * Math.Log10(255 * 255 / error) > 30, $"mean squared error {error} of 255 levels");
    }

    [Fact]
    public async Task TheSameCommandAgainWritesNothing()
    {
        await Make("--scenes 5 --scenes-per-file 2 --size 16 --out", _folder.Path);
        var before = Snapshot(_folder.Path);
        string output = (await Make("--scenes 5 --scenes-per-file 2 --size 16 --out", _folder.Path)).Output;
        Assert.Contains("All scenes were there before", output, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot(_folder.Path));
    }

    [Theory]
    [InlineData("--scenes 6 --scenes-per-file 2 --size 16", "its 'scenes' is 5, not 6")]
    [InlineData("--scenes 5 --scenes-per-file 3 --size 16", "its 'scenesPerFile' is 2, not 3")]
    [InlineData("--scenes 5 --scenes-per-file 2 --size 32", "its 'imageSize' is 16, not 32")]
    [InlineData("--scenes 5 --scenes-per-file 2 --size 16 --frames png", "its 'frames' is Jpeg, not Png")]
    public async Task AFolderWithOtherScenesIsLeftAlone(string options, string difference)
    {
        await Make("--scenes 5 --scenes-per-file 2 --size 16 --out", _folder.Path);
        var before = Snapshot(_folder.Path);
        (await CommandRun.Of($"data make shepard-metzler-5 {options} --out", _folder.Path))
            .Refused(difference).Refused("make these in another folder, or remove it");
        Assert.Equal(before, Snapshot(_folder.Path));
    }

    [Fact]
    public async Task FilesThatWereNotMadeHereAreLeftAlone()
    {
        string files = Path.Combine(_folder.Path, Set, "train");
        Directory.CreateDirectory(files);
        File.WriteAllText(Path.Combine(files, "001-of-900.tfrecord"), "precious");
        (await CommandRun.Of("data make shepard-metzler-5 --scenes 2 --out", _folder.Path))
            .Refused("it holds files that were not made here, such as 001-of-900.tfrecord");
        Assert.Single(Directory.GetFiles(files));

        string damaged = Path.Combine(_folder.Path, "damaged"), contents = Path.Combine(damaged, Set, "train");
        Directory.CreateDirectory(contents);
        File.WriteAllText(Path.Combine(contents, DatasetContents.FileName), "{}");
        (await CommandRun.Of("data make shepard-metzler-5 --scenes 2 --out", damaged))
            .Refused(Path.Combine(contents, DatasetContents.FileName));
        string file = _folder["file"];
        File.WriteAllText(file, "mine");
        (await CommandRun.Of("data make shepard-metzler-5 --scenes 2 --out", file)).Refused("Cannot make the folder");
    }

    [Theory]
    [InlineData("data make shepard-metzler-6 --scenes 2 --out x", "did you mean 'shepard-metzler-5'")]
    [InlineData("data make shepard-metzler-5 --out x", "'--scenes' is required")]
    [InlineData("data make shepard-metzler-5 --scenes 2", "'--out' is required")]
    [InlineData("data make shepard-metzler-5 --scenes 0 --out x", "--scenes 0: write a whole number from 1 to")]
    [InlineData("data make shepard-metzler-5 --scenes 2 --size 7 --out x", "--size 7: write a whole number from 8 to")]
    [InlineData("data make shepard-metzler-5 --scenes 2 --split dev --out x", "--split dev: write train or test")]
    [InlineData("data make shepard-metzler-5 --scenes 2 --frames gif --out x", "--frames gif: write jpeg or png")]
    [InlineData("data make shepard-metzler-5 --scenes 2 --format zip --out x", "--format zip: write tfrecord")]
    [InlineData("data make shepard-metzler-5 --scens 2 --out x", "did you mean '--scenes'? 'gqn data make --help'")]
    [InlineData("data mak", "There is no verb 'mak'; did you mean 'make'? 'gqn data --help' lists the verbs.")]
    public async Task ImpossibleRequestsAreRefusedInOneSentence(string command, string sentence)
    {
        var result = (await CommandRun.Of(command)).Refused(sentence);
        Assert.Empty(result.Output);
        Assert.False(Path.Exists("x"));
    }

    [Fact]
    public async Task AnInterruptionLeavesWholeFilesAndTheSameCommandGoesOn()
    {
        const string Options = "--scenes 100 --scenes-per-file 20 --size 8 --out";
        await Make(Options, _folder["whole"]);
        var contents = DatasetContents.Parse(
            File.ReadAllText(Path.Combine(_folder["whole"], Set, "train", DatasetContents.FileName)), "contents");
        using var interruption = new CancellationTokenSource();
        var maker = new DatasetMaker(_folder["parts"], contents);
        int made = 0;
        Assert.Throws<OperationCanceledException>(() => maker.Make(
            scenes =>
            {
                made += scenes;
                if (made >= 50)
                    interruption.Cancel();
            },
            interruption.Token));
        Assert.Equal(40, maker.ScenesThere);
        Assert.Equal(["1-of-5.tfrecord", "2-of-5.tfrecord", "contents.json"], Names(maker.Path));

        using var output = new StringWriter();
        using var error = new StringWriter();
        string[] args = ["data", "make", "shepard-metzler-5", .. Options.Split(' '), _folder["parts"]];
        int code = await CommandLine.RunAsync(args, output, error, interruption.Token);
        Assert.Equal((CommandLine.Interrupted, string.Empty), (code, error.ToString()));
        Assert.Contains("Stopped with 40 of 100 scenes in whole files", output.ToString(), StringComparison.Ordinal);

        string resumed = (await Make(Options, _folder["parts"])).Output;
        Assert.Contains("40 of them there already", resumed, StringComparison.Ordinal);
        Assert.Contains("Made 60 scenes", resumed, StringComparison.Ordinal);
        AssertSameFiles(_folder["whole"], _folder["parts"]);
    }

    [Fact]
    public async Task AKilledProcessLeavesWholeFilesAndTheSameCommandGoesOn()
    {
        const string Options = "--scenes 600 --scenes-per-file 40 --size 32 --out";
        string folder = _folder["killed"], files = Path.Combine(folder, Set, "train");
        string program = Path.Combine(
            AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Gqn.Native.exe" : "Gqn.Native");
        int kills = 0;
        for (int wanted = 1; wanted < 15 && kills < 3; wanted += 5)
        {
            using var process = Process.Start(new ProcessStartInfo(
                program, ["data", "make", "shepard-metzler-5", .. Options.Split(' '), folder])
            {
                RedirectStandardOutput = true,
            })!;
            while (!process.HasExited && !File.Exists(Path.Combine(files, GqnDatasetInfo.FileName(wanted, 15))))
                Thread.Sleep(2);
            if (process.HasExited)
                break;
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            kills++;
            var dataset = GqnDataset.Open(folder, null, SceneSplit.Train);
            var findings = DatasetCheck.Run(dataset, _ => { }, 100, TestContext.Current.CancellationToken);
            Assert.Equal((40 * dataset.Files.Count, 0), (findings.Totals.Scenes, findings.FaultCount));
        }

        Assert.True(kills > 0, "the process was never killed");
        await Make(Options, folder);
        await Make(Options, _folder["whole"]);
        AssertSameFiles(_folder["whole"], folder);
    }

    [Theory]
    [InlineData("secret", "it does not say what was made, at line 1; make these scenes in another folder, or remove it.")]
    [InlineData("{ \"secret\": 1 }", "it does not say what was made, at line 1; make these scenes in another folder")]
    [InlineData("null", "it does not say what was made; make these scenes in another folder")]
    [InlineData("", "it is empty, or no regular file.")]
    [InlineData("secret\0", "it is no text: it has bytes of value 0.")]
    public async Task ADamagedDescriptionIsRefusedWithoutItsContent(string content, string problem)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.Path, Set, "train")).FullName;
        string path = Path.Combine(folder, "contents.json");
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        var run = (await CommandRun.Of("data make shepard-metzler-5 --scenes 1 --out", _folder.Path))
            .Refused($"'{path}'").Refused(problem);
        Assert.DoesNotContain("secret", run.Error, StringComparison.Ordinal);
        Assert.Equal(["contents.json"], Names(folder));
    }

    [Fact]
    public async Task ADescriptionThatIsNoFileIsRefused()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.Path, Set, "train")).FullName;
        string path = Path.Combine(folder, "contents.json");
        File.CreateSymbolicLink(path, "nowhere");
        await Refused("it is a link to a file that is not there.");
        File.Delete(path);
        Directory.CreateDirectory(path);
        await Refused("it is a folder, not a file.");
        Directory.Delete(path);
        using (var huge = File.Create(path))
            huge.SetLength(1L << 33);
        await Refused("it has more than the 1 MiB that such a file may have.");

        async Task Refused(string problem) =>
            (await CommandRun.Of("data make shepard-metzler-5 --scenes 1 --out", _folder.Path))
                .Refused($"Cannot read '{path}': {problem}");
    }

    private static async Task<CommandRun> Make(string options, string folder) =>
        (await CommandRun.Of($"data make shepard-metzler-5 {options}", folder)).Succeeded();

    private static string?[] Names(string folder) => [.. Directory.GetFiles(folder).Select(Path.GetFileName).Order()];

    private static void AssertSameFiles(string expected, string actual)
    {
        string[] names = [.. Directory.GetFiles(expected, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(expected, path)).Order()];
        Assert.Equal(names, Directory.GetFiles(actual, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(actual, path)).Order());
        Assert.All(names, name => Assert.Equal(
            File.ReadAllBytes(Path.Combine(expected, name)), File.ReadAllBytes(Path.Combine(actual, name))));
    }

    /// <summary>Names, times and contents.</summary>
    private static List<(string, DateTime, string)> Snapshot(string folder) =>
    [
        .. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order().Select(path =>
            (path, File.GetLastWriteTimeUtc(path), Convert.ToHexString(File.ReadAllBytes(path)))),
    ];
}

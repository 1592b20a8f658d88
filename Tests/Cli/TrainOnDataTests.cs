using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>The commands on a run that was trained on files.</summary>
public sealed class TrainOnDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ARunOnADataSetTrainsEvaluatesAndRenders()
    {
        WriteFiles("shepard-metzler-5");
        string run = _folder["run"], sets = _folder["sets"];
        string output = (await CommandRun.Of(
            "train --preset tiny --steps 3 --threads 1 --data", sets, "--out", run)).Succeeded().Output;
        Assert.Contains(
            $"scenes     shepard_metzler_5_parts from {sets}, 16x16 pixels", output, StringComparison.Ordinal);
        var training = new RunDirectory(run).ReadConfiguration().Training;
        Assert.Equal((sets, "shepard_metzler_5_parts"), (training.Data, training.Dataset));

        output = (await CommandRun.Of("eval --count 6", run)).Succeeded().Output;
        Assert.Contains("6 held-out scenes of shepard_metzler_5_parts", output, StringComparison.Ordinal);
        output = (await CommandRun.Of("info", run)).Succeeded().Output;
        Assert.Matches($@"training\.data +{sets}\s", output);
        Assert.Matches(@"training\.trainScenes +none\s", output);
        foreach (string view in new[] { "row.png", "strip.png --orbit 4", "orbit.gif --orbit 4" })
        {
            string[] words = view.Split(' ', 2);
            string options = words.Length > 1 ? words[1] : string.Empty, picture = _folder[words[0]];
            (await CommandRun.Of($"render --scene 2 {options} --out", picture, run)).Succeeded();
            Assert.True(File.Exists(picture));
        }

        (await CommandRun.Of("render --scene 5 --out", _folder["never.png"], run))
            .Refused("--scene 5: the test set of shepard_metzler_5_parts has 5 scenes, numbered from 0.");
        Directory.Move(sets, _folder["moved"]);
        (await CommandRun.Of("eval --count 6", run)).Refused($"Data '{sets}': there is no such folder.");
        (await CommandRun.Of("eval --count 6", run, "--data", _folder["moved"])).Succeeded();
        (await CommandRun.Of("train --steps 4 --resume", run, "--data", _folder["moved"])).Succeeded();
    }

    [Fact]
    public async Task AnOrbitOfASceneWithoutFactorsShowsPredictionsAlone()
    {
        var environment = Environments.Create("shepard-metzler-7");
        foreach (var split in Enum.GetValues<SceneSplit>())
        {
            new GqnDatasetWriter(_folder["sets"], "mine", split, 3).WriteFile(0, Enumerable.Range(0, 3).Select(i =>
            {
                var whole = SceneRecord.Render(environment, split, (ulong)i, 40, FrameFormat.Jpeg);
                return new SceneRecord(whole.Frames, whole.Cameras);
            }));
        }

        string run = _folder["run"];
        (await CommandRun.Of("train --preset tiny --steps 2 --threads 1 --data", _folder["sets"], "--out", run))
            .Succeeded();
        string output = (await CommandRun.Of("render --orbit 3 --out", _folder["strip.png"], run)).Succeeded().Output;
        Assert.DoesNotContain("the truth above", output, StringComparison.Ordinal);
        (await CommandRun.Of("render --orbit 3 --out", _folder["orbit.gif"], run)).Succeeded();
        output = (await CommandRun.Of("render --out", _folder["row.png"], run)).Succeeded().Output;
        Assert.Contains("row.png", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunOnSomeRenderedScenesSaysSo()
    {
        string run = _folder["run"];
        string output = (await CommandRun.Of(
            "train --preset tiny --steps 2 --threads 1 --train-scenes 5000 --out", run)).Succeeded().Output;
        Assert.Contains(
            "scenes     rooms-ring, the first 5,000, 16x16 pixels", output, StringComparison.Ordinal);
        Assert.Equal(5000, new RunDirectory(run).ReadConfiguration().Training.TrainScenes);
        (await CommandRun.Of("eval", run, "--data", _folder.Path)).Refused("there is no data set (expected NAME/train");
    }

    [Fact]
    public async Task WithoutATestFolderAShareIsHeldOutAndStaysSo()
    {
        WriteTraining(40);
        string run = _folder["run"], sets = _folder["sets"];
        string train = "train --preset tiny --steps 3 --threads 1 --holdout 0.1 --out";
        string output = (await CommandRun.Of(train, run, "--data", sets)).Succeeded().Output;
        var training = new RunDirectory(run).ReadConfiguration().Training;
        int held = (int)training.OpenDataset(SceneSplit.Test).CountScenes();
        Assert.InRange(held, 3, 5);
        Assert.Equal(40 - held, training.OpenDataset(SceneSplit.Train).CountScenes());
        Assert.Contains(
            $"held out   10 % of the scenes, {held} scenes; there is no test folder\n", output,
            StringComparison.Ordinal);
        Assert.Matches(@"training\.holdout +0\.1\s", (await CommandRun.Of("info", run)).Succeeded().Output);

        // Whatever the folder holds later, the run keeps its scenes.
        string before = (await CommandRun.Of("eval --count 4", run)).Succeeded().Output;
        WriteFiles("shepard-metzler-5", SceneSplit.Test);
        Assert.Equal(before, (await CommandRun.Of("eval --count 4", run)).Succeeded().Output);
        (await CommandRun.Of($"render --scene {held - 1} --out", _folder["a.png"], run)).Succeeded();
        (await CommandRun.Of($"render --scene {held} --out", _folder["b.png"], run)).Refused($"has {held} scenes");
        (await CommandRun.Of("train --steps 4 --resume", run, "--data", sets)).Succeeded();
        (await CommandRun.Of("train --steps 5 --holdout 0.1 --resume", run)).Succeeded();
        foreach (string change in new[] { "--holdout 0.2", "--set holdout=0.2", "--set holdout=none" })
        {
            (await CommandRun.Of($"train --steps 6 {change} --resume", run))
                .Refused("--holdout is for new runs: one that goes on keeps the scenes that it held out.");
        }

        (await CommandRun.Of("train --preset tiny --steps 2 --holdout 0.1 --out", _folder["no"], "--data", sets))
            .Refused($"--holdout 0.1: the data set in {sets} has a folder 'test', whose scenes are held out");
        (await CommandRun.Of("train --preset tiny --steps 2 --holdout 0.1 --out", _folder["no"]))
            .Refused("--holdout is for data sets (--data); scenes that are rendered have a test set of their own.");
        (await CommandRun.Of("train --holdout 1 --data", sets))
            .Refused("--holdout 1: write a number above 0 and below 1");
        Assert.False(Directory.Exists(_folder["no"]));
    }

    [Fact]
    public async Task TheUsualShareIsATwentiethAndTooFewScenesAreRefused()
    {
        string run = _folder["run"], sets = _folder["sets"];
        string[] to = ["--preset", "tiny", "--steps", "2", "--threads", "1", "--out", run];
        WriteFiles("shepard-metzler-5", SceneSplit.Train);
        (await CommandRun.Of("train --data", [sets, .. to]))
            .Refused("holding out 0.05 of its 5 scenes holds out none; choose a larger share (--holdout) or add")
            .Refused(Path.Combine(sets, "shepard_metzler_5_parts", "train"));
        Assert.False(Directory.Exists(run));
        WriteTraining(20);
        string output = (await CommandRun.Of("train --data", [sets, .. to])).Succeeded().Output;
        Assert.Contains(
            "held out   5 % of the scenes, 1 scene; there is no test folder\n", output, StringComparison.Ordinal);
        Assert.Equal(0.05, new RunDirectory(run).ReadConfiguration().Training.Holdout);
    }

    [Fact]
    public async Task ScenesOfOneViewAreSaidToHaveTooFew()
    {
        byte[] frame = Png.Encode(new RgbImage(16, 16));
        foreach (string split in new[] { "train", "test" })
            DataFolder.Write(Path.Combine(_folder["sets"], "mine", split, "1-of-1.tfrecord"), [frame], [frame]);
        (await CommandRun.Of("train --preset tiny --steps 2 --out", _folder["run"], "--data", _folder["sets"]))
            .Refused("A scene of mine has 1 view; training needs at least 2, a context and the query.");
        string output = (await CommandRun.Of("data check", _folder["sets"])).Refused("the check found 4 faults").Output;
        Assert.Contains(
            "byte 0: the scene has 1 view; it needs at least 2, a context and the query.", output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsWrongIsRefusedBeforeAFolderIsMade()
    {
        WriteFiles("shepard-metzler-5");
        string run = _folder["run"], sets = _folder["sets"];
        string[] to = ["--preset", "tiny", "--steps", "2", "--threads", "1", "--out", run];
        (await CommandRun.Of("train --dataset jaco", to)).Refused("training.dataset jaco needs training.data");
        (await CommandRun.Of("train --scenes shepard-metzler-7 --data", [sets, .. to])).Refused("name one of both");
        (await CommandRun.Of("train --train-scenes 9 --data", [sets, .. to])).Refused("name one of both");
        (await CommandRun.Of("train --train-scenes 0", to)).Refused("--train-scenes 0: write a whole number from 1");
        (await CommandRun.Of("train --set trainScenes=-1", to)).Refused("training.trainScenes -1 must be from 1");
        (await CommandRun.Of("train --set shuffleBuffer=0", to)).Refused("training.shuffleBuffer 0 must be from 1");
        (await CommandRun.Of("train --data", [_folder["nowhere"], .. to])).Refused("there is no such folder");
        (await CommandRun.Of("train --dataset jaco --data", [sets, .. to]))
            .Refused("there is no data set 'jaco'; there are shepard_metzler_5_parts");
        (await CommandRun.Of("train --set maxContexts=15 --data", [sets, .. to])).Refused("from 1 to 14");
        Assert.False(Directory.Exists(run));

        string file = Path.Combine(sets, "shepard_metzler_5_parts", "train", "1-of-1.tfrecord");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^9] ^= 1;
        File.WriteAllBytes(file, bytes);
        (await CommandRun.Of("train --data", [sets, .. to])).Refused($"Data '{file}', byte ");
    }

    private void WriteTraining(int scenes) =>
        new GqnDatasetWriter(_folder["sets"], "shepard-metzler-5", SceneSplit.Train, scenes)
            .RenderFile(0, Environments.Create("shepard-metzler-5"), SceneSplit.Train, 16);

    private void WriteFiles(string environment, params ReadOnlySpan<SceneSplit> splits)
    {
        foreach (var split in splits.IsEmpty ? Enum.GetValues<SceneSplit>() : splits)
        {
            new GqnDatasetWriter(_folder["sets"], environment, split, 5)
                .RenderFile(0, Environments.Create(environment), split, 32);
        }
    }
}

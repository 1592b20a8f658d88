using System.Security.Cryptography;
using Gqn.Native.Cli;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class BadInputTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    [Theory]
    [InlineData("trian", "There is no verb 'trian'; did you mean 'train'?")]
    [InlineData("train --sed 5", "There is no option '--sed'; did you mean '--seed'?")]
    [InlineData("train extra", "There is no argument 'extra'.")]
    [InlineData("train --preset tinny", "There is no preset 'tinny'; did you mean 'tiny'?")]
    [InlineData("train --scenes shepard-metzler-6", "No scene environment is called 'shepard-metzler-6'; did you mean")]
    [InlineData("train --set training.batsch=3", "there is no key 'training.batsch'; did you mean 'training.batch'?")]
    [InlineData("train --preset tiny --set steps=3", "'steps' may be 'training.steps' or")]
    [InlineData("train --preset tiny --set training.batch", "write key=value")]
    [InlineData("train --preset tiny --set training.batch=many", "training.batch: 'many' is not a number")]
    [InlineData("train --preset tiny --set training.adam.clipNorm=1e39", "training.adam.clipNorm")]
    [InlineData("train --preset tiny --set averageDecay=1", "training.averageDecay 1 must be 0 (no average) or above")]
    [InlineData("train --preset tiny --set training.sigma.initial=1e999", "training.sigma")]
    [InlineData("train --preset tiny --set model.imageSize=17", "imageSize 17 must be a multiple of 8")]
    [InlineData("train --steps 0", "--steps 0: write a whole number from 1 to")]
    [InlineData("train --steps -4", "--steps -4: write a whole number from 1 to")]
    [InlineData("train --batch x", "--batch x: write a whole number from 1 to")]
    [InlineData("train --batch", "--batch")]
    [InlineData("train --threads 0", "--threads 0: write a whole number from 1 to 1024")]
    [InlineData("train --seed -1", "--seed -1: write a whole number from 0 to")]
    [InlineData("train --time-limit 5x", "--time-limit 5x: write a time above 0")]
    [InlineData("train --time-limit -10m", "--time-limit -10m: write a time above 0")]
    [InlineData("train --fit-time soon", "--fit-time soon: write a time above 0")]
    [InlineData("train --fit-time 5m --steps 10", "--fit-time and --steps exclude each other")]
    [InlineData("train --fit-time 5m --set training.steps=10", "--fit-time and --steps exclude each other")]
    [InlineData("train --fit-time 5m --resume nowhere", "--fit-time is for new runs")]
    [InlineData("train --device gpu", "--device gpu: there is no such kind of device; write auto, cpu, cuda:N")]
    [InlineData("train --device opencl:999", "There is no ")]
    [InlineData("eval nowhere --device cuda:x", "--device cuda:x: there is no such kind of device")]
    [InlineData("train --device cpu --precision bf16", "The precision bf16 needs tensor cores")]
    [InlineData("train --device simulator --precision tf32", "The precision tf32 needs tensor cores")]
    [InlineData("train --precision fp16", "--precision fp16: write fp32 or tf32 or bf16")]
    [InlineData("train --preset paper --scenes shepard-metzler-5 --batch 4096 --set hidden=512 --set maxContexts=14", "memory and this machine has")]
    [InlineData("train --preset paper --set model.hidden=1024", "These sizes are too large to compute with")]
    [InlineData("train --resume nowhere --out elsewhere", "--out and --resume exclude each other")]
    [InlineData("train --resume nowhere", "nowhere is not a run: there is no config.json in it.")]
    [InlineData("eval nowhere", "There is no run's folder, weights file or shipped model 'nowhere'")]
    [InlineData("eval", "'gqn eval --help' shows the usage.")]
    [InlineData("eval nowhere --contexts 1,,3", "--contexts 1,,3: write whole numbers")]
    [InlineData("eval nowhere --contexts 0", "--contexts 0: write whole numbers of at least 1")]
    [InlineData("eval nowhere --count 0", "--count 0: write a whole number from 1 to")]
    [InlineData("eval nowhere --json /dev/null", "--json /dev/null: that is a device")]
    [InlineData("render", "'gqn render --help' shows the usage.")]
    [InlineData("render nowhere", "There is no run's folder, weights file or shipped model 'nowhere'")]
    [InlineData("render nowhere --out a.jpg", "--out a.jpg: only .png and, for an orbit, .gif can be written.")]
    [InlineData("render nowhere --out a.gif", "--out a.gif: an animation needs --orbit N")]
    [InlineData("render nowhere --out a.png --orbit 1", "--orbit 1: write a whole number from 2 to")]
    [InlineData("render nowhere --out a.png", "There is no run's folder, weights file or shipped model 'nowhere'")]
    [InlineData("info nowhere", "There is no run's folder, weights file or shipped model 'nowhere'")]
    [InlineData("info nowhere --preset tiny", "A model and --preset exclude each other")]
    [InlineData("export nowhere", "'--out' is required")]
    [InlineData("export nowhere --out a.safetensors", "nowhere is not a run: there is no config.json in it.")]
    [InlineData("export nowhere --out a.safetensors --weights mean", "--weights mean: write raw or average")]
    [InlineData("export nowhere --without-inferense", "There is no option '--without-inferense'; did you mean")]
    [InlineData("models extra", "There is no argument 'extra'.")]
    public async Task ImpossibleRequestsAreRefusedInOneSentence(string command, string sentence)
    {
        var result = (await CommandRun.Of(command)).Refused(sentence);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task AnEmptyFolderNameIsRefused() =>
        (await CommandRun.Of("train --out", "")).Refused("--out needs a value");

    [Fact]
    public async Task AFolderThatHoldsARunIsLeftAlone()
    {
        string before = Fingerprint(trained.Run);
        (await CommandRun.Of("train --preset tiny --out", trained.Run)).Refused("holds a run already");
        Assert.Equal(before, Fingerprint(trained.Run));
    }

    [Theory]
    [InlineData("--preset quick", "model.imageSize is 16, the one asked for has 32")]
    [InlineData("--set model.layers=3", "model.layers is 2, the one asked for has 3")]
    public async Task ARunDoesNotGoOnWithAnotherModel(string options, string difference)
    {
        string before = Fingerprint(trained.Run);
        (await CommandRun.Of("train " + options, "--resume", trained.Run))
            .Refused($"{trained.Run} holds another model: its {difference}.");
        Assert.Equal(before, Fingerprint(trained.Run));
    }

    [Fact]
    public async Task ARunGoesOnWithAFinerGridButNotWithAnotherVolume()
    {
        using var folder = new TemporaryFolder();
        string run = folder["volume"];
        (await CommandRun.Of(
            "train --preset tiny --set model.representation=volume --set model.volume.width=4 --set model.volume.height=2"
            + " --set training.learningRate.final=5e-4 --steps 2 --out", run)).Succeeded();
        (await CommandRun.Of("train --set model.volume.channels=40 --resume", run)).Refused("holds another model");
        (await CommandRun.Of(
            "train --set model.volume.width=6 --set model.volume.height=3 --steps 4 --resume", run)).Succeeded();
        var volume = new RunDirectory(run).ReadConfiguration().Model.Volume;
        Assert.Equal((6, 3), (volume.Width, volume.Height));
        (await CommandRun.Of("train --steps 5 --resume", run)).Succeeded();
        (await CommandRun.Of("eval --count 8", run)).Succeeded();
    }

    [Fact]
    public async Task ACheckpointOfAnotherModelIsRefused()
    {
        string run = trained.Copy("foreign-model");
        string path = new RunDirectory(run).ConfigurationPath;
        string json = File.ReadAllText(path);
        File.WriteAllText(path, json.Replace("\"layers\": 2", "\"layers\": 3", StringComparison.Ordinal));
        string before = Fingerprint(run);
        (await CommandRun.Of("train --resume", run))
            .Refused("holds another model: its model.layers is 2, the one asked for has 3.");
        (await CommandRun.Of("eval", run)).Refused("holds another model");
        Assert.Equal(before, Fingerprint(run));
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("flipped")]
    [InlineData("text")]
    [InlineData("empty")]
    public async Task ADamagedCheckpointIsRefusedAndNothingIsOverwritten(string damage)
    {
        string run = trained.Copy("damaged-" + damage), checkpoint = TrainedRun.Checkpoint(run);
        byte[] bytes = File.ReadAllBytes(checkpoint);
        File.Copy(checkpoint, Path.Combine(run, "checkpoints", "step-00000001.safetensors"));
        switch (damage)
        {
            case "truncated":
                bytes = bytes[..(bytes.Length / 2)];
                break;
            case "flipped":
                bytes[^100] ^= 1;
                break;
            case "text":
                bytes = "not a checkpoint, but long enough to be read as a header"u8.ToArray();
                break;
            default:
                bytes = [];
                break;
        }

        File.WriteAllBytes(checkpoint, bytes);
        string before = Fingerprint(run);
        (await CommandRun.Of("train --steps 9 --resume", run)).Refused(checkpoint)
            .Refused("To go on from another one").Refused("step-00000001.safetensors");
        (await CommandRun.Of("eval", run)).Refused(checkpoint);
        (await CommandRun.Of("render", run, "--out", trained["never.png"])).Refused(checkpoint);
        Assert.Equal(before, Fingerprint(run));
        Assert.False(File.Exists(trained["never.png"]));
    }

    [Fact]
    public async Task AMissingCheckpointIsNamed()
    {
        string run = trained.Copy("missing"), checkpoint = TrainedRun.Checkpoint(run);
        File.Delete(checkpoint);
        (await CommandRun.Of("eval", run)).Refused(Path.GetFileName(checkpoint));
        (await CommandRun.Of("train --resume", run)).Refused("which is not there");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"model\": {")]
    [InlineData("[]")]
    [InlineData("{ \"training\": { \"scenes\": null } }")]
    [InlineData("{ \"training\": { \"batch\": \"many\" } }")]
    [InlineData("{ \"something\": 1 }")]
    public async Task ADamagedConfigurationIsRefused(string json)
    {
        string run = trained.Copy($"configuration-{Guid.NewGuid():N}"), path = new RunDirectory(run).ConfigurationPath;
        File.WriteAllText(path, json);
        (await CommandRun.Of("train --resume", run)).Refused(path);
        (await CommandRun.Of("info", run)).Refused(path);
        Assert.Equal(json, File.ReadAllText(path));
    }

    [Fact]
    public async Task ADamagedMetricsLogIsRefused()
    {
        string run = trained.Copy("metrics"), path = new RunDirectory(run).MetricsPath;
        File.WriteAllText(path, "nonsense\n" + File.ReadAllText(path));
        (await CommandRun.Of("train --steps 9 --resume", run)).Refused(path);
    }

    [Fact]
    public async Task AFileInPlaceOfAFolderIsRefused()
    {
        string file = trained["file"];
        File.WriteAllText(file, "mine");
        (await CommandRun.Of("train --preset tiny --out", file))
            .Refused($"'{file}': there is a file of that name");
        (await CommandRun.Of("train", "--preset", "tiny", "--out", Path.Combine(file, "below"))).Refused(file);
        (await CommandRun.Of("render", trained.Run, "--out", trained["no/such/folder.png"])).Refused("Cannot write");
        (await CommandRun.Of("eval --count 2", trained.Run, "--json", trained.Path))
            .Refused($"Cannot write '{trained.Path}': it is a folder.");
        Assert.Equal("mine", File.ReadAllText(file));
    }

    [Fact]
    public async Task AFullDiskAndAFolderThatCannotBeMadeAreNamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /dev/full and /proc");
        (await CommandRun.Of("train --preset tiny --out /proc/gqn-run"))
            .Refused("Cannot make the run folder '/proc/gqn-run'");

        // The checkpoint is written under this temporary name first, here on a disk that is always full.
        string run = trained["full"];
        string checkpoint = new RunDirectory(run).CheckpointPath(2);
        Directory.CreateDirectory(Path.GetDirectoryName(checkpoint)!);
        File.CreateSymbolicLink(checkpoint + ".tmp", "/dev/full");
        var full = (await CommandRun.Of("train --preset tiny --steps 2 --threads 1 --out", run))
            .Refused($"Cannot write '{checkpoint}': No space left on device");
        // The attempt to save what was learned, after the failure, finds room.
        Assert.Contains("Saved after step 2; go on with: ", full.Output, StringComparison.Ordinal);
        Assert.Equal(checkpoint, new RunDirectory(run).LatestCheckpoint());
    }

    [Fact]
    public async Task TrainingThatDivergesNamesTheTensorAndTheLastGoodCheckpoint()
    {
        string run = trained.Copy("diverging"), checkpoint = TrainedRun.Checkpoint(run);
        (await CommandRun.Of("train --steps 20 --threads 1 --set training.learningRate.final=1e30 --resume", run))
            .Refused("is not finite; the last good checkpoint is " + checkpoint);
        Assert.Equal(checkpoint, TrainedRun.Checkpoint(run));
    }

    [Fact]
    public async Task MoreContextsThanASceneHasAreRefused()
    {
        (await CommandRun.Of("eval --contexts 10", trained.Run)).Refused("from 1 to 9 are possible");
        (await CommandRun.Of("render --contexts 10", trained.Run, "--out", trained["never.png"]))
            .Refused("at most 9 are possible");
    }

    [Fact]
    public void AnUnforeseenFailureIsOneSentenceToo()
    {
        using var error = new StringWriter();
        var exception = new InvalidOperationException("Line one.\nLine two.");
        Assert.Equal(CommandLine.UnexpectedFailure, Failure.Report(exception, error));
        Assert.Equal(
            "error: Unexpected InvalidOperationException: Line one. Line two. "
            + "Set GQN_DEBUG=1 to see where it came from.", error.ToString().TrimEnd());
    }

    /// <summary>Names and contents of all files of a folder.</summary>
    private static string Fingerprint(string folder)
    {
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var hashes = files.Select(file => file + Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        return string.Join('\n', hashes);
    }
}

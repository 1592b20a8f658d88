using System.Diagnostics;
using System.Runtime.InteropServices;
using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Training;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Nothing that was learned is lost, whatever ends a run in the middle.</summary>
public sealed class InterruptedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ADamagedRecordEndsARunThatIsSavedAndCanGoPastIt()
    {
        string bad = WriteSetWithDamage(count: 1)[0];
        string run = _folder["run"];
        string[] options = ["--steps", "30", "--threads", "1", "--log-every", "1", "--set", "averageDecay=0.99"];
        var stopped = (await CommandRun.Of(
            "train --preset tiny --data", [_folder["sets"], .. options, "--out", run])).Refused(bad);
        var directory = new RunDirectory(run);
        long saved = StepOf(directory);
        Assert.InRange(saved, 1, 29);
        Assert.Contains($"Saved after step {saved}; go on with: ", stopped.Output, StringComparison.Ordinal);
        Assert.Contains(
            $"train --resume {run} --skip-damaged 10\n", stopped.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(saved, TrainerTests.Metrics(run).Count);

        (await CommandRun.Of("train --resume", run)).Refused(bad);
        Assert.Equal(saved, StepOf(directory));
        string output = (await CommandRun.Of("train --skip-damaged 1 --resume", run)).Succeeded().Output;
        Assert.Single(output.Split('\n'), line => line.StartsWith("skipped: Data '", StringComparison.Ordinal)
            && line.Contains(bad, StringComparison.Ordinal));
        Assert.Equal(30, StepOf(directory));

        // The stop in between does not show in the weights.
        string whole = _folder["whole"];
        (await CommandRun.Of(
            "train --preset tiny --skip-damaged 1 --data", [_folder["sets"], .. options, "--out", whole])).Succeeded();
        Assert.Equal(
            File.ReadAllBytes(new RunDirectory(whole).LatestCheckpoint()!),
            File.ReadAllBytes(directory.LatestCheckpoint()!));
    }

    [Fact]
    public async Task OneDamagedRecordMoreThanAllowedEndsTheRun()
    {
        WriteSetWithDamage(count: 2);
        string run = _folder["run"];
        string[] options = ["--steps", "30", "--threads", "1", "--out", run];
        var stopped = (await CommandRun.Of(
            "train --preset tiny --skip-damaged 1 --data", [_folder["sets"], .. options]))
            .Refused("1 damaged record passed over before, as training.skipDamaged allows.");
        Assert.Single(stopped.Output.Split('\n'), line => line.StartsWith("skipped: ", StringComparison.Ordinal));
        (await CommandRun.Of("train --skip-damaged 2 --resume", run)).Succeeded();
    }

    [Fact]
    public async Task AFullDiskAtALineOfNumbersLosesNoStep()
    {
        const string Full = "/dev/full";
        if (!File.Exists(Full))
            return;
        string run = _folder["run"];
        (await CommandRun.Of("train --preset tiny --steps 2 --threads 1 --out", run)).Succeeded();
        var directory = new RunDirectory(run);
        File.Delete(directory.MetricsPath);
        File.CreateSymbolicLink(directory.MetricsPath, Full);
        var failed = (await CommandRun.Of("train --steps 9 --log-every 3 --resume", run)).Refused("space left on device");
        Assert.Contains("Saved after step 3; go on with: ", failed.Output, StringComparison.Ordinal);
        Assert.Equal(3, StepOf(directory));
        File.Delete(directory.MetricsPath);
        (await CommandRun.Of("train --steps 9 --resume", run)).Succeeded();
    }

    [Fact]
    public async Task AClosedTerminalEndsARunThatIsSaved()
    {
        if (OperatingSystem.IsWindows())
            return;
        string run = _folder["run"];
        using var process = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Gqn.Native"),
            ["train", "--preset", "tiny", "--steps", "100000", "--threads", "1", "--log-every", "1", "--out", run])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string? line;
        do
            line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line is not null && !line.Contains("-ELBO", StringComparison.Ordinal));
        Assert.Equal(0, Kill(process.Id, signal: 1));
        string rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("Stopped and saved after step ", rest, StringComparison.Ordinal);
        Assert.NotNull(new RunDirectory(run).LatestCheckpoint());
    }

    [Theory]
    [InlineData(SceneSplit.Train)]
    [InlineData(SceneSplit.Test)]
    public async Task DataThatCannotBeUsedLeaveNoFolder(SceneSplit split)
    {
        // A set with a released name, whose first record has no frame that can be decoded.
        foreach (var each in Enum.GetValues<SceneSplit>())
        {
            new GqnDatasetWriter(_folder["sets"], "shepard-metzler-5", each, 1).WriteFile(0, [Record(0, each == split)]);
        }

        (await CommandRun.Of("train --preset tiny --steps 2 --data", _folder["sets"], "--out", _folder["run"]))
            .Refused("frame 0 of the scene cannot be decoded");
        (await CommandRun.Of("train --preset tiny --data", _folder["sets"], "--out", _folder["run"]))
            .Refused("frame 0 of the scene cannot be decoded");
        Assert.Equal(["sets"], _folder.FileNames);
    }

    private static long StepOf(RunDirectory run) =>
        long.Parse(Path.GetFileNameWithoutExtension(run.LatestCheckpoint()!)["step-".Length..]);

    /// <summary>Sixty scenes, of which some but not the first have a frame that is no picture.</summary>
    /// <returns>For each of them what an error says of it.</returns>
    private string[] WriteSetWithDamage(int count)
    {
        const int Scenes = 60;
        int[] damaged = [.. Enumerable.Range(0, count).Select(i => 31 + (11 * i))];
        foreach (var split in Enum.GetValues<SceneSplit>())
        {
            new GqnDatasetWriter(_folder["sets"], "mine", split, Scenes).WriteFile(0, Enumerable.Range(0, Scenes)
                .Select(i => Record(i, split == SceneSplit.Train && damaged.Contains(i))));
        }

        string file = Path.Combine(_folder["sets"], "mine", "train", "1-of-1.tfrecord");
        using var records = new TfRecordFile(file);
        long[] offsets = records.ReadOffsets();
        return [.. damaged.Select(i => $"Data '{file}', byte {offsets[i]}: frame ")];
    }

    private static SceneRecord Record(int index, bool damaged)
    {
        var whole = SceneRecord.Render(
            Environments.Create("shepard-metzler-5"), SceneSplit.Train, (ulong)index, 16, FrameFormat.Png);
        return damaged
            ? new SceneRecord([.. whole.Frames.Select(_ => (ReadOnlyMemory<byte>)new byte[] { 1, 2, 3 })], whole.Cameras)
            : new SceneRecord(whole.Frames, whole.Cameras);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

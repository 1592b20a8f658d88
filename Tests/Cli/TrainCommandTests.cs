using System.Text;
using System.Text.Json;
using Gqn.Native.Cli;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Gqn.Native.Training;
using Spectre.Console;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class TrainCommandTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    [Fact]
    public void TrainingShowsWhatItDoesAndLeavesAnEvaluatedRun()
    {
        string[] lines = [.. trained.Output.Split('\n').Select(line => line.TrimEnd())];
        Assert.Equal($"run        {trained.Run}", lines[0]);
        Assert.StartsWith("device     CPU, 1 thread, ", lines[1], StringComparison.Ordinal);
        long parameters = ModelPlan.Create(Presets.Create("tiny"), 1).Parameters;
        Assert.Equal($"model      {Terminal.Count(parameters)} parameters", lines[2]);
        Assert.StartsWith("memory     about ", lines[3], StringComparison.Ordinal);
        Assert.Equal("scenes     rooms-ring, 16x16 pixels, 4 a step, 1 to 3 contexts", lines[4]);
        Assert.Equal("steps      6", lines[5]);
        var table = lines.SkipWhile(line => !line.Contains("-ELBO", StringComparison.Ordinal));
        var rows = table.TakeWhile(line => line.Length > 0);
        Assert.Equal(["step", "2", "4", "6"], rows.Select(line => line.TrimStart().Split(' ')[0]));
        Assert.All(rows, line => Assert.True(line.Length < 80, line));
        Assert.Matches(@" pred MSE +mean MSE ", rows.First());
        Assert.Matches(@"^ +6 .* 0\.\d{5} +0\.\d{5} +0\.\d{5} ", rows.Last());
        Assert.Contains("better than both", trained.Output, StringComparison.Ordinal);

        var directory = new RunDirectory(trained.Run);
        Assert.All([directory.EvaluationPath, directory.PredictionsPath], path =>
        {
            Assert.True(File.Exists(path));
            Assert.Contains(path, trained.Output, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task AnInterruptedRunThatGoesOnEndsWithTheSameWeights()
    {
        string run = trained["interrupted"];
        using var interruption = new CancellationTokenSource();
        using var output = new InterruptingWriter(interruption);
        using var error = new StringWriter();
        string[] args = ["train", "--preset", "tiny", "--steps", "6", "--threads", "1", "--log-every", "2", "--out"];
        int code = await CommandLine.RunAsync([.. args, run], output, error, interruption.Token);
        Assert.Equal((CommandLine.Interrupted, string.Empty), (code, error.ToString()));
        string stopped = $"Stopped and saved after step 2 of 6; go on with: gqn train --resume {run}";
        Assert.Contains(stopped, output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(new RunDirectory(run).EvaluationPath));

        string resumed = (await CommandRun.Of("train --threads 1 --resume", run)).Succeeded().Output;
        Assert.Contains("steps      6, 2 of them done", resumed, StringComparison.Ordinal);
        Assert.Contains("Trained 4 steps", resumed, StringComparison.Ordinal);
        RunDirectory whole = new(trained.Run), parts = new(run);
        Assert.Equal(File.ReadAllBytes(whole.LatestCheckpoint()!), File.ReadAllBytes(parts.LatestCheckpoint()!));
        Assert.Equal(File.ReadAllText(whole.EvaluationPath), File.ReadAllText(parts.EvaluationPath));
    }

    [Fact]
    public async Task AResumedRunTakesOtherTrainingValuesAndKeepsItsSchedules()
    {
        string run = trained.Copy("longer");
        var before = new RunDirectory(run).ReadConfiguration();
        (await CommandRun.Of("train --threads 1 --preset tiny --steps 8 --set keep=1 --resume", run)).Succeeded();
        var expected = before with
        {
            Training = before.Training with { Steps = 8 },
            Reporting = before.Reporting with { Keep = 1 },
        };
        Assert.Equal(expected, new RunDirectory(run).ReadConfiguration());
        Assert.Equal("step-00000008.safetensors", Path.GetFileName(TrainedRun.Checkpoint(run)));
        Assert.Single(Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors"));
    }

    [Fact]
    public async Task AFinishedRunIsEvaluatedAgainAndSaysHowToGoOn()
    {
        string run = trained.Copy("finished");
        string output = (await CommandRun.Of("train --threads 1 --resume", run)).Succeeded().Output;
        string done = $"All 6 steps were done before; for more: gqn train --resume {run} --steps N";
        Assert.Contains(done, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTimeLimitEndsWithAnEvaluation()
    {
        string run = trained["limited"];
        string options = "--steps 100000000 --time-limit 1s --threads 1 --set evaluationScenes=4 --out";
        string output = (await CommandRun.Of("train --preset tiny " + options, run)).Succeeded().Output;
        Assert.Contains("Time is up after step", output, StringComparison.Ordinal);
        Assert.True(File.Exists(new RunDirectory(run).EvaluationPath));
        Assert.NotNull(new RunDirectory(run).LatestCheckpoint());
    }

    /// <summary>Trains, evaluates, and says which environments have objects to measure.</summary>
    [Theory]
    [MemberData(nameof(EnvironmentNames))]
    public async Task EveryEnvironmentCanBeLearned(string scenes)
    {
        string run = trained["learning-" + scenes];
        string options = $"--preset tiny --steps 2 --threads 1 --set evaluationScenes=8 --scenes {scenes} --out";
        string output = (await CommandRun.Of("train " + options, run)).Succeeded().Output;
        Assert.Contains($"scenes     {scenes}, 16x16 pixels", output, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(File.ReadAllText(new RunDirectory(run).EvaluationPath));
        var entry = report.RootElement.GetProperty("contexts")[0];
        bool hasObjects = scenes != "mazes";
        Assert.Contains(" visible ", output, StringComparison.Ordinal);
        Assert.Equal(hasObjects, output.Contains(" objects ", StringComparison.Ordinal));
        Assert.All(new[] { "prediction", "reconstruction", "nearestView" }, answer =>
        {
            var error = entry.GetProperty(answer).GetProperty("objectMeanSquaredError");
            Assert.Equal(hasObjects ? JsonValueKind.Number : JsonValueKind.Null, error.ValueKind);
        });
    }

    public static TheoryData<string> EnvironmentNames => [.. Environments.Names];

    [Fact]
    public void SchedulesOfANewRunStretchWithItsLengthUnlessSet()
    {
        var preset = Presets.Create("paper").Training;
        var shorter = new TrainRequest { Preset = "paper", Steps = 20_000 }.ForNewRun().Training;
        Assert.Equal(20_000, shorter.Steps);
        Assert.Equal(preset.LearningRate with { Steps = 16_000 }, shorter.LearningRate);
        Assert.Equal(preset.Sigma with { Steps = 2_000 }, shorter.Sigma);

        string[] assignments = ["learningRate.steps=7", "training.steps=9"];
        var assigned = new TrainRequest { Preset = "paper", Steps = 20_000, Assignments = assignments }.ForNewRun();
        Assert.Equal((9, 7), (assigned.Training.Steps, assigned.Training.LearningRate.Steps));
        var constant = new TrainRequest { Preset = "tiny", Steps = 6 }.ForNewRun().Training.LearningRate;
        Assert.Equal(new LinearSchedule(1e-3, 1e-3, 0), constant);
    }

    [Fact]
    public void OptionsChangeThePresetAndAssignmentsChangeOptions()
    {
        var request = new TrainRequest
        {
            Preset = "tiny",
            Scenes = "shepard-metzler-7",
            Batch = 2,
            Seed = ulong.MaxValue,
            LogEvery = 3,
            SampleEvery = 4,
            CheckpointEvery = 5,
            Keep = 6,
            Assignments = ["training.batch=7"],
        };
        var configuration = request.ForNewRun();
        var preset = Presets.Create("tiny");
        var training = preset.Training with { Scenes = "shepard-metzler-7", Batch = 7, Seed = ulong.MaxValue };
        var reporting = preset.Reporting with { LogEvery = 3, SampleEvery = 4, CheckpointEvery = 5, Keep = 6 };
        Assert.Equal(training, configuration.Training);
        Assert.Equal(reporting, configuration.Reporting);
        Assert.Equal(preset.Model, configuration.Model);
    }

    [Fact]
    public void ARunWithoutAFolderTakesAFreeOne()
    {
        var run = TrainRequest.ClaimFreeFolder(Presets.Create("tiny"));
        Assert.StartsWith(Path.Combine("runs", "tiny-rooms-ring-"), run.Path, StringComparison.Ordinal);
        run.Claim().Dispose();
        Assert.False(Path.Exists(run.Path));
    }

    [Fact]
    public async Task HelpNamesDefaultsAndExplainsTheNumbers()
    {
        string help = (await CommandRun.Of("train --help")).Succeeded().Output;
        string[] expected =
        [
            "[default: quick]", "[default: auto]", "[default: 1]", "-ELBO ", "excess ", "KL ", "rec MSE ", "pred MSE ",
            "mean MSE ", "klWarmup", "freeBits", "sigma.shape=geometric",
        ];
        Assert.All(expected, text => Assert.Contains(text, help, StringComparison.Ordinal));
        Assert.All(Presets.All, preset => Assert.Contains(preset.Purpose, help, StringComparison.Ordinal));
    }

    [Fact]
    public void StepsBetweenReportsAllocateNothing()
    {
        using var output = new StringWriter();
        var clock = new SteppingClock();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        long allocated = -1, refreshed = 0;
        new TrainingDisplay(new Terminal(console, clock), 10_000, 0, null).Watch(observer =>
        {
            // The first refresh of the bar is due; refreshes while time stands still are not.
            clock.Seconds++;
            observer.Stepped(1);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int step = 2; step < 5000; step++)
                observer.Stepped(step);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            clock.Seconds++;
            before = GC.GetAllocatedBytesForCurrentThread();
            observer.Stepped(5000);
            refreshed = GC.GetAllocatedBytesForCurrentThread() - before;
            return TrainingOutcome.Completed;
        });
        Assert.Equal(0, allocated);
        Assert.True(refreshed > 0, "the bar was never refreshed");
    }

    private sealed class SteppingClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    /// <summary>Presses Ctrl-C when the first line of numbers is shown.</summary>
    private sealed class InterruptingWriter(CancellationTokenSource interruption) : StringWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(string? value)
        {
            base.Write(value);
            if (GetStringBuilder().ToString().Contains("-ELBO", StringComparison.Ordinal))
                interruption.Cancel();
        }
    }
}

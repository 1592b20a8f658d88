using System.CommandLine;
using System.Text.RegularExpressions;
using Gqn.Native.Cli;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Training;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Runs whose length is chosen by a time, on a clock that moves when it is read.</summary>
public sealed class FitTimeTests
{
    [Fact]
    public async Task TheLengthFitsTheTimeAndRepeatsTheWeights()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"], again = folder["again"];
        string options = "--preset tiny --threads 1 --seed 5 --set evaluationScenes=4 --set learningRate.final=1e-4 "
            + "--set sigma.steps=7 --log-every 1";
        using var output = new StringWriter();
        var clock = new FakeClock { SecondsPerReading = 0.01 };
        var command = TrainCommand.Create(new Terminal(output, clock));
        string[] words = ["--fit-time", "10s", .. options.Split(' '), "--out", run];
        await command.Parse(words).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        var training = new RunDirectory(run).ReadConfiguration().Training;
        Assert.InRange(training.Steps, 20, 1000);
        Assert.Matches(@"speed +[\d.]+ steps/s measured: [\d,]+ steps fit 10s; repeat with --steps \d+", output.ToString());
        Assert.InRange(clock.Seconds, 2, 10.5);
        Assert.Equal(["run"], folder.FileNames);
        Assert.False(Directory.Exists(Path.Combine(run, "rehearsal")));

        // The clock's speed differs between training and measuring: the printed options repeat that as well.
        string repeat = Regex.Matches(output.ToString(), "repeat (?:it )?with (--.*)")[^1].Groups[1].Value;
        Assert.Equal(training.Refits is not null, repeat.Contains("training.refits", StringComparison.Ordinal));
        (await CommandRun.Of($"train {options} {repeat} --out", again)).Succeeded();
        Assert.Equal(File.ReadAllBytes(TrainedRun.Checkpoint(run)), File.ReadAllBytes(TrainedRun.Checkpoint(again)));
    }

    [Fact]
    public void OnlyARunOfUnknownLengthIsFittedUnasked()
    {
        TrainRequest open = new() { Scenes = "mazes", Seed = 3, Assignments = ["training.batch=4"] };
        Assert.Equal(TrainRequest.DefaultTime, open.TimeToFit(false));
        Assert.Null(open.TimeToFit(true));
        Assert.All(
            [
                open with { Preset = "quick" }, open with { Steps = 8000 },
                open with { TimeLimit = TimeSpan.FromSeconds(9) }, open with { Assignments = ["Training.Steps = 9"] },
                open with { Assignments = ["refits=3:2"] },
            ],
            request => Assert.Null(request.TimeToFit(false)));
        var asked = open with { Preset = "paper", TimeLimit = TimeSpan.FromHours(2), FitTime = TimeSpan.FromHours(1) };
        Assert.Equal(TimeSpan.FromHours(1), asked.TimeToFit(false));
        Assert.Throws<OptionException>(() => (asked with { Assignments = ["training.steps=9"] }).TimeToFit(false));
    }

    [Fact]
    public void SchedulesOfAFittedRunStretchWithIt()
    {
        var training = new TrainRequest { FitTime = TrainRequest.DefaultTime, Steps = 6800 }.ForNewRun().Training;
        Assert.Equal(
            (6800, new LinearSchedule(1.6e-3, 1e-4, 6800),
                new LinearSchedule(2.0, 0.2, 6800, ScheduleShape.Geometric), 6120),
            (training.Steps, training.LearningRate, training.Sigma, training.PosteriorFrom));
    }

    [Fact]
    public void ARunOfChangedLengthSaysHowItIsRepeated()
    {
        using var output = new StringWriter();
        var terminal = new Terminal(output, new FakeClock());
        TrainingOptions planned = new() { Steps = 6800 };
        FittedRun.WriteRepeat(terminal, planned, planned);
        Assert.Empty(output.ToString());
        FittedRun.WriteRepeat(terminal, planned, planned with { Steps = 6100, Refits = "3000:1.2263" });
        Assert.Contains(
            "repeat it with --steps 6800 --set training.steps=6100 --set training.refits=3000:1.2263",
            output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheDisplayTellsWarningsInALine()
    {
        using var output = new StringWriter();
        ITrainingObserver display = new TrainingDisplay(new Terminal(output, new FakeClock()), 10, 0, null);
        display.Warned("cuda:0 launches kernels one by one.");
        Assert.Equal("warning: cuda:0 launches kernels one by one.", output.ToString().TrimEnd());
    }

    [Fact]
    public void TheDisplayGoesOnWithTheNewLength()
    {
        using var output = new StringWriter();
        var clock = new FakeClock();
        ITrainingObserver display = new TrainingDisplay(new Terminal(output, clock), 6800, 0, null);
        clock.Seconds = 100;
        display.Refitted(1000, 5000);
        display.Logged(new TrainingMetrics(1000, 1, 1, 1, 1, double.NaN, double.NaN, 0, 1, 1, 1, 1, 0.1));
        display.Refitted(2000, 6000);
        string[] lines = output.ToString().Split('\n', StringSplitOptions.TrimEntries);
        Assert.Equal("1000 slower than expected: 5,000 steps instead of 6,800 will end in time", lines[0]);
        Assert.EndsWith("6m40s", lines[2], StringComparison.Ordinal);
        Assert.Equal("2000 faster than expected: 6,000 steps instead of 5,000 will end in time", lines[3]);
    }
}

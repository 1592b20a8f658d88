using Gqn.Native.Engine;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training with a time limit on a machine whose speed halves in mid-run.</summary>
public sealed class FittedTrainingTests : IDisposable
{
    private const double Limit = 21, SlowFrom = 11;
    private static readonly TrainingPace Pace = new(0.1, 0, 0);

    private static readonly RunConfiguration Planned = TrainerTests.Configuration(
        "training.steps=200", "training.learningRate.initial=1e-3", "training.learningRate.final=1e-4",
        "training.learningRate.steps=200", "training.sigma.initial=2", "training.sigma.final=0.7",
        "training.sigma.steps=200", "reporting.logEvery=1", "reporting.sampleEvery=1000",
        "reporting.checkpointEvery=60", "model.layers=1");

    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(2);
    private readonly List<TrainingMetrics> _metrics = [];
    private readonly FakeClock _clock = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void SchedulesRunOutWithinTheLimit()
    {
        Assert.Equal(TrainingOutcome.Completed, Train("run", Planned, fit: true));
        var recorded = Recorded("run").Training;
        Assert.InRange(_clock.Seconds, 0.85 * Limit, Limit);
        Assert.InRange(recorded.Steps, 140, 170);
        var last = _metrics[^1];
        Assert.Equal((recorded.Steps, 1e-4, 0.7), (last.Step, last.LearningRate, last.Sigma));
        // No jumps: no update moves the schedules by more than a few planned steps.
        Assert.All(_metrics.Zip(_metrics.Skip(1)), pair =>
            Assert.InRange(pair.First.Sigma - pair.Second.Sigma, 0, 8 * 1.3 / 200));
        Assert.All(_metrics.TakeWhile(metrics => metrics.Step <= 100), metrics =>
            Assert.Equal(Planned.Training.LearningRate.At(metrics.Step - 1), metrics.LearningRate));
    }

    [Fact]
    public void TheRecordedConfigurationRepeatsTheRun()
    {
        Train("run", Planned, fit: true);
        var recorded = Recorded("run");
        var repeat = ConfigurationOverrides.Apply(
            Planned, [$"training.steps={recorded.Training.Steps}", $"training.refits={recorded.Training.Refits}"]);
        Assert.Equal(recorded, repeat);
        Assert.NotNull(repeat.Training.Refits);
        Train("repeat", repeat, fit: false);
        Assert.Equal(Weights("run"), Weights("repeat"));
        Assert.Equal(TrainerTests.Metrics(_folder["run"]), TrainerTests.Metrics(_folder["repeat"]));
    }

    /// <summary>Stopped, its state is saved; killed, it resumes from before the change of length.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARunOfChangedLengthGoesOnAsItWasRecorded(bool killed)
    {
        using var source = new CancellationTokenSource();
        // Some steps after the first re-fit, and before the next checkpoint.
        void Interrupt(long step)
        {
            if (Recorded("parts").Training.Refits is not { } refits
                || step < long.Parse(refits.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture) + 2)
                return;
            if (killed)
            {
                CopyRun("parts", "killed");
                throw new KilledException();
            }

            source.Cancel();
        }

        try
        {
            Assert.Equal(TrainingOutcome.Cancelled, Train("parts", Planned, true, Interrupt, source));
        }
        catch (KilledException) when (killed)
        {
            // An exception lets the trainer save its state; a kill leaves the files as they were.
            Directory.Delete(_folder["parts"], recursive: true);
            Directory.Move(_folder["killed"], _folder["parts"]);
            Assert.EndsWith("step-00000060.safetensors", new RunDirectory(_folder["parts"]).LatestCheckpoint());
        }

        var recorded = Recorded("parts");
        Assert.Equal(TrainingOutcome.Completed, Train("parts", recorded, fit: false));
        Train("whole", recorded, fit: false);
        Assert.Equal(recorded, Recorded("parts"));
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(TrainerTests.Metrics(_folder["whole"]), TrainerTests.Metrics(_folder["parts"]));
    }

    [Fact]
    public void TheLearningRateWarmsUp()
    {
        var warm = ConfigurationOverrides.Apply(Planned, ["training.warmupSteps=4", "training.steps=8"]);
        Train("warm", warm, fit: false);
        double[] expected = [.. Enumerable.Range(0, 8).Select(step =>
            Math.Min(1, (step + 1) / 4.0) * warm.Training.LearningRate.At(step))];
        Assert.Equal(expected, _metrics.Select(metrics => metrics.LearningRate));
    }

    private void CopyRun(string from, string to)
    {
        foreach (string folder in Directory.EnumerateDirectories(_folder[from], "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(_folder[to], Path.GetRelativePath(_folder[from], folder)));
        foreach (string file in Directory.EnumerateFiles(_folder[from], "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) != RunClaim.FileName)
                File.Copy(file, Path.Combine(_folder[to], Path.GetRelativePath(_folder[from], file)));
        }
    }

    private TrainingOutcome Train(
        string run, RunConfiguration configuration, bool fit, Action<long>? stepped = null,
        CancellationTokenSource? interruption = null)
    {
        var directory = new RunDirectory(_folder[run]);
        if (!File.Exists(directory.ConfigurationPath))
            directory.Create(configuration);
        using var trainer = new Trainer(configuration, directory, _device, _clock);
        var observer = new TrainerTests.Observer
        {
            OnStep = step =>
            {
                _clock.Seconds += _clock.Seconds < SlowFrom ? 0.1 : 0.2;
                stepped?.Invoke(step);
            },
            OnLog = _metrics.Add,
        };
        var deadline = fit ? new Deadline(TimeSpan.FromSeconds(Limit), Pace, 1, configuration.Reporting, _clock) : null;
        return trainer.Run(observer, null, interruption?.Token ?? CancellationToken.None, deadline);
    }

    private RunConfiguration Recorded(string run) => new RunDirectory(_folder[run]).ReadConfiguration();

    private byte[] Weights(string run) => File.ReadAllBytes(new RunDirectory(_folder[run]).LatestCheckpoint()!);

    private sealed class KilledException : Exception;
}

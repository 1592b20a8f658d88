using System.Text.Json.Nodes;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training as a whole: determinism, resuming, no garbage, memory as planned, divergence.</summary>
public sealed class TrainerTests
{
    /// <summary>A volume small enough for tests, with all that goes with it.</summary>
    internal static readonly string[] Volume =
    [
        "model.representation=volume", "model.viewBroadcast=rays", "model.heInitialization=true", "model.volume.width=6",
        "model.volume.height=4", "model.volume.channels=8", "model.volume.fineChannels=8", "model.volume.depthBins=4",
        "model.volume.rayPoints=4", "training.repeatedQueries=0.3",
    ];

    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    public void SameSeedGivesSameBytesWhateverTheThreads(string representation)
    {
        using var folder = new TemporaryFolder();
        byte[] one = FinalCheckpoint(folder["1"], 1, Of(representation));
        foreach (int threads in (int[])[2, 4])
        {
            Assert.Equal(one, FinalCheckpoint(folder[$"{threads}"], threads, Of(representation)));
            Assert.Equal(Metrics(folder["1"]), Metrics(folder[$"{threads}"]));
        }
    }

    [Fact]
    public void OtherSeedGivesOtherWeights()
    {
        using var folder = new TemporaryFolder();
        byte[] one = FinalCheckpoint(folder["one"], 2), other = FinalCheckpoint(folder["other"], 2, "training.seed=2");
        Assert.NotEqual(one, other);
    }

    [Theory]
    [InlineData("tower", 1)]
    [InlineData("tower", 7)]
    [InlineData("tower", 10)]
    [InlineData("tower", 13)]
    [InlineData("volume", 7)]
    [InlineData("volume", 10)]
    public void InterruptedAndResumedRunEqualsAnUninterruptedOne(string representation, int stopAt)
    {
        using var folder = new TemporaryFolder();
        string[] overrides = Of(representation);
        byte[] whole = FinalCheckpoint(folder["whole"], 2, overrides);
        using (var source = new CancellationTokenSource())
        {
            var observer = new Observer { OnStep = step => Cancel(step, stopAt, source) };
            Run(folder["parts"], 2, observer, source.Token, overrides);
        }

        Run(folder["parts"], 2, new Observer(), CancellationToken.None, overrides);
        Assert.Equal(whole, File.ReadAllBytes(new RunDirectory(folder["parts"]).LatestCheckpoint()!));
        Assert.Equal(Metrics(folder["whole"]), Metrics(folder["parts"]));
    }

    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    public void StepInSteadyStateMakesNoGarbageAndNoBuffers(string representation)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        long before = 0;
        int made = 0, measured = 0;
        var observer = new Observer
        {
            OnStep = step =>
            {
                // By step 40 each number of contexts has come up; the steps without a report are those that must be
                // free.
                if (step is > 41 and < 90 && step % 50 != 0 && step % 50 != 1)
                {
                    Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
                    Assert.Equal(made, device.Pool.Made);
                    measured++;
                }

                made = device.Pool.Made;
                before = GC.GetAllocatedBytesForCurrentThread();
            },
        };
        var configuration = Configuration([
            "training.steps=90", "reporting.logEvery=50", "reporting.sampleEvery=50", "reporting.checkpointEvery=50",
            .. Of(representation)]);
        Run(folder["run"], device, configuration, observer, CancellationToken.None);
        Assert.True(measured > 30, $"only {measured} steps were measured");
    }

    [Theory]
    [InlineData("tower")]
    [InlineData("pyramid")]
    [InlineData("volume")]
    public void MemoryIsWithinATenthOfThePlan(string representation)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        var configuration = Configuration(
            [.. Of(representation), "training.steps=30", "reporting.sampleScenes=4"]);
        Run(folder["run"], device, configuration, new Observer { OnStep = _ => Peak(device) }, CancellationToken.None);
        long planned = ModelPlan.Create(configuration, 2).TrainingBytes;
        Assert.InRange(_peak, 0.9 * planned, 1.1 * planned);
    }

    private long _peak;

    private void Peak(CpuDevice device) => _peak = Math.Max(_peak, device.AllocatedBytes);

    [Fact]
    public void DivergenceStopsAndNamesStepAndTensorAndKeepsTheCheckpoint()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        // The rate falls from absurd to small: fine up to the first checkpoint is arranged by resuming with another
        // rate.
        Run(run, 1, new Observer(), CancellationToken.None, "training.steps=5");
        string checkpoint = new RunDirectory(run).LatestCheckpoint()!;
        byte[] good = File.ReadAllBytes(checkpoint);
        var exception = Assert.Throws<TrainingException>(() => Run(
            run, 1, new Observer(), CancellationToken.None, "training.steps=20", "training.learningRate.initial=1e30",
            "training.learningRate.final=1e30"));
        Assert.Matches("step [678]: .*'.+' is not finite", exception.Message);
        Assert.Contains(checkpoint, exception.Message, StringComparison.Ordinal);
        Assert.Equal(checkpoint, new RunDirectory(run).LatestCheckpoint());
        Assert.Equal(good, File.ReadAllBytes(checkpoint));
    }

    [Fact]
    public void LossFallsWhenOneBatchIsLearned()
    {
        using var folder = new TemporaryFolder();
        var seen = new List<TrainingMetrics>();
        Run(
            folder["run"], 2, new Observer { OnLog = seen.Add }, CancellationToken.None, "training.steps=120",
            "reporting.logEvery=1", "reporting.sampleEvery=1000");
        double first = seen.Take(10).Average(m => m.Excess), last = seen.TakeLast(10).Average(m => m.Excess);
        Assert.True(last < 0.6 * first, $"excess went from {first} to {last}");
    }

    [Fact]
    public void RunDirectoryHoldsWhatItPromises()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        Run(run, 2, new Observer(), CancellationToken.None);
        Assert.True(File.Exists(Path.Combine(run, "config.json")));
        Assert.NotEmpty(Directory.GetFiles(run, "events.out.tfevents.*"));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.safetensors").Length);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(run, "samples"), "*.png"));
        string[] keys =
            ["step", "negElbo", "excess", "kl", "reconstructionMse", "learningRate", "sigma", "secondsPerStep"];
        foreach (string line in File.ReadAllLines(Path.Combine(run, "metrics.jsonl")))
        {
            var values = JsonNode.Parse(line)!.AsObject();
            Assert.All(keys, key => Assert.True(values.ContainsKey(key), key));
        }

        string last = File.ReadAllLines(Path.Combine(run, "metrics.jsonl"))[^1];
        Assert.True(JsonNode.Parse(last)!.AsObject().ContainsKey("predictionMse"));
        Assert.Equal(RunConfigurationOf(run), Configuration());
    }

    internal static RunConfiguration Configuration(params string[] overrides) => ConfigurationOverrides.Apply(
        Presets.Create("tiny"),
        [
            "training.steps=16", "reporting.logEvery=2", "reporting.sampleEvery=8", "reporting.checkpointEvery=5",
            "reporting.evaluationScenes=4", .. overrides,
        ]).WithScenes();

    /// <summary>The options that choose a representation.</summary>
    internal static string[] Of(string representation) =>
        representation == "volume" ? Volume : [$"model.representation={representation}"];

    internal static TrainingOutcome Run(
        string path, int threads, Observer observer, CancellationToken cancellation, params string[] overrides)
    {
        using var device = new CpuDevice(threads);
        return Run(path, device, Configuration(overrides), observer, cancellation);
    }

    internal static TrainingOutcome Run(
        string path, Device device, RunConfiguration configuration, Observer observer,
        CancellationToken cancellation)
    {
        var directory = new RunDirectory(path);
        if (!File.Exists(directory.ConfigurationPath))
            directory.Create(configuration);
        using var trainer = new Trainer(configuration, directory, device, TimeProvider.System);
        return trainer.Run(observer, null, cancellation);
    }

    private static RunConfiguration RunConfigurationOf(string run) => new RunDirectory(run).ReadConfiguration();

    private static byte[] FinalCheckpoint(string path, int threads, params string[] overrides)
    {
        Assert.Equal(TrainingOutcome.Completed, Run(path, threads, new Observer(), CancellationToken.None, overrides));
        return File.ReadAllBytes(new RunDirectory(path).LatestCheckpoint()!);
    }

    /// <summary>The lines of metrics without what depends on the clock.</summary>
    internal static List<string> Metrics(string path) =>
    [
        .. File.ReadAllLines(new RunDirectory(path).MetricsPath).Select(line =>
        {
            var values = JsonNode.Parse(line)!.AsObject();
            values.Remove("secondsPerStep");
            return values.ToJsonString();
        }),
    ];

    internal static void Cancel(long step, int stopAt, CancellationTokenSource source)
    {
        if (step == stopAt)
            source.Cancel();
    }

    internal sealed class Observer : ITrainingObserver
    {
        public Action<long>? OnStep { get; init; }

        public Action<TrainingMetrics>? OnLog { get; init; }

        public void Stepped(long step) => OnStep?.Invoke(step);

        public void Logged(in TrainingMetrics metrics) => OnLog?.Invoke(metrics);

        public void Sampled(long step, string path)
        {
        }

        public void Saved(long step, string path)
        {
        }
    }
}

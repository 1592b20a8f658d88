using System.Text.Json.Nodes;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Imaging;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training as a whole: determinism, resuming, no garbage, memory as planned, divergence.</summary>
public sealed class TrainerTests
{
    /// <summary>A volume small enough for tests, with every option that goes with it.</summary>
    internal static readonly string[] Volume =
    [
        "model.representation=volume", "model.viewBroadcast=rays", "model.heInitialization=true", "model.volume.width=6",
        "model.volume.height=4", "model.volume.channels=16", "model.volume.rayChannels=8", "model.volume.depthBins=4",
        "model.volume.rayPoints=4", "training.repeatedQueries=0.3", "training.posteriorEvery=2",
        "training.posteriorFrom=8",
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
    [InlineData("tower", 1, 0)]
    [InlineData("tower", 7, 0)]
    [InlineData("tower", 10, 0.9)]
    [InlineData("tower", 13, 0.9)]
    [InlineData("volume", 7, 0.9)]
    [InlineData("volume", 10, 0)]
    public void InterruptedAndResumedRunEqualsAnUninterruptedOne(
        string representation, int stopAt, double averageDecay)
    {
        string average = FormattableString.Invariant($"training.averageDecay={averageDecay}");
        using var folder = new TemporaryFolder();
        string[] overrides = [.. Of(representation), average];
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

    /// <summary>Averaging, and measuring the average, leave the weights and metrics of training unchanged.</summary>
    [Fact]
    public void AveragingAndMeasuringChangeNoWeights()
    {
        using var folder = new TemporaryFolder();
        FinalCheckpoint(folder["without"], 1);
        FinalCheckpoint(folder["often"], 1, "training.averageDecay=0.9", "reporting.sampleEvery=1");
        FinalCheckpoint(folder["seldom"], 1, "training.averageDecay=0.9", "reporting.sampleEvery=16");
        float[] without = Tensors(folder["without"], name => !name.StartsWith("average/", StringComparison.Ordinal));
        float[] average = Tensors(folder["often"], name => name.StartsWith("average/", StringComparison.Ordinal));
        Assert.Equal(without, Tensors(folder["often"], name => !name.StartsWith("average/", StringComparison.Ordinal)));
        Assert.Equal(average, Tensors(folder["seldom"], name => name.StartsWith("average/", StringComparison.Ordinal)));
        Assert.Equal(without.Length, 3 * average.Length);
        Assert.NotEqual(without[..average.Length], average);
    }

    [Fact]
    public void PredictionErrorIsThatOfTheAverage()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        using var device = new CpuDevice(1);
        var configuration = Configuration("training.averageDecay=0.9");
        TrainingMetrics last = default;
        Run(run, device, configuration, new Observer { OnLog = line => last = line }, CancellationToken.None);
        foreach (var kind in Enum.GetValues<WeightKind>())
        {
            using var model = TrainedModel.Load(run, device, kind);
            using var evaluator = new Evaluator(model.Network, device, configuration);
            var scenes = evaluator.HeldOut(configuration.Reporting.SampleScenes, 3);
            double error = ImageMetrics.MeanSquaredError(evaluator.Sample(scenes).First, scenes.QueryImages);
            Assert.Equal(kind == WeightKind.Average, error == last.PredictionMse);
        }
    }

    [Fact]
    public void AverageStartsAtTheWeightsOfACheckpointThatHasNone()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        Run(run, 1, new Observer(), CancellationToken.None, "training.steps=5");
        using var device = new CpuDevice(1);
        var configuration = Configuration("training.averageDecay=0.9", "training.steps=6");
        using var trainer = new Trainer(configuration, new RunDirectory(run), device, TimeProvider.System);
        Assert.True(trainer.AverageStartsHere);
        trainer.Run(new Observer(), null, CancellationToken.None);
        Assert.False(trainer.AverageStartsHere);
        // One update with d = 1/10: a tenth of the old weights and nine tenths of the new ones.
        using var old = Safetensors.Open(new RunDirectory(run).CheckpointPath(5));
        using var now = Safetensors.Open(new RunDirectory(run).CheckpointPath(6));
        float[] before = new float[3], after = new float[3], average = new float[3];
        old.Read("output.bias", before);
        now.Read("output.bias", after);
        now.Read("average/output.bias", average);
        for (int i = 0; i < 3; i++)
            Assert.Equal((0.1 * before[i]) + (0.9 * after[i]), average[i], 1e-7);
    }

    /// <summary>Holds even if the weight of the KL changes at every step, with and without free bits.</summary>
    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    [InlineData("tower", "training.klWarmup=1000")]
    [InlineData("tower", "training.klWarmup=1000", "training.freeBits=0.1")]
    public void StepInSteadyStateMakesNoGarbageAndNoBuffers(string representation, params string[] overrides)
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(2);
        long before = 0;
        int made = 0, measured = 0;
        var observer = new Observer
        {
            OnStep = step =>
            {
                // By step 40 every number of contexts has occurred; only the steps without a report must be free of
                // garbage.
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
        var configuration = Configuration(
        [
            "training.steps=90", "training.averageDecay=0.999", "reporting.logEvery=50", "reporting.sampleEvery=50",
            "reporting.checkpointEvery=50",
            .. Of(representation), .. overrides,
        ]);
        Run(folder["run"], device, configuration, observer, CancellationToken.None);
        Assert.True(measured > 30, $"only {measured} steps were measured");
    }

    /// <summary>With the same weights, scenes and noise in the first step, the reported bound must be the same and the
    /// update different.</summary>
    [Theory]
    [InlineData("training.klWarmup=50")]
    [InlineData("training.freeBits=3")]
    public void SteeredLatentsLeaveTheReportedBoundAndChangeTheUpdate(string option)
    {
        using var folder = new TemporaryFolder();
        string[] one = ["training.steps=1", "reporting.logEvery=1"];
        byte[] plain = FinalCheckpoint(folder["plain"], 1, one);
        byte[] steered = FinalCheckpoint(folder["steered"], 1, [option, .. one]);
        JsonObject expected = First(folder["plain"]), actual = First(folder["steered"]);
        Assert.True((double)expected["kl"]! > 0);
        string[] keys = ["negElbo", "kl", "excess", "reconstructionMse"];
        Assert.All(keys, key => Assert.Equal((double)expected[key]!, (double)actual[key]!));
        Assert.NotEqual((double)expected["gradientNorm"]!, (double)actual["gradientNorm"]!);
        // After the header, which holds the configuration.
        Assert.NotEqual(plain.AsSpan(plain.Length / 2).ToArray(), steered.AsSpan(steered.Length / 2).ToArray());

        static JsonObject First(string run) => JsonNode.Parse(Metrics(run)[0])!.AsObject();
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
            [.. Of(representation), "training.averageDecay=0.999", "training.steps=30", "reporting.sampleScenes=4"]);
        Run(folder["run"], device, configuration, new Observer { OnStep = _ => Peak(device) }, CancellationToken.None);
        long planned = ModelPlan.Create(configuration, 2).TrainingBytes;
        Assert.InRange(_peak, 0.9 * planned, 1.1 * planned);
    }

    [Fact]
    public void PlanCountsTheAverageAsTheWeights()
    {
        var without = ModelPlan.Create(Configuration(), 2);
        var with = ModelPlan.Create(Configuration("training.averageDecay=0.9"), 2);
        Assert.Equal(without.TrainingBytes + without.WeightBytes, with.TrainingBytes);
    }

    private long _peak;

    private void Peak(CpuDevice device) => _peak = Math.Max(_peak, device.AllocatedBytes);

    [Fact]
    public void DivergenceStopsAndNamesStepAndTensorAndKeepsTheCheckpoint()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        // The first checkpoint must be good: it is made with a usual rate, and the run resumed with an absurd one.
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
        [
            "step", "negElbo", "excess", "kl", "reconstructionMse", "learningRate", "sigma", "secondsPerStep", "sceneWait",
        ];
        foreach (string line in File.ReadAllLines(Path.Combine(run, "metrics.jsonl")))
        {
            var values = JsonNode.Parse(line)!.AsObject();
            Assert.All(keys, key => Assert.True(values.ContainsKey(key), key));
        }

        string last = File.ReadAllLines(Path.Combine(run, "metrics.jsonl"))[^1];
        string[] sampled = ["predictionMse", "meanOfSamplesMse", "sampleVariance"];
        Assert.All(sampled, key => Assert.True(JsonNode.Parse(last)!.AsObject().ContainsKey(key), key));
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

    /// <summary>The values of those tensors in the newest checkpoint whose names match, in file order.</summary>
    private static float[] Tensors(string path, Func<string, bool> isMeant)
    {
        using var reader = Safetensors.Open(new RunDirectory(path).LatestCheckpoint()!);
        var all = new List<float>();
        foreach (var tensor in reader.Tensors.Where(tensor => isMeant(tensor.Name)))
        {
            float[] values = new float[tensor.Count];
            reader.Read(tensor.Name, values);
            all.AddRange(values);
        }

        return [.. all];
    }

    /// <summary>The lines of metrics, without the values that depend on the clock.</summary>
    internal static List<string> Metrics(string path) =>
    [
        .. File.ReadAllLines(new RunDirectory(path).MetricsPath).Select(line =>
        {
            var values = JsonNode.Parse(line)!.AsObject();
            values.Remove("secondsPerStep");
            values.Remove("sceneWait");
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

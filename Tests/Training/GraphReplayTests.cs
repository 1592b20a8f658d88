using Gqn.Native.Engine;
using Gqn.Native.Tests.Driver;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training steps that are launched again as graphs: the same bytes as steps whose code runs, and rarely
/// recorded.</summary>
[Collection(CudaDouble.Alone)]
public sealed class GraphReplayTests(TrainingCudaTests.Fixture fixture)
    : IClassFixture<TrainingCudaTests.Fixture>, IDisposable
{
    public void Dispose() => CudaDouble.NextRefusal = null;

    /// <summary>Several forms, with sheets, checkpoints and readings between their steps, and a warm-up of the KL that
    /// ends midway.</summary>
    [Fact]
    public void EachFormIsCapturedOnceAndNoByteChanges()
    {
        Assert.Null(fixture.Gpu.GraphRefusal);
        using var folder = new TemporaryFolder();
        string[] settings =
        [
            "training.steps=20", "training.maxContexts=2", "training.averageDecay=0.9", "training.klWarmup=6",
            "reporting.sampleEvery=5", "reporting.checkpointEvery=7", "reporting.logEvery=3",
        ];
        using var device = new GpuDevice("cuda:0", Precision.Fp32);
        var (captures, instantiations, launches) =
            (device.GraphCaptures, device.GraphInstantiations, device.GraphLaunches);
        var forms = new Dictionary<(int Contexts, bool HasPosterior, bool IsBound), int>();
        var configuration = TrainingGpuTests.Configuration(settings);
        byte[] repeated = Train(folder["graphs"], device, configuration, new Watch(), (step, trainer) =>
        {
            var form = (trainer.Contexts, trainer.HadPosterior, !trainer.HadPosterior || step > 6);
            forms[form] = forms.GetValueOrDefault(form) + 1;
        });
        Assert.True(forms.Count > 2, "the run has too few forms to show anything");
        int recorded = forms.Values.Count(steps => steps > 1), launched = forms.Values.Sum(steps => steps - 1);
        Assert.Equal(
            (captures + recorded, instantiations + recorded, launches + launched),
            (device.GraphCaptures, device.GraphInstantiations, device.GraphLaunches));
        Assert.Equal(Plain(folder["plain"], settings), repeated);
        Assert.Equal(TrainerTests.Metrics(folder["plain"]), TrainerTests.Metrics(folder["graphs"]));
    }

    /// <summary>A refusal while a step is recorded or repeated costs no step and no byte, and is told once.</summary>
    [Theory]
    [InlineData(nameof(DriverExports.cuStreamBeginCapture_v2), 1)]
    [InlineData(nameof(DriverExports.cuLaunchKernel), 1)]
    [InlineData(nameof(DriverExports.cuStreamEndCapture), 1)]
    [InlineData(nameof(DriverExports.cuGraphInstantiateWithFlags), 1)]
    [InlineData(nameof(DriverExports.cuGraphLaunch), 1)]
    [InlineData(nameof(DriverExports.cuGraphLaunch), 3)]
    public void ARefusedGraphChangesNoByte(string call, int refusedAfter)
    {
        Assert.SkipUnless(CudaDouble.IsInstalled, "makes the driver refuse");
        using var folder = new TemporaryFolder();
        string[] settings = ["training.steps=5", "training.averageDecay=0.9", "reporting.logEvery=1"];
        using var device = new GpuDevice("cuda:0", Precision.Fp32);
        var watch = new Watch();
        var configuration = TrainingGpuTests.Configuration(settings);
        byte[] refused = Train(folder["refused"], device, configuration, watch, (step, _) =>
        {
            if (step == refusedAfter)
                CudaDouble.NextRefusal = call;
        });
        Assert.Null(CudaDouble.NextRefusal);
        string warning = Assert.Single(watch.Warnings);
        Assert.StartsWith("cuda:0 launches kernels one by one, which costs time but changes no result", warning,
            StringComparison.Ordinal);
        Assert.Contains("refused for the sake of a test", device.GraphRefusal, StringComparison.Ordinal);
        Assert.Equal(Plain(folder["plain"], settings), refused);
        Assert.Equal(TrainerTests.Metrics(folder["plain"]), TrainerTests.Metrics(folder["refused"]));
    }

    private static byte[] Plain(string path, string[] settings)
    {
        Environment.SetEnvironmentVariable("GQN_CUDA_GRAPHS", "0");
        try
        {
            using var device = new GpuDevice("cuda:0", Precision.Fp32);
            var watch = new Watch();
            byte[] bytes = Train(path, device, TrainingGpuTests.Configuration(settings), watch, (_, _) => { });
            Assert.Equal((0, "GQN_CUDA_GRAPHS=0 is set"), (device.GraphLaunches, device.GraphRefusal));
            // Whoever asked for it needs no warning.
            Assert.Empty(watch.Warnings);
            return bytes;
        }
        finally
        {
            Environment.SetEnvironmentVariable("GQN_CUDA_GRAPHS", null);
        }
    }

    private static byte[] Train(
        string path, Device device, RunConfiguration configuration, Watch watch, Action<long, Trainer> onStep)
    {
        var directory = new RunDirectory(path);
        directory.Create(configuration);
        using var trainer = new Trainer(configuration, directory, device, TimeProvider.System);
        watch.OnStep = step => onStep(step, trainer);
        trainer.Run(watch, null, CancellationToken.None);
        return File.ReadAllBytes(directory.LatestCheckpoint()!);
    }

    private sealed class Watch : ITrainingObserver
    {
        public Action<long> OnStep { get; set; } = _ => { };

        public List<string> Warnings { get; } = [];

        public void Stepped(long step) => OnStep(step);

        public void Logged(in TrainingMetrics metrics)
        {
        }

        public void Sampled(long step, string path)
        {
        }

        public void Saved(long step, string path)
        {
        }

        public void Warned(string sentence) => Warnings.Add(sentence);
    }
}

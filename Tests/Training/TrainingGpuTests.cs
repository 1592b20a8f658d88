using System.Text.Json.Nodes;
using Gqn.Native.Engine;
using Gqn.Native.Tests.Driver;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Ops;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training on a GPU: the same as on the processor, but asynchronous.</summary>
public abstract class TrainingGpuTests(GpuFixture fixture)
{
    /// <summary>A warm-up that ends midway changes the form of the step.</summary>
    [Theory]
    [InlineData("tower")]
    [InlineData("tower", "training.klWarmup=5")]
    [InlineData("volume")]
    public void LossesFollowThoseOfTheProcessor(string representation, params string[] overrides)
    {
        using var folder = new TemporaryFolder();
        using var cpu = new CpuDevice(2);
        var configuration = Configuration(
            [.. Of(representation), $"training.steps={Steps}", "reporting.logEvery=1", .. overrides]);
        Train(folder["cpu"], cpu, configuration);
        Train(folder["gpu"], fixture.Gpu, configuration);
        var expected = Values(folder["cpu"], "negElbo");
        var actual = Values(folder["gpu"], "negElbo");
        Assert.Equal(Steps, expected.Count);
        for (int step = 0; step < Steps; step++)
            Assert.Equal(1, actual[step] / expected[step], 1e-4);
        // A few steps on one scene each say nothing about the direction of the loss.
        Assert.True(CudaDouble.IsInstalled || expected[^1] < expected[0]);
    }

    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    public void SameSeedGivesSameBytesAndResumingChangesNone(string representation)
    {
        using var folder = new TemporaryFolder();
        var configuration = Configuration([.. Of(representation), "training.averageDecay=0.9"]);
        byte[] one = Train(folder["one"], fixture.Gpu, configuration);
        Assert.Equal(one, Train(folder["two"], fixture.Gpu, configuration));
        using (var source = new CancellationTokenSource())
        {
            var observer = new TrainerTests.Observer { OnStep = step => TrainerTests.Cancel(step, 7, source) };
            TrainerTests.Run(folder["parts"], fixture.Gpu, configuration, observer, source.Token);
        }

        Assert.Equal(one, Train(folder["parts"], fixture.Gpu, configuration));
        Assert.Equal(TrainerTests.Metrics(folder["one"]), TrainerTests.Metrics(folder["parts"]));
    }

    [Fact]
    public void WhetherNumbersAreReadChangesNoBytes()
    {
        using var folder = new TemporaryFolder();
        const string average = "training.averageDecay=0.9";
        byte[] often = Train(folder["often"], fixture.Gpu, Configuration(average, "reporting.logEvery=1"));
        byte[] seldom = Train(folder["seldom"], fixture.Gpu, Configuration(average, "reporting.logEvery=16"));
        Assert.Equal(Weights(often), Weights(seldom));
    }

    [Fact]
    public void DivergenceStopsAtTheNextReadingWithTheParametersFromBefore()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        Train(run, fixture.Gpu, Configuration("training.steps=5"));
        string checkpoint = new RunDirectory(run).LatestCheckpoint()!;
        var exception = Assert.Throws<TrainingException>(() => Train(
            run, fixture.Gpu, Configuration(
                "training.steps=20", "training.learningRate.initial=1e30", "training.learningRate.final=1e30",
                "reporting.logEvery=9", "reporting.sampleEvery=9", "reporting.checkpointEvery=9")));
        Assert.Matches("step 9: .* is not finite", exception.Message);
        Assert.Equal(checkpoint, new RunDirectory(run).LatestCheckpoint());
    }

    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    public void StepInSteadyStateMakesNoBuffers(string representation)
    {
        using var folder = new TemporaryFolder();
        var device = fixture.Gpu;
        // By then the forms of the step, one per number of contexts, have all occurred.
        int steady = CudaDouble.IsInstalled ? 8 : 41, last = CudaDouble.IsInstalled ? 14 : 60;
        int made = 0, measured = 0;
        long scratch = 0;
        var observer = new TrainerTests.Observer
        {
            OnStep = step =>
            {
                if (step > steady && step < last)
                {
                    Assert.Equal((made, scratch), (device.Pool.Made, device.WorkspaceBytes));
                    measured++;
                }

                (made, scratch) = (device.Pool.Made, device.WorkspaceBytes);
            },
        };
        var configuration = Configuration([
            .. Of(representation), $"training.steps={last}", "training.averageDecay=0.9",
            $"reporting.logEvery={last}", $"reporting.sampleEvery={last}", $"reporting.checkpointEvery={last}"]);
        TrainerTests.Run(folder["run"], device, configuration, observer, CancellationToken.None);
        Assert.Equal(last - steady - 1, measured);
    }

    /// <summary>Steps of the tests that compare losses.</summary>
    protected static int Steps => CudaDouble.IsInstalled ? 8 : 50;

    /// <summary>The tests' usual size, or the smallest possible on the test double, which interprets.</summary>
    protected internal static RunConfiguration Configuration(params string[] overrides) => TrainerTests.Configuration(
        CudaDouble.IsInstalled
            ? [
                "model.hidden=4", "model.representationChannels=8", "model.layers=1", "model.latentChannels=1",
                "model.kernel=3", "training.batch=1", "training.maxContexts=1", "reporting.evaluationScenes=1",
                "reporting.sampleScenes=1", "training.steps=8", .. overrides,
            ]
            : overrides);

    /// <summary>The options that choose a representation; on the test double, the smallest possible volume.</summary>
    protected static string[] Of(string representation) => representation == "volume" && CudaDouble.IsInstalled
        ? [
            .. TrainerTests.Volume, "model.volume.width=2", "model.volume.height=2", "model.volume.channels=10",
            "model.volume.rayChannels=2", "model.volume.depthBins=2", "model.volume.rayPoints=2",
        ]
        : TrainerTests.Of(representation);

    protected static byte[] Train(string path, Device device, RunConfiguration configuration)
    {
        TrainerTests.Run(path, device, configuration, new TrainerTests.Observer(), CancellationToken.None);
        return File.ReadAllBytes(new RunDirectory(path).LatestCheckpoint()!);
    }

    protected static List<double> Values(string path, string key) =>
        [.. File.ReadAllLines(new RunDirectory(path).MetricsPath).Select(line => (double)JsonNode.Parse(line)![key]!)];

    // After the header, which holds the configuration.
    private static byte[] Weights(byte[] checkpoint) => checkpoint[(8 + (int)BitConverter.ToUInt64(checkpoint))..];
}

/// <summary>Training on the first OpenCL device.</summary>
public sealed class TrainingOpenClTests(TrainingOpenClTests.Fixture fixture)
    : TrainingGpuTests(fixture), IClassFixture<TrainingOpenClTests.Fixture>
{
    public sealed class Fixture : GpuFixture
    {
        public Fixture()
            : base("opencl:0", null)
        {
        }
    }
}

/// <summary>Training on the first CUDA device in single precision.</summary>
[Collection(CudaDouble.Alone)]
public sealed class TrainingCudaTests(TrainingCudaTests.Fixture fixture)
    : TrainingGpuTests(fixture), IClassFixture<TrainingCudaTests.Fixture>
{
    [Theory]
    [InlineData("tower")]
    [InlineData("volume")]
    public void GraphsChangeNoBytes(string representation)
    {
        Assert.Null(fixture.Gpu.GraphRefusal);
        using var folder = new TemporaryFolder();
        var configuration = Configuration([.. Of(representation), "training.averageDecay=0.9"]);
        byte[] graphs = Train(folder["graphs"], fixture.Gpu, configuration);
        Environment.SetEnvironmentVariable("GQN_CUDA_GRAPHS", "0");
        try
        {
            using var plain = new GpuDevice("cuda:0", Precision.Fp32);
            Assert.NotNull(plain.GraphRefusal);
            Assert.Equal(graphs, Train(folder["plain"], plain, configuration));
        }
        finally
        {
            Environment.SetEnvironmentVariable("GQN_CUDA_GRAPHS", null);
        }
    }

    [Theory]
    [InlineData(Precision.Tf32, 1e-3)]
    [InlineData(Precision.Bf16, 1e-2)]
    public void TensorCoresFollowTheLossesOfTheProcessor(Precision precision, double tolerance)
    {
        Assert.SkipWhen(fixture.Gpu.MemoryBytes == 0, "no device");
        using var folder = new TemporaryFolder();
        using var cpu = new CpuDevice(2);
        using var gpu = new GpuDevice("cuda:0", precision);
        var configuration = Configuration($"training.steps={Steps}", "reporting.logEvery=1");
        Train(folder["cpu"], cpu, configuration);
        byte[] one = Train(folder["one"], gpu, configuration);
        Assert.Equal(one, Train(folder["two"], gpu, configuration));
        var (expected, actual) = (Values(folder["cpu"], "negElbo"), Values(folder["one"], "negElbo"));
        for (int step = 0; step < Steps; step++)
            Assert.Equal(1, actual[step] / expected[step], tolerance);
    }

    public sealed class Fixture : GpuFixture
    {
        public Fixture()
            : base("cuda:0", Precision.Fp32)
        {
        }
    }
}

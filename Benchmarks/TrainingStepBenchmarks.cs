using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks;

[Description("A whole training step with three contexts, against its forward pass alone")]
public class TrainingStepBenchmarks : IKernelBenchmarks
{
    private const int Contexts = 3;
    private CpuDevice _device = null!;
    private TrainingLoop _loop = null!;

    /// <summary>Preset.</summary>
    [Params("tiny", "quick", "small")]
    public string Preset { get; set; } = "tiny";

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Create()
    {
        _device = new CpuDevice(Threads);
        _loop = new TrainingLoop(Presets.Create(Preset), _device, Contexts);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _loop.Dispose();
        _device.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The multiply-adds of convolutions and matrix products; memory traffic is not counted.</summary>
    public Work WorkOf(string method)
    {
        var configuration = Presets.Create(Preset);
        var training = configuration.Training with { MaxContexts = Contexts };
        var plan = ModelPlan.Create(configuration with { Training = training }, 1);
        return new Work(
            2.0 * (method == nameof(Forward) ? plan.ForwardMultiplyAccumulates : plan.StepMultiplyAccumulates), 0);
    }

    [Benchmark(Baseline = true)]
    public void Forward() => _loop.Forward();

    [Benchmark]
    public void Step() => _loop.Step();
}

using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Engine.Random;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks;

[Description("A whole training step with three contexts, against its forward pass alone")]
public class TrainingStepBenchmarks : IKernelBenchmarks
{
    private const int Contexts = 3;
    private CpuDevice _device = null!;
    private GenerativeQueryNetwork _network = null!;
    private Adam _adam = null!;
    private Tape _tape = null!;
    private RandomStream _noise = null!;
    private ModelOptions _options = null!;
    private SyntheticViews _contexts = null!, _queries = null!;
    private int _batch;

    /// <summary>Preset.</summary>
    [Params("tiny", "quick", "small")]
    public string Preset { get; set; } = "tiny";

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Create()
    {
        var configuration = Presets.Create(Preset).WithScenes();
        (_options, _batch) = (configuration.Model, configuration.Training.Batch);
        _contexts = SyntheticViews.Contexts(_options, _batch * Contexts);
        _queries = SyntheticViews.Queries(_options, _batch);
        _device = new CpuDevice(Threads);
        _network = new GenerativeQueryNetwork(configuration.Model, _device, 1);
        _adam = new Adam(_network.Parameters);
        _tape = new Tape(_device);
        _noise = new RandomStream(1, 1);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _tape.Dispose();
        _adam.Dispose();
        _network.Dispose();
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
    public void Forward()
    {
        Loss();
        _tape.Reset();
    }

    [Benchmark]
    public void Step()
    {
        _tape.Backward(Loss());
        _tape.Reset();
        _adam.Step(1e-6, _adam.GradientNorm());
    }

    private Variable Loss()
    {
        var images = _tape.Constant(_options.ImageShape(_batch * Contexts), 0.3f);
        var r = _network.Represent(images, _contexts.On(_tape), Contexts);
        return _network.EstimateElbo(
            r, _queries.On(_tape), _tape.Constant(_options.ImageShape(_batch), 0.3f), 0.7f, _noise).NegElbo;
    }
}

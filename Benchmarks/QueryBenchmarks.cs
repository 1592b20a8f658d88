using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks;

[Description("One predicted image, with the representation made from three views each time and with it ready")]
public class QueryBenchmarks : IKernelBenchmarks
{
    private const int Contexts = 3;
    private CpuDevice _device = null!;
    private GenerativeQueryNetwork _network = null!;
    private Tape _tape = null!, _kept = null!;
    private RandomStream _noise = null!;
    private ModelOptions _options = null!;
    private SyntheticViews _contexts = null!, _views = null!;
    private Variable _representation;

    /// <summary>Preset.</summary>
    [Params("quick", "small", "paper")]
    public string Preset { get; set; } = "small";

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Create()
    {
        _options = Presets.Create(Preset).WithScenes().Model;
        (_contexts, _views) = (SyntheticViews.Contexts(_options, Contexts), SyntheticViews.Queries(_options, 1));
        _device = new CpuDevice(Threads);
        _network = new GenerativeQueryNetwork(_options, _device, 1);
        (_tape, _kept) = (new Tape(_device) { Recording = false }, new Tape(_device) { Recording = false });
        _noise = new RandomStream(1, 1);
        _representation = Represent(_kept);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _tape.Dispose();
        _kept.Dispose();
        _network.Dispose();
        _device.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The multiply-adds of convolutions and matrix products; memory traffic is not counted.</summary>
    public Work WorkOf(string method)
    {
        var options = Presets.Create(Preset).WithScenes().Model;
        using var plan = new PlanningDevice(1);
        using var network = new GenerativeQueryNetwork(options, plan, 1);
        using var tape = new Tape(plan) { Recording = false };
        var r = network.Represent(
            tape.Constant(options.ImageShape(Contexts), 0), SyntheticViews.Contexts(options, Contexts).On(tape), Contexts);
        double represent = 2.0 * plan.MultiplyAccumulates;
        network.Generate(r, SyntheticViews.Queries(options, 1).On(tape), new RandomStream(1, 1));
        double all = 2.0 * plan.MultiplyAccumulates;
        return new Work(method == nameof(Query) ? all - represent : all, 0);
    }

    [Benchmark(Baseline = true)]
    public void RepresentAndQuery() => Generate(Represent(_tape));

    [Benchmark]
    public void Query() => Generate(_tape.Constant(_representation.Value));

    private Variable Represent(Tape tape) => _network.Represent(
        tape.Constant(_options.ImageShape(Contexts), 0.3f), _contexts.On(tape), Contexts);

    private void Generate(Variable representation)
    {
        _network.Generate(representation, _views.On(_tape), _noise);
        _tape.Reset();
    }
}

using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks;

[Description("A training step of preset quick, three contexts, with each representation in turn, against the tower's")]
public class RepresentationStepBenchmarks : IKernelBenchmarks
{
    private const int Contexts = 3;
    private CpuDevice _device = null!;
    private TrainingLoop _tower = null!, _rays = null!, _pool = null!, _volume = null!;

    /// <summary>Layers of the generator, which is the same for all.</summary>
    [Params(2, 4)]
    public int Layers { get; set; } = 2;

    /// <summary>Whether the step has a posterior.</summary>
    [Params(false, true)]
    public bool Posterior { get; set; }

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Create()
    {
        _device = new CpuDevice(Threads);
        _tower = Loop(nameof(Tower));
        _rays = Loop(nameof(TowerWithRays));
        _pool = Loop(nameof(Pool));
        _volume = Loop(nameof(Volume));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _tower.Dispose();
        _rays.Dispose();
        _pool.Dispose();
        _volume.Dispose();
        _device.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The multiply-adds of convolutions and matrix products; memory traffic is not counted.</summary>
    public Work WorkOf(string method)
    {
        var configuration = Configure(method);
        using var plan = new PlanningDevice(1);
        using var loop = new TrainingLoop(configuration, plan, Contexts, Posterior);
        loop.Step();
        return new Work(2.0 * plan.MultiplyAccumulates, 0);
    }

    [Benchmark(Baseline = true)]
    public void Tower() => _tower.Step();

    [Benchmark]
    public void TowerWithRays() => _rays.Step();

    [Benchmark]
    public void Pool() => _pool.Step();

    [Benchmark]
    public void Volume() => _volume.Step();

    private TrainingLoop Loop(string method) => new(Configure(method), _device, Contexts, Posterior);

    private RunConfiguration Configure(string method)
    {
        string[] network = method switch
        {
            nameof(TowerWithRays) => ["representation=tower", "viewBroadcast=rays"],
            _ => ["representation=" + method.ToLowerInvariant()],
        };
        return ConfigurationOverrides.Apply(
            Presets.Create("quick"), [$"model.layers={Layers}", .. network.Select(value => "model." + value)]).WithScenes();
    }
}

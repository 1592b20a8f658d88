using BenchmarkDotNet.Attributes;
using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Benchmarks;

/// <summary>Time of one picture, one scene and one batch; pictures per second and thread = 10⁹ / (mean in
/// ns).</summary>
[MemoryDiagnoser]
public class SceneBenchmarks
{
    private const int Views = 15;

    private SceneEnvironment _environment = null!;
    private Scene[] _scenes = null!;
    private SceneBatches _batches = null!;
    private byte[] _rgb = null!;
    private ulong _index;

    [ParamsSource(nameof(Names))]
    public string Environment { get; set; } = null!;

    [Params(32, 64, 128)]
    public int Size { get; set; }

    public static IEnumerable<string> Names => Environments.Names;

    [GlobalSetup]
    public void Setup()
    {
        _environment = Environments.Create(Environment);
        _scenes = [.. Enumerable.Range(0, 16).Select(i => _environment.Sample(SceneSplit.Train, (ulong)i))];
        _rgb = new byte[Size * Size * 3];
        _batches = new SceneBatches(_environment, SceneSplit.Train, Size, 36, 5, seed: 1, workers: 2);
    }

    [GlobalCleanup]
    public void Cleanup() => _batches.Dispose();

    [Benchmark(OperationsPerInvoke = 16 * Views)]
    public void Picture()
    {
        foreach (Scene scene in _scenes)
        {
            foreach (ref readonly Camera camera in scene.Cameras)
                _environment.Render(scene, camera, Size, _rgb);
        }
    }

    [Benchmark]
    public Scene Sample() => _environment.Sample(SceneSplit.Train, _index++);

    /// <summary>36 scenes of on average three contexts and a query, from two workers.</summary>
    [Benchmark]
    public SceneBatch Batch() => _batches.Next();
}

using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Benchmarks;

[Description("One picture, one scene and one batch of scenes; bytes are those of the pictures")]
public class SceneBenchmarks : IMeasuredWork
{
    private const int Views = 15, BatchScenes = 36, MeanViews = 4;

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
        _batches = new SceneBatches(_environment, SceneSplit.Train, Size, BatchScenes, 5, seed: 1, workers: 2);
    }

    [GlobalCleanup]
    public void Cleanup() => _batches.Dispose();

    public Work WorkOf(string method) => method switch
    {
        nameof(Picture) => new Work(0, Size * Size * 3.0),
        nameof(Batch) => new Work(0, sizeof(float) * BatchScenes * MeanViews * Size * Size * 3.0),
        _ => default,
    };

    [Benchmark(OperationsPerInvoke = 16 * Views)]
    public void Picture()
    {
        foreach (Scene scene in _scenes)
        {
            ReadOnlySpan<Camera> cameras = scene.Cameras;
            for (int view = 0; view < Views; view++)
                scene.Render(cameras[view % cameras.Length], Size, _rgb);
        }
    }

    [Benchmark]
    public Scene Sample() => _environment.Sample(SceneSplit.Train, _index++);

    /// <summary>36 scenes of on average three contexts and a query, from two workers.</summary>
    [Benchmark]
    public SceneBatch Batch() => _batches.Next();
}

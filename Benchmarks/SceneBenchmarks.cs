using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Benchmarks;

[Description("One picture, one scene and one batch of scenes; bytes are those of the pictures")]
public class SceneBenchmarks : IMeasuredWork
{
    private const int Scenes = 16, Views = 15, BatchScenes = 36, MeanViews = 4;

    private SceneEnvironment _environment = null!;
    private Scene[] _scenes = null!;
    private SceneBatches _batches = null!;
    private byte[] _rgb = null!;
    private Barrier _turns = null!;
    private bool _ended;
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
        _scenes = [.. Enumerable.Range(0, Scenes).Select(i => _environment.Sample(SceneSplit.Train, (ulong)i))];
        _rgb = new byte[Size * Size * 3];
        _batches = new SceneBatches(_environment, SceneSplit.Train, Size, BatchScenes, 5, seed: 1, workers: 2);
        int threads = System.Environment.ProcessorCount;
        _turns = new Barrier(threads + 1);
        for (int thread = 0; thread < threads; thread++)
        {
            int first = thread;
            new Thread(() => RenderEvery(threads, first)) { IsBackground = true }.Start();
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _ended = true;
        _turns.SignalAndWait();
        _batches.Dispose();
    }

    public Work WorkOf(string method) => method switch
    {
        nameof(Picture) or nameof(PictureOnAllCores) => new Work(0, Size * Size * 3.0, Pictures: 1),
        nameof(Batch) => new Work(
            0, sizeof(float) * BatchScenes * MeanViews * Size * Size * 3.0, BatchScenes * MeanViews),
        _ => default,
    };

    [Benchmark(OperationsPerInvoke = Scenes * Views)]
    public void Picture()
    {
        foreach (var scene in _scenes)
            RenderViews(scene, _rgb);
    }

    /// <summary>The same pictures, shared among as many threads as there are processors.</summary>
    [Benchmark(OperationsPerInvoke = Scenes * Views)]
    public void PictureOnAllCores()
    {
        _turns.SignalAndWait();
        _turns.SignalAndWait();
    }

    [Benchmark]
    public Scene Sample() => _environment.Sample(SceneSplit.Train, _index++);

    /// <summary>36 scenes with a query and three contexts on average, from two workers.</summary>
    [Benchmark]
    public SceneBatch Batch() => _batches.Next();

    /// <summary>Renders a thread's share of the scenes in each turn, until the end.</summary>
    private void RenderEvery(int threads, int first)
    {
        byte[] rgb = new byte[Size * Size * 3];
        while (true)
        {
            _turns.SignalAndWait();
            if (_ended)
                return;
            for (int i = first; i < Scenes; i += threads)
                RenderViews(_scenes[i], rgb);
            _turns.SignalAndWait();
        }
    }

    private void RenderViews(Scene scene, byte[] rgb)
    {
        var cameras = scene.Cameras;
        for (int view = 0; view < Views; view++)
            scene.Render(cameras[view % cameras.Length], Size, rgb);
    }
}

using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;

namespace Gqn.Native.Benchmarks;

[Description("Scenes read from TFRecords: checked, parsed and decoded; bytes are those of the decoded pictures")]
public class DatasetBenchmarks : IMeasuredWork
{
    private const int Scenes = 32, Size = 64, BatchScenes = 36, MaxContexts = 5, MeanViews = 4;

    private string _folder = null!;
    private GqnDataset _dataset = null!;
    private SceneBatches _batches = null!;
    private byte[] _rgb = null!;

    [ParamsSource(nameof(Names))]
    public string Environment { get; set; } = null!;

    [ParamsAllValues]
    public FrameFormat Frames { get; set; }

    public static IEnumerable<string> Names => Environments.Names;

    [GlobalSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("gqn-benchmarks-").FullName;
        var environment = Environments.Create(Environment);
        new GqnDatasetWriter(_folder, Environment, SceneSplit.Train, Scenes)
            .RenderFile(0, environment, SceneSplit.Train, Size, Frames);
        _dataset = GqnDataset.Open(_folder, Environment, SceneSplit.Train);
        _rgb = new byte[Size * Size * 3];
        _batches = new SceneBatches(
            new RecordedScenes(_dataset), Size, BatchScenes, MaxContexts, seed: 1, workers: 2);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _batches.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public Work WorkOf(string method) => method switch
    {
        nameof(Scene) => new Work(0, Environments.Create(Environment).ViewsPerScene * Size * Size * 3.0),
        _ => new Work(0, sizeof(float) * BatchScenes * MeanViews * Size * Size * 3.0),
    };

    /// <summary>All frames of one scene, by one thread.</summary>
    [Benchmark(OperationsPerInvoke = Scenes)]
    public int Scene()
    {
        var decoder = new ImageDecoder();
        int frames = 0;
        foreach (var record in _dataset.ReadFile(0))
        {
            for (int view = 0; view < record.Views; view++, frames++)
            {
                decoder.Decode(record.Frames[view].Span);
                decoder.WriteRgb(_rgb);
            }
        }

        return frames;
    }

    /// <summary>36 scenes with a query and three contexts on average, from two workers.</summary>
    [Benchmark]
    public SceneBatch Batch() => _batches.Next();
}

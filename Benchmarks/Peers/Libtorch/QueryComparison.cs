using Gqn.Native.Engine;
using Gqn.Native.Model;
using TorchSharp;
using EngineTensor = Gqn.Native.Engine.Tensor;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Times one query of a scene whose representation has been computed: what a viewer waits for.</summary>
internal sealed class QueryComparison : IDisposable
{
    private const double Tolerance = 1e-4;
    private const ulong Seed = 1;
    private const uint NoiseStream = 1;

    private readonly StepOptions _options;
    private readonly CpuDevice _device;
    private readonly GenerativeQueryNetwork _network;
    private readonly Tape _tape;
    private readonly RandomBatch _batch;
    private readonly RandomStream _noise = new(Seed, NoiseStream);
    private readonly EngineTensor _representation;
    private readonly float[] _image;
    private readonly TwinNetwork _twin;
    private readonly torch.Tensor _torchRepresentation;

    private QueryComparison(StepOptions options)
    {
        _options = options;
        torch.set_num_threads(options.Threads);
        _device = new CpuDevice(options.Threads);
        _network = new GenerativeQueryNetwork(options.Model, _device, Seed);
        _tape = new Tape(_device) { Recording = false };
        _batch = new RandomBatch(options.Model, 1, options.Contexts, Seed);
        _image = new float[options.Model.ImageLength];
        var representation = _batch.Represent(_network, _tape);
        float[] values = new float[representation.Shape.Count];
        representation.Download(values);
        _representation = new EngineTensor(_device.CreateBuffer(values.Length), 0, representation.Shape);
        _device.Upload(values, _representation);
        _tape.Reset();
        _twin = new TwinNetwork(_network);
        using var noGradients = torch.no_grad();
        _torchRepresentation = _twin.Represent(_batch);
    }

    /// <summary>Writes the line about the engines and the head of the table.</summary>
    public static void Head(int threads, Clock clock, Report report)
    {
        report.Engines(threads, clock);
        report.Table([("query", 48), ("result", 9), .. PairedTimes.Columns, ("difference of the images", 24)]);
    }

    /// <summary>Measures one configuration and adds its row to the table.</summary>
    /// <returns>True if both engines draw the same image from the same noise.</returns>
    public static bool Row(StepOptions options, Report report)
    {
        using var comparison = new QueryComparison(options with { Batch = 1 });
        return comparison.Measure(report);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _torchRepresentation.Dispose();
        _twin.Dispose();
        _batch.Dispose();
        _representation.Buffer.Dispose();
        _tape.Dispose();
        _network.Dispose();
        _device.Dispose();
    }

    private bool Measure(Report report)
    {
        double difference = Difference();
        if (!(difference <= Tolerance))
        {
            report.Row(_options.Title, $"FAILED: the images differ by {difference:0.0e-0}");
            return false;
        }

        PairedTimes.WarmUp(QueryEngine);
        PairedTimes.WarmUp(QueryLibtorch);
        var times = new PairedTimes(PairedTimes.TakeTurns(0, _options.Rounds, QueryEngine, QueryLibtorch));
        report.Row([_options.Title, "one image", .. times.Cells, $"{difference:0.0e-0}"]);
        return true;
    }

    /// <summary>‖ours − libtorch's‖ / ‖libtorch's‖ of the image from the same noise.</summary>
    private double Difference()
    {
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        var noise = TwinNetwork.DrawNoise(_options.Model, 1, new RandomStream(Seed, NoiseStream));
        QueryEngine();
        var ours = TwinNetwork.FromChannelsLast(_image, _options.Model.ImageShape(1));
        var theirs = _twin.Generate(_torchRepresentation, _batch.QueryViews, noise);
        return ((ours - theirs).norm() / theirs.norm()).item<float>();
    }

    private double QueryEngine()
    {
        double start = _options.Clock.Now;
        _network.Generate(_tape.Constant(_representation), _batch.QueryViewsOn(_tape), _noise).Download(_image);
        _tape.Reset();
        return _options.Clock.Now - start;
    }

    private double QueryLibtorch()
    {
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        double start = _options.Clock.Now;
        _twin.Generate(_torchRepresentation, _batch.QueryViews, noise: null);
        return _options.Clock.Now - start;
    }
}

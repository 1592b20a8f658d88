using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Engine;

namespace Gqn.Native.Benchmarks;

[Description("The volume's interpolations, on the device GQN_BENCHMARK_DEVICE")]
public class GpuGatherBenchmarks : GpuBenchmarks, ISinglePrecision
{
    private GpuDeviceTensors _tensors = null!;
    private Tensor _y, _x, _dx;
    private (Tensor Starts, Tensor Columns, Tensor Weights) _rows, _transposed;

    /// <summary>The same as on the processor.</summary>
    public static IEnumerable<GatherBenchmarks.Interpolation> Places => GatherBenchmarks.Places;

    /// <summary>The interpolation.</summary>
    [ParamsSource(nameof(Places))]
    public GatherBenchmarks.Interpolation Place { get; set; } = null!;

    [GlobalSetup]
    public void Allocate()
    {
        _tensors = new GpuDeviceTensors();
        _y = _tensors.Add(new Shape(Place.Images, Place.Channels, Place.Rows, 1));
        _x = _tensors.Add(new Shape(Place.Images, Place.Channels, Place.Columns, 1));
        _dx = _tensors.Add(_x.Shape);
        var (rows, transposed) = InterpolationRows.Create(Place.Images, Place.Rows, Place.Columns, Place.Taps);
        (_rows, _transposed) = (Put(rows), Put(transposed));
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _tensors.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method) => Place.Work;

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Forward() => Queue(() => _tensors.Device.Gather(
        _y, 0, _x, _rows.Starts, _rows.Columns, _rows.Weights));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Backward() => Queue(() => _tensors.Device.Gather(
        _dx, 0, _y, _transposed.Starts, _transposed.Columns, _transposed.Weights));

    protected override void Wait() => _tensors.Wait();

    private (Tensor Starts, Tensor Columns, Tensor Weights) Put(InterpolationRows rows) => (
        _tensors.Add(new Shape(Place.Images, 1, rows.Rows + 1, 1), rows.Starts),
        _tensors.Add(new Shape(Place.Images, 1, rows.Entries, 1), rows.Columns),
        _tensors.Add(new Shape(Place.Images, 1, rows.Entries, 1), rows.Weights));
}

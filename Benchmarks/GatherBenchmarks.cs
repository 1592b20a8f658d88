using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("Interpolation between the cells of pictures and the places of a volume, against a scalar loop")]
public unsafe class GatherBenchmarks : IKernelBenchmarks
{
    private readonly List<Floats> _arrays = [];
    private CpuWorkspace _workspace = null!;
    private float* _y, _x, _dx;
    private Sparse _rows, _transposed;

    /// <summary>An interpolation of the volume.</summary>
    /// <param name="Name">What is interpolated.</param>
    /// <param name="Images">Views.</param>
    /// <param name="Rows">Places or points to interpolate.</param>
    /// <param name="Columns">Cells or places to interpolate among.</param>
    /// <param name="Taps">Entries per row.</param>
    /// <param name="Channels">Channels on both sides.</param>
    public sealed record Interpolation(string Name, int Images, int Rows, int Columns, int Taps, int Channels)
    {
        /// <summary>Two operations per entry and channel; entries and both sides are counted once.</summary>
        public Work Work => new(
            2.0 * Images * Rows * Taps * Channels,
            sizeof(float) * (double)Images * ((2.0 * Rows * Taps) + Rows + ((Rows + Columns) * Channels)));

        public override string ToString() => Name;
    }

    /// <summary>For 24 contexts of 32 pixels and 8 queries, with 16 x 16 x 4 places.</summary>
    public static IEnumerable<Interpolation> Places =>
    [
        new("coarse", 24, 1024, 64, 4, 24), new("fine", 24, 1024, 256, 4, 24), new("depth", 24, 1024, 1024, 8, 1),
        new("points", 8, 4096, 1024, 8, 32),
    ];

    /// <summary>The interpolation.</summary>
    [ParamsSource(nameof(Places))]
    public Interpolation Place { get; set; } = null!;

    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>The plain loop over the forward direction.</summary>
    internal PlainGather Plain => new()
    {
        Y = _y,
        X = _x,
        Starts = _rows.Starts,
        Columns = _rows.Columns,
        Weights = _rows.Weights,
        Shape = _rows.Shape,
    };

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        _y = Take((long)Place.Images * Place.Rows * Place.Channels);
        _x = Take((long)Place.Images * Place.Columns * Place.Channels);
        _dx = Take((long)Place.Images * Place.Columns * Place.Channels);
        var (rows, transposed) = InterpolationRows.Create(Place.Images, Place.Rows, Place.Columns, Place.Taps);
        (_rows, _transposed) = (Put(rows), Put(transposed));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in _arrays)
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method) => Place.Work;

    [Benchmark(Baseline = true)]
    public void Naive()
    {
        var plain = Plain;
        plain.Run(0, plain.AllRows);
    }

    [Benchmark]
    public void Forward() => GatherKernels.Forward(
        _workspace, _y, 0, _x, _rows.Starts, _rows.Columns, _rows.Weights, _rows.Shape);

    [Benchmark]
    public void Backward() => GatherKernels.Forward(
        _workspace, _dx, 0, _y, _transposed.Starts, _transposed.Columns, _transposed.Weights, _transposed.Shape);

    private Sparse Put(InterpolationRows rows) => new()
    {
        Starts = Put(rows.Starts),
        Columns = Put(rows.Columns),
        Weights = Put(rows.Weights),
        Shape = rows.Shape(Place.Images, Place.Channels),
    };

    private float* Put(float[] values)
    {
        float* array = Take(values.Length);
        values.CopyTo(new Span<float>(array, values.Length));
        return array;
    }

    private float* Take(long length)
    {
        var array = new Floats(length);
        _arrays.Add(array);
        return array.Pointer;
    }

    private struct Sparse
    {
        public float* Starts, Columns, Weights;
        public GatherShape Shape;
    }
}

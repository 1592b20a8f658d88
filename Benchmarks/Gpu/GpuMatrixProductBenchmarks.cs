using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Engine;

namespace Gqn.Native.Benchmarks;

/// <remarks>
/// They are convolutions with 1x1 kernels, that is, products of the pixels' matrix and the weights, through the kernels
/// that a model's layers use. Their rate is the yardstick of everything else on the device.
/// </remarks>
[Description("Large matrix products in the precision of the device GQN_BENCHMARK_DEVICE: what its other kernels aim at")]
public class GpuMatrixProductBenchmarks : GpuBenchmarks
{
    private const int Side = 16;
    private readonly Conv2dTerm[] _terms = new Conv2dTerm[1];
    private GpuDeviceTensors _tensors = null!;
    private Tensor _y;

    /// <summary>A product.</summary>
    /// <param name="Rows">Pixels; a multiple of 256.</param>
    /// <param name="Columns">Outputs.</param>
    /// <param name="Inner">Length of the sums.</param>
    public sealed record Size(int Rows, int Columns, int Inner)
    {
        public override string ToString() => $"{Rows}x{Columns}x{Inner}";
    }

    /// <summary>One for processors, one that fills any GPU.</summary>
    public static IEnumerable<Size> Sizes => [new(1024, 1024, 1024), new(8192, 4096, 4096)];

    /// <summary>The size.</summary>
    [ParamsSource(nameof(Sizes))]
    public Size Matrix { get; set; } = null!;

    [GlobalSetup]
    public void Allocate()
    {
        _tensors = new GpuDeviceTensors();
        int images = Matrix.Rows / (Side * Side);
        _y = _tensors.Add(new Shape(images, Matrix.Columns, Side, Side));
        _terms[0] = new Conv2dTerm(
            _tensors.Add(new Shape(images, Matrix.Inner, Side, Side)),
            _tensors.Add(new Shape(Matrix.Columns, Matrix.Inner, 1, 1)));
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _tensors.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method)
    {
        double rows = Matrix.Rows, columns = Matrix.Columns, inner = Matrix.Inner;
        return new Work(
            2 * rows * columns * inner, sizeof(float) * ((rows * columns) + (rows * inner) + (inner * columns)));
    }

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Product() => Queue(() => _tensors.Device.Conv2d(_y, default, _terms, default, 1, Activation.None));

    protected override void Wait() => _tensors.Wait();
}

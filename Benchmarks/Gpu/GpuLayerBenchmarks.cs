using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Engine;

namespace Gqn.Native.Benchmarks;

[Description("The layers on which a training step of batch 36 spends its time, on the device GQN_BENCHMARK_DEVICE")]
public class GpuLayerBenchmarks : GpuBenchmarks
{
    private GpuDeviceTensors _tensors = null!;
    private Conv2dTerm[] _terms = [];
    private Conv2dTerm[] _inputs = [], _weights = [];
    private Tensor _y, _bias;

    /// <summary>A sum of convolutions.</summary>
    /// <param name="Name">Kernel, channels and map, named as in the PyTorch peer.</param>
    /// <param name="N">Images.</param>
    /// <param name="Channels">Channels of each input; PyTorch convolves their concatenation.</param>
    /// <param name="K">Outputs.</param>
    /// <param name="Size">Side of the output.</param>
    /// <param name="Kernel">Side of the kernel.</param>
    /// <param name="Stride">1, or the kernel's side.</param>
    public sealed record Layer(string Name, int N, int[] Channels, int K, int Size, int Kernel, int Stride)
    {
        /// <summary>Total channels of all inputs.</summary>
        public int C => Channels.Sum();

        /// <summary>The shape of the output.</summary>
        public Shape Output => new(N, K, Size, Size);

        public override string ToString() => Name;
    }

    /// <summary>"paper": the cores' gates, one wide input of them, tower and head; "small": the cores' gates.</summary>
    public static IEnumerable<Layer> Layers =>
    [
        new("paper generation 5x5 394-512", 36, [7, 256, 3, 128], 512, 16, 5, 1),
        new("paper inference 5x5 650-512", 36, [3, 7, 256, 128, 128, 128], 512, 16, 5, 1),
        new("paper input 5x5 128-512", 36, [128], 512, 16, 5, 1), new("paper input 5x5 256-512", 36, [256], 512, 16, 5, 1),
        new("paper head 5x5 128-6", 36, [128], 6, 16, 5, 1), new("paper tower 2x2/2 3-256", 108, [3], 256, 32, 2, 2),
        new("paper tower 3x3 256-128", 108, [256], 128, 32, 3, 1),
        new("paper tower 3x3 128-256", 108, [128], 256, 16, 3, 1),
        new("small generation 5x5 138-256", 36, [7, 64, 3, 64], 256, 8, 5, 1),
        new("small inference 5x5 266-256", 36, [3, 7, 64, 64, 64, 64], 256, 8, 5, 1),
    ];

    /// <summary>The layer.</summary>
    [ParamsSource(nameof(Layers))]
    public Layer Shape { get; set; } = null!;

    [GlobalSetup]
    public void Allocate()
    {
        _tensors = new GpuDeviceTensors();
        int side = Shape.Size * Shape.Stride;
        _y = _tensors.Add(Shape.Output);
        _bias = _tensors.Add(new Shape(1, Shape.K, 1, 1));
        _terms = [.. Shape.Channels.Select(channels => new Conv2dTerm(
            _tensors.Add(new Shape(Shape.N, channels, side, side)),
            _tensors.Add(new Shape(Shape.K, channels, Shape.Kernel, Shape.Kernel))))];
        _inputs = [.. _terms.Select(
            term => new Conv2dTerm(default, term.W, _tensors.Add(term.X.Shape), 0, default, 0))];
        _weights = [.. _terms.Select(
            term => new Conv2dTerm(term.X, default, default, 0, _tensors.Add(term.W.Shape), 0))];
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _tensors.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method)
    {
        double side = Shape.Size * Shape.Stride, taps = (double)Shape.Kernel * Shape.Kernel;
        double weights = taps * Shape.C * Shape.K, outputs = Shape.Output.Count;
        return new Work(
            2 * weights * Shape.N * Shape.Size * Shape.Size,
            sizeof(float) * (weights + outputs + (Shape.N * Shape.C * side * side)));
    }

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Forward() => Queue(() => _tensors.Device.Conv2d(
        _y, default, _terms, _bias, Shape.Stride, Activation.None));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void BackwardInput() => Queue(() => _tensors.Device.Conv2dBackward(_inputs, _y, Shape.Stride));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void BackwardWeight() => Queue(() => _tensors.Device.Conv2dBackward(_weights, _y, Shape.Stride));

    protected override void Wait() => _tensors.Wait();
}

using System.Globalization;
using Gqn.Native.Benchmarks;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Gqn.Native.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// The cost of a training step on an H200, by counting; tables go to step-roofline.txt beside the test program.
/// </summary>
public sealed class StepRooflineTests(StepRooflineTests.Table table) : IClassFixture<StepRooflineTests.Table>
{
    private const int Batch = 36, Contexts = 3;

    /// <summary>
    /// The multiply-adds that tiles waste, and the time outside matrix products, stay as low as they are now.
    /// </summary>
    [Theory]
    [InlineData("paper", false, 1.25, 0.30)]
    [InlineData("paper", true, 1.35, 0.40)]
    [InlineData("small", false, 1.6, 0.75)]
    public void StepsAreMostlyProducts(string preset, bool bf16, double mostOperations, double mostElsewhere)
    {
        using var device = new RooflineDevice(bf16);
        var configuration = Presets.Create(preset);
        using var network = new GenerativeQueryNetwork(configuration.Model, device, 1);
        using var adam = new Adam(network.Parameters, configuration.Training.Adam);
        using var tape = new Tape(device);
        device.Entries.Clear();
        Variable Images(int count) => tape.Constant(configuration.Model.ImageShape(count), 0f);
        Variable Views(int count) => tape.Constant(ModelOptions.ViewShape(count), 0f);
        using var step = new TrainingStep(network, tape, adam, new RandomStream(0, 0));
        step.Run(
            new StepInputs(Images(Batch * Contexts), Views(Batch * Contexts), Images(Batch), Views(Batch), Contexts)
            {
                Sigma = 1f,
                LearningRate = 0,
            },
            read: false);

        var entries = device.Entries.Values;
        double seconds = entries.Sum(entry => entry.Seconds), operations = entries.Sum(entry => entry.Operations);
        double products = entries.Where(entry => entry.Operations > 0).Sum(entry => entry.Seconds);
        string precision = bf16 ? "bf16" : "tf32";
        table.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{preset} {precision}, batch {Batch}: {entries.Sum(entry => entry.Launches)} launches, "
            + $"{device.Useful / 1e12:F3} TFLOP useful, {operations / 1e12:F3} in tiles, {seconds * 1e3:F2} ms by the "
            + $"model, of which products {products * 1e3:F2}"));
        foreach (var (name, entry) in device.Entries.OrderByDescending(pair => pair.Value.Seconds))
        {
            table.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-40} {entry.Launches,5} launches {entry.Bytes / 1e6,10:F1} MB "
                + $"{entry.Operations / 1e9,9:F1} GFLOP {entry.Seconds * 1e3,8:F3} ms"));
        }

        Assert.InRange(operations / device.Useful, 1, mostOperations);
        Assert.InRange(1 - (products / seconds), 0, mostElsewhere);
    }

    /// <summary>Tiles of the layers that dominate a step: most of the device is busy most of the time.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LayersFillTheDevice(bool bf16)
    {
        var problem = new TensorCoreProblem(bf16);
        using var memory = GpuContext.Open("simulator");
        var any = new GpuArray(memory.Allocate(64), 0);
        foreach (var layer in GpuLayerBenchmarks.Layers)
        {
            int side = layer.Size * layer.Stride;
            var shape = new Conv2dShape(layer.N, 0, side, side, layer.K, layer.Kernel, layer.Stride);
            var operands = layer.Channels.Select(channels => new Conv2dOperand
            {
                X = any,
                W = any,
                Dx = any,
                Dw = any,
                Channels = channels,
                Kernel = layer.Kernel,
            }).ToArray();
            double useful = 2.0 * layer.N * layer.Size * layer.Size * layer.K * layer.C * layer.Kernel * layer.Kernel;
            foreach (bool backward in (bool[])[false, true])
            {
                double operations = 0, seconds = 0;
                var names = new List<string>();
                var ledger = new TensorCoreLedger(memory, bf16, (name, _, done, time) =>
                {
                    operations += done;
                    seconds += time;
                    if (done > 0)
                        names.Add(name[2..]);
                });
                if (backward)
                {
                    TensorCoreConv2d.Backward(ledger, operands, any, shape);
                }
                else
                {
                    var sum = new SumInputs { Terms = operands, TableKernel = 1 };
                    RooflineDevice.Shorten(ledger, any, ref sum, shape);
                    TensorCoreConv2d.Forward(ledger, any, sum, shape, default(Identity));
                }

                double rate = (backward ? 2 : 1) * useful / seconds / 1e12;
                table.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"layer {(bf16 ? "bf16" : "tf32")} {layer.Name,-32} {(backward ? "backward" : "forward"),-8} "
                    + $"{seconds * 1e6,7:F1} us {rate,6:F0} TFLOP/s, tiles {operations / useful / (backward ? 2 : 1):F2} "
                    + $"times the work: {string.Join(" ", names.GroupBy(n => n).Select(g => $"{g.Count()} {g.Key}"))}"));
                // At least half of what mma.sync can reach, in the layers that make up most of a step.
                if (layer.Name.StartsWith("paper generation", StringComparison.Ordinal)
                    || layer.Name.StartsWith("paper inference", StringComparison.Ordinal))
                {
                    Assert.InRange(rate / (bf16 ? 2 : 1), 150, 310);
                }
            }
        }
    }

    /// <summary>The lines of step-roofline.txt.</summary>
    public sealed class Table : IDisposable
    {
        private readonly List<string> _rows = [];

        public void Add(string row) => _rows.Add(row);

        public void Dispose() => LimitsReport.Write("step-roofline.txt", _rows);
    }
}

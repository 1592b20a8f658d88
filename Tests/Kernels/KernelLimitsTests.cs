using System.Globalization;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Gqn.Native.Tests.Ops;
using Gqn.Native.Tests.Ptx;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// What limits the matrix kernels, by counting: instructions of their loops in machine code, and memory requests of
/// their launches. Tables are written to kernel-limits.txt beside the test program.
/// </summary>
public sealed class KernelLimitsTests(KernelLimitsTests.Table table) : IClassFixture<KernelLimitsTests.Table>
{
    // A slice of 8 of the shared tiles, in steps of 2.
    private const int SharedTileSteps = 4;

    // 16 sectors for 16 bytes per lane, and a little for what surrounds the loop. Single words would take 32.
    private const double MostSectors = 17;

    private readonly GpuContext _memory = GpuContext.Open("simulator");

    public static TheoryData<string> Loops => DeviceRows.Where(PtxAssembler.Exists,
    [
        .. GpuKernelCatalog.Names.Where(name => name.StartsWith("SharedTile", StringComparison.Ordinal)
            ? name.Contains(".Product")
                && (!name.StartsWith("SharedTileForward<", StringComparison.Ordinal) || name.Contains("Identity>"))
            : name.Contains("LstmCellEpilogue>") && (name.StartsWith("TensorCoreHalo", StringComparison.Ordinal)
                || name.StartsWith("TensorCoreForward<Linewise", StringComparison.Ordinal)
                || name.StartsWith("TensorCoreWeightGradient<Crosswise", StringComparison.Ordinal))),
    ]);

    /// <summary>
    /// With its launch bounds, a kernel spills nothing and leaves room for the groups that its speed depends on; most
    /// of the instructions in its loop are multiply-adds.
    /// </summary>
    [Theory]
    [MemberData(nameof(Loops))]
    public void LoopsMultiply(string name)
    {
        PtxAssembler.SkipWithout();
        var limits = LoopLimits.Of(name, SharedTileSteps);
        table.Add(limits.Row);
        Assert.Equal((0, 0), (limits.Assembly.StackBytes, limits.Assembly.SpillBytes));
        Assert.True(limits.ResidentWarps >= 8, $"{limits.ResidentWarps} warps do not hide the latency of memory.");
        // fp32 is bound by issue slots: products need most of them. Tensor cores must not wait for other instructions.
        if (limits.IsTensorCore)
            Assert.InRange(limits.IssueCycles / limits.TensorCycles, 0, name.Contains("64x64") ? 1.1 : 0.6);
        else
            Assert.InRange(limits.Products / (double)limits.Instructions, 0.6, 1);
    }

    /// <summary>Tensor cores: no bank conflict in a loop, and the copies of a warp are contiguous.</summary>
    [Theory]
    [InlineData(false, 16, 3, "Halo128x128Tf32")]
    [InlineData(true, 16, 3, "Halo128x128Bf16")]
    [InlineData(false, 15, 3, "Linewise128x128Tf32")]
    [InlineData(true, 15, 3, "Linewise128x128Bf16")]
    public void TensorCoreLoopsMeetNoBankTwice(bool bf16, int width, int kernel, string tile)
    {
        int channels = bf16 ? 64 : 32;
        PtxCounters few = Run(channels), many = Run(2 * channels);
        Check(tile, few, many, 2 * kernel * kernel);

        PtxCounters Run(int c)
        {
            var shape = new Conv2dShape(2, c, 8, width, 128, kernel, 1);
            using var device = new PtxTensorCoreDevice(_memory, bf16, 1) { Counters = new PtxCounters() };
            var operands = new TensorCoreOperands(shape, bf16);
            var term = new Conv2dOperand
            {
                X = device.Allocate(operands.X),
                W = device.Allocate(operands.W),
                Channels = c,
                Kernel = kernel,
            };
            TensorCoreConv2d.Forward(
                device, device.Allocate(operands.Dy.Length), new SumInputs { Terms = [term] }, shape, default(Identity));
            Assert.Equal(tile, Assert.Single(device.Tiles));
            return device.Counters;
        }
    }

    /// <summary>The same for weight gradients.</summary>
    [Theory]
    [InlineData(false, "Crosswise128x128Tf32")]
    [InlineData(true, "Crosswise128x128Bf16")]
    public void WeightGradientsMeetNoBankTwice(bool bf16, string tile)
    {
        PtxCounters few = Run(1), many = Run(2);
        Check(tile, few, many, 2 * (bf16 ? 4 : 8));

        PtxCounters Run(int n)
        {
            var shape = new Conv2dShape(n, 128, 16, 16, 256, 1, 1);
            using var device = new PtxTensorCoreDevice(_memory, bf16, 1) { Counters = new PtxCounters() };
            var operands = new TensorCoreOperands(shape, bf16);
            var term = new Conv2dOperand
            {
                X = device.Allocate(operands.X),
                Dw = device.Allocate(operands.W.Length),
                Channels = shape.C,
                Kernel = 1,
            };
            TensorCoreConv2d.Backward(device, [term], device.Allocate(operands.Dy), shape);
            Assert.Equal(tile, Assert.Single(device.Tiles));
            return device.Counters;
        }
    }

    /// <summary>The portable kernels, in shapes whose tiles are whole.</summary>
    [Theory]
    [InlineData("forward")]
    [InlineData("cell")]
    [InlineData("input gradient")]
    [InlineData("weight gradient")]
    [InlineData("product")]
    public void SharedTilesMeetNoBankTwice(string operation)
    {
        using var fixture = new Simulator();
        PtxCounters few = Run(1), many = Run(2);
        int slices = operation == "weight gradient" ? 9 * 32 : operation == "product" ? 4 : 9 * 4;
        Check($"SharedTile {operation}", few, many, slices);

        PtxCounters Run(int size)
        {
            var counters = new PtxCounters();
            PtxLaunches.Install(fixture.Gpu, counters.Add);
            int c = 32 * size;
            switch (operation)
            {
                case "forward":
                    fixture.Gpu.Conv2d(
                        fixture.Tensor(2, 128, 8, 8), default, [fixture.Term(c, 128)], default, 1, Activation.None);
                    break;
                case "cell":
                    fixture.Gpu.ConvLstm(
                        fixture.Tensor(2, 32, 8, 8), fixture.Tensor(2, 32, 8, 8), default, default, [fixture.Term(c, 128)],
                        default, default);
                    break;
                case "input gradient":
                    fixture.Gpu.Conv2dBackward(
                        [new(default, fixture.Tensor(c, 128, 3, 3), fixture.Tensor(2, 128, 8, 8), 0, default, 0)],
                        fixture.Tensor(2, c, 8, 8), 1);
                    break;
                case "weight gradient":
                    fixture.Gpu.Conv2dBackward(
                        [new(fixture.Tensor(4 * size, 128, 8, 8), default, default, 0, fixture.Tensor(128, 128, 3, 3), 0)],
                        fixture.Tensor(4 * size, 128, 8, 8), 1);
                    break;
                default:
                    fixture.Gpu.MatMul(
                        fixture.Tensor(128, 128, 1, 1), default, fixture.Tensor(128, c, 1, 1),
                        fixture.Tensor(c, 128, 1, 1), false, false);
                    break;
            }

            fixture.Release();
            return counters;
        }
    }

    private void Check(string name, PtxCounters few, PtxCounters many, int slices)
    {
        double requests = many.GlobalRequests - few.GlobalRequests, sectors = many.GlobalSectors - few.GlobalSectors;
        double rounds = many.SharedRounds - few.SharedRounds;
        table.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-28} each slice: {rounds / slices,7:F1} rounds of shared memory, "
            + $"{requests / slices,6:F1} requests with {sectors / requests,5:F1} sectors, "
            + $"{(many.MatrixProducts - few.MatrixProducts) / slices,5} products of warps"));
        Assert.True(requests > 0 && rounds > 0);
        Assert.Equal(0, many.SharedConflicts - few.SharedConflicts);
        Assert.InRange(sectors / requests, 1, MostSectors);
    }

    /// <summary>The lines of kernel-limits.txt.</summary>
    public sealed class Table : IDisposable
    {
        private readonly List<string> _rows = [];

        public void Add(string row)
        {
            lock (_rows)
                _rows.Add(row);
        }

        public void Dispose() => LimitsReport.Write("kernel-limits.txt", _rows.Order(StringComparer.Ordinal));
    }

    private sealed class Simulator() : GpuFixture(GpuSurvey.Simulator, null)
    {
        private readonly List<DeviceBuffer> _buffers = [];

        public Tensor Tensor(int n, int c, int h, int w)
        {
            var shape = new Shape(n, c, h, w);
            var buffer = Gpu.CreateBuffer(shape.Count);
            _buffers.Add(buffer);
            var tensor = new Tensor(buffer, 0, shape);
            Gpu.Upload(TensorCoreOperands.Normal((int)shape.Count, 5), tensor);
            return tensor;
        }

        public Conv2dTerm Term(int c, int k) => new(Tensor(2, c, 8, 8), Tensor(k, c, 3, 3));

        public void Release()
        {
            foreach (var buffer in _buffers)
                buffer.Dispose();
            _buffers.Clear();
        }
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Tests.Kernels;

/// <summary>A device that computes nothing and adds up the work of an H200 with tensor cores.</summary>
/// <remarks>
/// Convolutions and matrix products go through the host's own code, which chooses tiles and launches; the other
/// operations count as the bytes of their tensors, each read or written once.
/// </remarks>
internal sealed class RooflineDevice : CountingDevice
{
    /// <summary>Memory bandwidth in bytes per second, and seconds per launch in a graph.</summary>
    public const double Bandwidth = 4.8e12, LaunchSeconds = 1.5e-6;

    private readonly GpuContext _memory = GpuContext.Open("simulator");
    private readonly TensorCoreLedger _ledger;
    private readonly GpuArray _any;

    public RooflineDevice(bool bf16)
    {
        _any = new GpuArray(_memory.Allocate(64), 0);
        _ledger = new TensorCoreLedger(_memory, bf16, Add);
    }

    /// <summary>The totals of one kind of launch.</summary>
    public sealed record Entry(int Launches, double Bytes, double Operations, double Seconds);

    public SortedDictionary<string, Entry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Floating-point operations that the results need, padding of images included.</summary>
    public double Useful { get; private set; }

    public override string Description => "roofline";

    public override DeviceBuffer CreateBuffer(long count) => new Nothing(count);

    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        int inner = transposeA ? (int)a.Shape.Pixels : a.Shape.C;
        Useful += 2.0 * c.Shape.Count * inner;
        _ledger.Purpose = "matrix products";
        TensorCoreConv2d.Multiply(
            _ledger, _any, addend.Exists ? _any : default, _any, _any, (int)c.Shape.Pixels, c.Shape.C, inner, transposeA,
            transposeB);
    }

    public override void MatMulBackward(
        Tensor da, float betaA, Tensor db, float betaB, Tensor dy, Tensor a, Tensor b)
    {
        int inner = (int)b.Shape.Pixels, passes = (da.Exists ? 1 : 0) + (db.Exists ? 1 : 0);
        Useful += 2.0 * passes * dy.Shape.Count * inner;
        _ledger.Purpose = "matrix products";
        TensorCoreConv2d.MultiplyBackward(
            _ledger, At(da), betaA != 0f, At(db), betaB != 0f, _any, _any, _any, (int)dy.Shape.Pixels, dy.Shape.C, inner);
    }

    public override void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        var operands = Operands(terms, y.Shape, stride, out var shape);
        _ledger.Purpose = "forward";
        TensorCoreConv2d.Forward(
            _ledger, _any, new SumInputs { Terms = operands, Addend = At(addend), Bias = At(bias), TableKernel = 1 },
            shape, default(Identity));
    }

    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var operands = Operands(terms, hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C }, 1, out var shape);
        _ledger.Purpose = "forward";
        TensorCoreConv2d.ForwardLstmCell(
            _ledger, _any, _any, At(gates), At(cell),
            new SumInputs { Terms = operands, Addend = At(addend), Bias = At(bias), TableKernel = 1 }, shape);
    }

    public override void Conv2dBackward(ReadOnlySpan<Conv2dTermGradient> terms, Tensor dy, int stride)
    {
        var operands = new List<Conv2dOperand>();
        var shape = default(Conv2dShape);
        foreach (var term in terms)
        {
            shape = Describe(dy.Shape, (term.W.Exists ? term.W : term.Dw).Shape, stride);
            int passes = (term.Dx.Exists ? 1 : 0) + (term.Dw.Exists ? 1 : 0);
            if (IsConstantMap((term.X.Exists ? term.X : term.Dx).Shape, shape))
            {
                // The sums over classes and taps read dy once; each gradient then takes one or two launches.
                Move("constant maps", dy.Shape.Count, 2 + passes);
                continue;
            }

            Useful += 2.0 * passes * shape.MultiplyAccumulates;
            operands.Add(new Conv2dOperand
            {
                X = _any,
                W = _any,
                Dx = At(term.Dx),
                Dw = At(term.Dw),
                Channels = shape.C,
                Kernel = shape.Kernel,
                AddDx = term.BetaX != 0f,
                AddDw = term.BetaW != 0f,
            });
        }

        _ledger.Purpose = "backward";
        if (operands.Count > 0)
            TensorCoreConv2d.Backward(_ledger, operands.ToArray(), _any, shape);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _memory.Dispose();
    }

    protected override void Move(string op, double numbers, int launches = 1, bool backward = false)
    {
        string name = backward ? op + " backward" : op;
        Add(name, sizeof(float) * numbers, 0, Math.Max(0, (launches - 1) * LaunchSeconds));
        var entry = Entries[name];
        Entries[name] = entry with { Launches = entry.Launches + launches - 1 };
    }

    private GpuArray At(Tensor t) => t.Exists ? _any : default;

    private Conv2dOperand[] Operands(ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, out Conv2dShape shape)
    {
        shape = new Conv2dShape(y.N, 1, y.H, y.W, y.C, 1, 1);
        var operands = new Conv2dOperand[terms.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            shape = Describe(y, terms[i].W.Shape, stride);
            operands[i] = new Conv2dOperand
            {
                X = _any,
                W = _any,
                Channels = shape.C,
                Kernel = shape.Kernel,
                IsConstant = IsConstantMap(terms[i].X.Shape, shape),
            };
            if (operands[i].IsConstant)
                Move("constant maps", 0, 2);
            else
                Useful += 2.0 * shape.MultiplyAccumulates;
        }

        return operands;
    }

    private void Add(string name, double bytes, double operations, double seconds)
    {
        seconds += Math.Max(LaunchSeconds, bytes / Bandwidth);
        var entry = Entries.GetValueOrDefault(name) ?? new Entry(0, 0, 0, 0);
        Entries[name] = new Entry(
            entry.Launches + 1, entry.Bytes + bytes, entry.Operations + operations, entry.Seconds + seconds);
    }

    private sealed class Nothing(long count) : DeviceBuffer(count)
    {
        protected override void Free()
        {
        }
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Tests.Kernels;

/// <summary>A device that computes nothing and adds up what an H200 with tensor cores would have to do.</summary>
/// <remarks>
/// Convolutions and matrix products go through the host's own code, which chooses tiles and launches; the other operations
/// are taken for the bytes of their tensors, each read or written once.
/// </remarks>
internal sealed class RooflineDevice : CountingDevice
{
    /// <summary>Bytes of memory in a second, and seconds of a launch in a graph.</summary>
    public const double Bandwidth = 4.8e12, LaunchSeconds = 1.5e-6;

    private readonly GpuContext _memory = GpuContext.Open("simulator");
    private readonly TensorCoreLedger _ledger;
    private readonly GpuArray _any;

    public RooflineDevice(bool bf16)
    {
        _any = new GpuArray(_memory.Allocate(64), 0);
        _ledger = new TensorCoreLedger(_memory, bf16, Add);
    }

    /// <summary>What one kind of launch adds up to.</summary>
    public sealed record Entry(int Launches, double Bytes, double Operations, double Seconds);

    public SortedDictionary<string, Entry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Floating-point operations that results need, padding of images counted.</summary>
    public double Useful { get; private set; }

    public override string Description => "roofline";

    public override DeviceBuffer CreateBuffer(long count) => new Nothing(count);

    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        var product = Product(c, a, transposeA, transposeB);
        Useful += 2.0 * c.Shape.Count * product.Inner;
        _ledger.Purpose = "matrix products";
        TensorCoreConv2d.Multiply(_ledger, _any, At(addend), _any, _any, product);
    }

    public override void MatMulBackward(
        Tensor da, float betaA, Tensor db, float betaB, Tensor dy, Tensor a, Tensor b)
    {
        var product = Product(dy, a, false, false);
        int passes = (da.Exists ? 1 : 0) + (db.Exists ? 1 : 0);
        Useful += 2.0 * passes * dy.Shape.Count * product.Inner;
        _ledger.Purpose = "matrix products";
        TensorCoreConv2d.MultiplyBackward(
            _ledger, At(da), betaA != 0f, At(db), betaB != 0f, _any, _any, _any, product);
    }

    public override void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        var sum = new SumInputs
        {
            Terms = Maps(terms, y.Shape, stride, out var shape),
            Addend = At(addend),
            Bias = At(bias),
            TableKernel = 1,
        };
        _ledger.Purpose = "forward";
        Shorten(_ledger, _any, ref sum, shape);
        if (!sum.Terms.IsEmpty)
            TensorCoreConv2d.Forward(_ledger, _any, sum, shape, default(Identity));
    }

    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var sum = new SumInputs
        {
            Terms = Maps(terms, hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C }, 1, out var shape),
            Addend = At(addend),
            Bias = At(bias),
            TableKernel = 1,
        };
        _ledger.Purpose = "forward";
        Shorten(_ledger, _any, ref sum, shape);
        if (!sum.Terms.IsEmpty)
            TensorCoreConv2d.ForwardLstmCell(_ledger, _any, _any, At(gates), At(cell), sum, shape);
    }

    public override void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride)
    {
        var operands = Maps(terms, dy.Shape, stride, out var shape);
        _ledger.Purpose = "backward";
        if (operands.Length > 0)
            TensorCoreConv2d.Backward(_ledger, operands, _any, shape);
    }

    /// <summary>Sums the terms that one launch has no room for, as <see cref="Conv2dKernels"/> does.</summary>
    internal static void Shorten(ITensorCoreDevice device, GpuArray y, ref SumInputs sum, in Conv2dShape shape)
    {
        for (; sum.IsLong; sum = sum.Rest(y))
            TensorCoreConv2d.Forward(device, y, sum.First, shape, default(Identity));
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

    // The terms that are not constant; constant ones are counted at once.
    private Conv2dOperand[] Maps(ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, out Conv2dShape shape)
    {
        shape = WithoutTerms(y);
        var operands = new List<Conv2dOperand>();
        foreach (var term in terms)
        {
            shape = Describe(term, y, stride, out bool isConstant);
            int gradients = (term.Dx.Exists ? 1 : 0) + (term.Dw.Exists ? 1 : 0);
            if (isConstant)
            {
                // Backward, sums of classes and of taps read dy once; then one or two launches for each gradient.
                Move("constant maps", gradients > 0 ? y.Count : 0, 2 + gradients);
                continue;
            }

            Useful += 2.0 * Math.Max(1, gradients) * shape.MultiplyAccumulates;
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

        return [.. operands];
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

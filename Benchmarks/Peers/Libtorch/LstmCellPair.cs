using System.Runtime.InteropServices;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;
using static TorchSharp.torch;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>
/// The gates of an LSTM cell, c′ = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c′), forward and with the gradients with
/// respect to the pre-activations and c.
/// </summary>
internal sealed unsafe class LstmCellPair : OperationPair
{
    private readonly int _images, _hidden, _size;
    private readonly CpuWorkspace _workspace;
    private readonly Floats _preActivations, _gates, _cell, _next, _state, _dState, _dNext, _dGates, _dCell;
    private readonly Tensor _torchGates, _torchCell, _torchDState, _torchDNext;

    /// <summary>Random inputs of both engines.</summary>
    public LstmCellPair(int images, int hidden, int size, int threads)
    {
        (_images, _hidden, _size) = (images, hidden, size);
        _workspace = new CpuWorkspace(threads);
        _torchGates = randn(images, 4 * hidden, size, size).requires_grad_(true);
        _torchCell = randn(images, hidden, size, size).requires_grad_(true);
        _torchDState = randn_like(_torchCell).detach();
        _torchDNext = randn_like(_torchCell).detach();
        (_cell, _dState, _dNext) = (new(Rows(_torchCell)), new(Rows(_torchDState)), new(Rows(_torchDNext)));
        _preActivations = new Floats(InGateOrder(ChannelsLast(_torchGates), toMemory: true));
        _gates = new Floats(_preActivations.ToArray());
        _dGates = new Floats(new float[_gates.Length]);
        (_next, _state, _dCell) = (Empty(), Empty(), Empty());
        double state = (double)images * hidden * size * size * sizeof(float);
        // Forward reads four gates and c and writes c' and h; backward reads the gates, c, dh and dc' and writes five.
        Passes =
        [
            new OperationPass("forward", false, 7 * state, "GB/s"),
            new OperationPass("forward, backward", true, 19 * state, "GB/s"),
        ];

        Floats Empty() => new(new float[_cell.Length]);

        static float[] Rows(Tensor x) => ChannelsLast(x);
    }

    /// <inheritdoc />
    public override IReadOnlyList<OperationPass> Passes { get; }

    /// <summary>The cases of the model's sizes.</summary>
    public static OperationCase Case(int images, int hidden, int size) => new(
        $"LSTM gates N{images} h{hidden} {size}x{size}",
        device => new LstmCellPair(images, hidden, size, device.Threads));

    /// <inheritdoc />
    public override IReadOnlyList<OperationError> Compare(OperationPass pass)
    {
        using var scope = NewDisposeScope();
        var gates = _torchGates.detach().to(ScalarType.Float64).requires_grad_(true);
        var cell = _torchCell.detach().to(ScalarType.Float64).requires_grad_(true);
        var expected = Step(gates, cell);
        var theirs = Step(_torchGates, _torchCell);
        _preActivations.CopyTo(_gates);
        Forward();
        if (!pass.HasBackward)
        {
            return
            [
                OperationError.Of("h", FromRows(_state), theirs.Hidden.detach(), expected.Hidden.detach()),
                OperationError.Of("c'", FromRows(_next), theirs.Cell.detach(), expected.Cell.detach()),
            ];
        }

        var reference = autograd.grad(
            [expected.Hidden, expected.Cell], [gates, cell],
            [_torchDState.to(ScalarType.Float64), _torchDNext.to(ScalarType.Float64)]).ToArray();
        var libtorch = Gradients(theirs);
        Backward();
        var dGates = TwinNetwork.FromChannelsLast(
            InGateOrder(_dGates.ToArray(), toMemory: false), new(_images, 4 * _hidden, _size, _size));
        return
        [
            OperationError.Of("d gates", dGates, libtorch[0], reference[0]),
            OperationError.Of("dc", FromRows(_dCell), libtorch[1], reference[1]),
        ];
    }

    /// <inheritdoc />
    public override double RunEngine(OperationPass pass, Clock clock)
    {
        // The kernel activates the gates in place.
        _preActivations.CopyTo(_gates);
        double start = clock.Now;
        Forward();
        if (pass.HasBackward)
            Backward();
        return clock.Now - start;
    }

    /// <inheritdoc />
    public override double RunLibtorch(OperationPass pass, Clock clock)
    {
        using var scope = NewDisposeScope();
        using var noGradients = pass.HasBackward ? null : no_grad();
        double start = clock.Now;
        var results = Step(_torchGates, _torchCell);
        if (pass.HasBackward)
            Gradients(results);
        return clock.Now - start;
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _preActivations, _gates, _cell, _next, _state, _dState, _dNext, _dGates, _dCell })
            array.Dispose();
        foreach (var tensor in new[] { _torchGates, _torchCell, _torchDState, _torchDNext })
            tensor.Dispose();
    }

    private void Forward() => ConvLstmKernels.Forward(
        _workspace, _next.Pointer, _state.Pointer, _gates.Pointer, _cell.Pointer, _images * _size * _size, _hidden);

    private void Backward() => ConvLstmKernels.Backward(
        _workspace,
        new LstmCellGradients
        {
            DGates = _dGates.Pointer,
            DCell = _dCell.Pointer,
            DHidden = _dState.Pointer,
            DCellNext = _dNext.Pointer,
            Gates = _gates.Pointer,
            Cell = _cell.Pointer,
            CellNext = _next.Pointer,
            Rows = _images * _size * _size,
            Hidden = _hidden,
        });

    private float[] InGateOrder(float[] from, bool toMemory)
    {
        float[] to = new float[from.Length];
        int outputs = GateOrder.Gates * _hidden;
        for (int i = 0; i < from.Length; i++)
        {
            int memory = i - (i % outputs) + GateOrder.FromLogical(i % outputs, _hidden);
            to[toMemory ? memory : i] = from[toMemory ? i : memory];
        }

        return to;
    }

    private Tensor FromRows(Floats rows) =>
        TwinNetwork.FromChannelsLast(rows.ToArray(), new(_images, _hidden, _size, _size));

    private static (Tensor Hidden, Tensor Cell) Step(Tensor gates, Tensor cell)
    {
        var g = gates.chunk(4, 1);
        var next = (g[1].sigmoid() * cell) + (g[0].sigmoid() * g[2].tanh());
        return (g[3].sigmoid() * next.tanh(), next);
    }

    private Tensor[] Gradients((Tensor Hidden, Tensor Cell) results) =>
        [.. autograd.grad([results.Hidden, results.Cell], [_torchGates, _torchCell], [_torchDState, _torchDNext])];

    /// <summary>An aligned array outside the managed heap.</summary>
    private sealed class Floats : IDisposable
    {
        private const nuint Alignment = 64;

        public Floats(float[] values)
        {
            Length = values.Length;
            Pointer = (float*)NativeMemory.AlignedAlloc((nuint)Length * sizeof(float), Alignment);
            values.CopyTo(new Span<float>(Pointer, Length));
        }

        public int Length { get; }

        public float* Pointer { get; }

        public void CopyTo(Floats other) => new Span<float>(Pointer, Length).CopyTo(new Span<float>(other.Pointer, Length));

        public float[] ToArray() => new Span<float>(Pointer, Length).ToArray();

        public void Dispose() => NativeMemory.AlignedFree(Pointer);
    }
}

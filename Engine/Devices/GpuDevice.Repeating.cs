using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <content>Work that is repeated as a graph, and the ops whose parameters then change.</content>
public sealed partial class GpuDevice
{
    private readonly StepValue<uint> _zero;
    private GpuMemory? _stepValues;
    private StepValue<AdamStep>? _adamStep;

    /// <summary>Why <see cref="RepeatedWork"/> launches kernels one by one; null if it launches graphs.</summary>
    public string? GraphRefusal => _context.GraphRefusal;

    /// <summary>Graphs that were captured from work so far.</summary>
    public long GraphCaptures => _context.Graphs.Captures;

    /// <summary>Graphs that were instantiated so far; other captures updated one of these.</summary>
    public long GraphInstantiations => _context.Graphs.Instantiations;

    /// <summary>Launches of graphs so far.</summary>
    public long GraphLaunches => _context.Graphs.Launches;

    /// <inheritdoc />
    public override string? Warning => _context.HasRefusedGraphs
        ? $"{_context.Info.Name} launches kernels one by one, which costs time but changes no result: {GraphRefusal}"
        : null;

    /// <inheritdoc />
    public override RepeatedWork Repeat(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return new Recorded(this, work);
    }

    /// <inheritdoc />
    public override void Unary<TOp>(Tensor y, Tensor x, StepValue<TOp> op) =>
        PointwiseKernels.StoredUnary<TOp>(_context, At(y), At(x), y.Shape.Count, At(op));

    /// <inheritdoc />
    public override void UnaryBackward<TOp>(
        Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, StepValue<TOp> op) =>
        PointwiseKernels.StoredUnaryBackward<TOp>(
            _context, At(dx), beta, At(dy), At(x), At(y), dx.Shape.Count, At(op));

    /// <inheritdoc />
    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, StepValue<TOp> op) =>
        PointwiseKernels.StoredBinary<TOp>(_context, At(y), At(a), At(b), y.Shape.Count, At(op));

    /// <inheritdoc />
    public override void BinaryBackwardA<TOp>(
        Tensor da, float beta, Tensor dy, Tensor a, Tensor b, StepValue<TOp> op) =>
        PointwiseKernels.StoredBinaryBackwardA<TOp>(
            _context, At(da), beta, At(dy), At(a), At(b), da.Shape.Count, At(op));

    /// <inheritdoc />
    public override void BinaryBackwardB<TOp>(
        Tensor db, float beta, Tensor dy, Tensor a, Tensor b, StepValue<TOp> op) =>
        PointwiseKernels.StoredBinaryBackwardB<TOp>(
            _context, At(db), beta, At(dy), At(a), At(b), db.Shape.Count, At(op));

    /// <inheritdoc />
    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step,
        Tensor squaredNorm, float clipNorm)
    {
        _adamStep ??= CreateStepValue<AdamStep>();
        _adamStep.Value = step;
        AdamStep(values, gradients, firstMoments, secondMoments, _adamStep, squaredNorm, clipNorm);
    }

    /// <inheritdoc />
    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, StepValue<AdamStep> step,
        Tensor squaredNorm, float clipNorm) =>
        AdamStepKernels.Update(
            _context, At(values), At(gradients), At(firstMoments), At(secondMoments), values.Shape.Count, At(step),
            At(squaredNorm), clipNorm);

    /// <summary>Where the device finds a step value, which is brought up to date first.</summary>
    private GpuArray At<T>(StepValue<T> value) where T : unmanaged
    {
        UploadStepValues();
        return new GpuArray(_stepValues, value.Slot * StepMemory.SlotFloats);
    }

    private GpuArray OriginOf(in Noise noise) => At(noise.Origin ?? _zero);

    /// <summary>Copies the step values to the device if one has changed: a single copy for all.</summary>
    private void UploadStepValues()
    {
        if (!StepMemory.HasChanged)
            return;
        _stepValues ??= _context.Allocate(StepMemory.Slots * StepMemory.SlotFloats);
        _context.Upload(StepMemory.Content, new GpuArray(_stepValues, 0));
        StepMemory.HasChanged = false;
    }

    /// <summary>Work with a recording of each of its forms.</summary>
    private sealed class Recorded(GpuDevice device, Action work) : RepeatedWork
    {
        private readonly Dictionary<int, Form> _forms = [];

        public override bool Run(int form, ReadOnlySpan<Tensor> memory)
        {
            device.UploadStepValues();
            if (device.GraphRefusal is not null)
            {
                work();
                return true;
            }

            if (!_forms.TryGetValue(form, out var known))
                _forms.Add(form, known = new Form());
            if (known.FindsItsMemory(memory) && device._context.TryRepeat(known.Recording))
                return false;
            known.Memory = memory.ToArray();
            device.Pool.Watch();
            try
            {
                device._context.Run(known.Recording, work);
            }
            finally
            {
                known.Rented = device.Pool.EndWatch();
            }

            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (!disposing)
                return;
            foreach (var form in _forms.Values)
                form.Recording.Dispose();
            _forms.Clear();
        }
    }

    /// <summary>A recording with the memory that it uses.</summary>
    private sealed class Form
    {
        public GpuRecording Recording { get; } = new();

        /// <summary>The tensors that the work was given.</summary>
        public Tensor[] Memory { get; set; } = [];

        /// <summary>The buffers that the work rented, all of which it or its caller has given back.</summary>
        public DeviceBuffer[] Rented { get; set; } = [];

        /// <summary>
        /// Whether the work is given the same tensors again, and nothing else has what it rented then. The pool need
        /// not lend it the same buffers in the same order again: their contents are arbitrary before the work.
        /// </summary>
        public bool FindsItsMemory(ReadOnlySpan<Tensor> memory)
        {
            if (!memory.SequenceEqual(Memory))
                return false;
            foreach (var buffer in Rented)
            {
                if (!buffer.IsFree)
                    return false;
            }

            return true;
        }
    }
}

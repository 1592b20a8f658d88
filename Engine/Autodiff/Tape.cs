using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>Records ops as they run, and runs their gradients in reverse.</summary>
/// <remarks>
/// A step is: make variables, apply ops, <see cref="Backward"/>, <see cref="Reset"/>. Nodes and buffers are kept for
/// the next step, even if it takes another path, so that a step in steady state allocates neither objects nor buffers.
/// Values and gradients return to the pool as soon as backward has passed them. Not thread-safe: one tape per thread.
/// </remarks>
/// <param name="device">The device that runs the ops.</param>
public sealed class Tape(Device device) : IDisposable
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<Type, NodePool> _reusable = [];
    private Slot[] _slots = new Slot[64];
    private int _slotCount;

    /// <summary>The device that runs the ops.</summary>
    public Device Device { get; } = device;

    /// <summary>False for inference: nothing is recorded, and <see cref="Release"/> frees at once.</summary>
    /// <remarks>It may be false for part of a step: no gradient flows through what is computed meanwhile.</remarks>
    public bool Recording { get; set; } = true;

    /// <summary>A value without a gradient. The caller keeps the memory alive until the reset.</summary>
    public Variable Constant(Tensor value) => Add(value, null, false, null);

    /// <summary>
    /// Values from the host, in memory order [N][H][W][C], without a gradient. The tape owns the memory.
    /// </summary>
    /// <exception cref="ShapeException">The number of values is not that of the shape.</exception>
    public Variable Constant(Shape shape, ReadOnlySpan<float> values)
    {
        if (values.Length != shape.Count)
            throw new ShapeException($"Constant: {shape} needs {shape.Count} values, not {values.Length}.");
        var variable = NewOutput(shape, false);
        Device.Upload(values, variable.Value);
        return variable;
    }

    /// <summary>One value for all elements, without a gradient.</summary>
    public Variable Constant(Shape shape, float value)
    {
        var variable = NewOutput(shape, false);
        Device.Fill(variable.Value, value);
        return variable;
    }

    /// <summary>A value whose gradient is needed; read it with <see cref="Gradient"/> before the reset.</summary>
    public Variable Leaf(Tensor value) => Add(value, null, Recording, null);

    /// <summary>A trained parameter. Its gradient is accumulated in the parameter store.</summary>
    public Variable Watch(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return Add(parameter.Value, null, Recording, parameter);
    }

    /// <summary>The gradient of a leaf after <see cref="Backward"/>; absent if the loss is independent of it.</summary>
    public Tensor Gradient(Variable leaf) => GradientOf(leaf);

    /// <summary>Keeps a value readable after backward, until the reset: for metrics.</summary>
    public void Keep(Variable variable) => _slots[variable.Id].Keep = true;

    /// <summary>
    /// Declares a value no longer needed. Does nothing if backward may need it or <see cref="Keep"/> was called.
    /// </summary>
    public void Release(Variable variable)
    {
        if (Recording || !variable.Exists)
            return;
        ref var slot = ref _slots[variable.Id];
        if (!slot.RequiresGradient && !slot.Keep)
            ReturnValue(ref slot);
    }

    /// <summary>Computes the gradients of all leaves and watched parameters.</summary>
    /// <param name="loss">A scalar.</param>
    /// <exception cref="ShapeException">The loss is not one number.</exception>
    /// <exception cref="InvalidOperationException">
    /// The loss depends on nothing that has a gradient, or backward has already passed it.
    /// </exception>
    public void Backward(Variable loss)
    {
        if (loss.Shape.Count != 1)
            throw new ShapeException($"Backward: the loss must be one number, not {loss.Shape}.");
        if (!Needs(loss))
        {
            throw new InvalidOperationException(
                "Backward: the loss does not depend on any recorded parameter or leaf, "
                + "or backward has passed it already.");
        }

        Keep(loss);
        var (gradient, _) = Contribute(loss);
        Device.Fill(gradient, 1f);
        for (int i = _nodes.Count - 1; i >= 0; i--)
        {
            var node = _nodes[i];
            if (HasGradient(node.Output) || (node.SecondOutput.Exists && HasGradient(node.SecondOutput)))
                node.Backward(this);
            ReturnOutput(node.Output);
            if (node.SecondOutput.Exists)
                ReturnOutput(node.SecondOutput);
            if (node.Saved.Exists)
                ReturnOutput(node.Saved);
        }

        ForgetNodes();
    }

    /// <summary>Adds the values of all variables on the tape to a list, in the order in which they were made.</summary>
    /// <remarks>Before an op has run, these are the inputs of a step.</remarks>
    public void AddValuesTo(ICollection<Tensor> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        for (int i = 0; i < _slotCount; i++)
            values.Add(_slots[i].Value);
    }

    /// <summary>
    /// Ends the step: all memory returns to the pool, which the next step finds in order; all variables become invalid.
    /// </summary>
    public void Reset()
    {
        for (int i = _slotCount - 1; i >= 0; i--)
        {
            ReturnValue(ref _slots[i]);
            ReturnGradient(ref _slots[i]);
            _slots[i] = default;
        }

        _slotCount = 0;
        ForgetNodes();
        Device.Pool.Order();
    }

    /// <inheritdoc />
    public void Dispose() => Reset();

    /// <summary>A new variable with memory from the pool.</summary>
    internal Variable NewOutput(Shape shape, bool requiresGradient)
    {
        var buffer = Device.Pool.Rent(shape.Count);
        return Add(new Tensor(buffer, 0, shape), buffer, requiresGradient, null);
    }

    /// <summary>Rents memory for use inside one op; give it back with <see cref="Return"/>.</summary>
    internal Tensor Rent(Shape shape) => new(Device.Pool.Rent(shape.Count), 0, shape);

    /// <summary>Gives back memory from <see cref="Rent"/>.</summary>
    internal void Return(Tensor tensor) => Device.Pool.Return(tensor.Buffer);

    /// <summary>Records a node, reusing one from an earlier step if possible.</summary>
    internal TNode Record<TNode>(Variable output, Variable secondOutput = default, Variable saved = default)
        where TNode : Node, new()
    {
        if (!_reusable.TryGetValue(typeof(TNode), out var pool))
            _reusable.Add(typeof(TNode), pool = new NodePool());
        if (pool.Used == pool.Nodes.Count)
            pool.Nodes.Add(new TNode());
        var node = (TNode)pool.Nodes[pool.Used++];
        node.Output = output;
        node.SecondOutput = secondOutput;
        node.Saved = saved;
        _nodes.Add(node);
        return node;
    }

    /// <summary>True if backward must compute the gradient of this variable.</summary>
    /// <exception cref="InvalidOperationException">The variable's memory has gone back to the pool.</exception>
    internal bool Needs(Variable variable)
    {
        if (!variable.Exists)
            return false;
        RequireAlive(variable);
        return Recording && _slots[variable.Id].RequiresGradient;
    }

    /// <summary>Refuses a variable whose memory may have been reused by now.</summary>
    /// <exception cref="InvalidOperationException">Backward or a release has returned its memory.</exception>
    internal void RequireAlive(Variable variable)
    {
        if (_slots[variable.Id].IsReturned)
        {
            throw new InvalidOperationException(
                $"The variable {variable.Shape} is used after Backward or Release has returned its memory; "
                + "call Keep before, to read a value after Backward.");
        }
    }

    /// <summary>The gradient accumulated so far; absent if there is none, which means zero.</summary>
    internal Tensor GradientOf(Variable variable)
    {
        if (!variable.Exists)
            return default;
        var gradient = _slots[variable.Id].Gradient;
        return gradient is null ? default : new Tensor(gradient, 0, variable.Shape);
    }

    /// <summary>Where a term of the gradient goes: overwrite (beta 0, the first one) or accumulate (beta 1).</summary>
    internal (Tensor Gradient, float Beta) Contribute(Variable variable)
    {
        ref var slot = ref _slots[variable.Id];
        if (slot.Parameter is not null)
        {
            var (arena, parameterBeta) = ParameterStore.Contribute(slot.Parameter);
            // The variable may be a reshape of the parameter; the op writes in the variable's shape.
            return (arena.Reshape(variable.Shape), parameterBeta);
        }

        float beta = slot.Gradient is null ? 0f : 1f;
        slot.Gradient ??= Device.Pool.Rent(variable.Shape.Count);
        return (new Tensor(slot.Gradient, 0, variable.Shape), beta);
    }

    /// <summary>Adds <paramref name="dy"/> to the gradient of a variable, if it needs one.</summary>
    internal void Accumulate(Variable variable, Tensor dy)
    {
        if (!Needs(variable))
            return;
        var (gradient, beta) = Contribute(variable);
        Device.UnaryBackward(gradient, beta, dy, default, default, default(Identity));
    }

    /// <summary>Adds the gradient of <paramref name="from"/> to that of <paramref name="to"/>, by handing over memory
    /// if possible: the gradient of <paramref name="from"/> must not be used afterwards.</summary>
    internal void PassGradient(Variable from, Variable to)
    {
        if (!Needs(to))
            return;
        ref var source = ref _slots[from.Id];
        ref var target = ref _slots[to.Id];
        if (target.Gradient is null && target.Parameter is null)
            (target.Gradient, source.Gradient) = (source.Gradient, null);
        else
            Accumulate(to, GradientOf(from).Reshape(to.Shape));
    }

    private void ForgetNodes()
    {
        _nodes.Clear();
        foreach (var pool in _reusable.Values)
            pool.Used = 0;
    }

    private bool HasGradient(Variable variable) => _slots[variable.Id].Gradient is not null;

    private Variable Add(Tensor value, DeviceBuffer? owned, bool requiresGradient, Parameter? parameter)
    {
        if (_slotCount == _slots.Length)
            Array.Resize(ref _slots, _slots.Length * 2);
        _slots[_slotCount] = new Slot
        {
            Value = value,
            Owned = owned,
            RequiresGradient = requiresGradient,
            Parameter = parameter,
        };
        return new Variable(this, _slotCount++, value);
    }

    private void ReturnOutput(Variable output)
    {
        ref var slot = ref _slots[output.Id];
        if (!slot.Keep)
            ReturnValue(ref slot);
        ReturnGradient(ref slot);
        // Its node is gone: a second backward pass through it would silently reach nothing.
        slot.RequiresGradient = false;
    }

    private void ReturnValue(ref Slot slot)
    {
        if (slot.Owned is null)
            return;
        Device.Pool.Return(slot.Owned);
        slot.Owned = null;
        slot.IsReturned = true;
    }

    private void ReturnGradient(ref Slot slot)
    {
        if (slot.Gradient is null)
            return;
        Device.Pool.Return(slot.Gradient);
        slot.Gradient = null;
    }

    /// <summary>The nodes of one op, of which the current step has used the first few.</summary>
    private sealed class NodePool
    {
        public List<Node> Nodes { get; } = [];

        public int Used { get; set; }
    }

    private struct Slot
    {
        public Tensor Value;
        public DeviceBuffer? Owned;
        public DeviceBuffer? Gradient;
        public Parameter? Parameter;
        public bool RequiresGradient;
        public bool Keep;
        public bool IsReturned;
    }
}

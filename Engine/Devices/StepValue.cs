using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gqn.Native.Engine;

/// <summary>
/// A value that changes from step to step while the work of a step stays the same: a device reads it when an op runs,
/// not when it is called, so that <see cref="RepeatedWork"/> finds the newest one.
/// </summary>
/// <remarks>
/// On a GPU all values of a device lie side by side in its memory, and one copy updates them before the next op that
/// reads any. Set it before recorded work, never within. Made by <see cref="Device.CreateStepValue{T}"/>.
/// </remarks>
/// <typeparam name="T">The type, of 4, 8, 16 or 32 bytes.</typeparam>
public sealed class StepValue<T> : IDisposable where T : unmanaged
{
    private readonly StepMemory _memory;
    private bool _isFreed;

    internal StepValue(StepMemory memory)
    {
        _memory = memory;
        Slot = memory.Take(Unsafe.SizeOf<T>());
    }

    /// <summary>The value, as the next op will read it.</summary>
    public T Value
    {
        get => MemoryMarshal.Read<T>(_memory.At(Slot));
        set
        {
            MemoryMarshal.Write(_memory.At(Slot), value);
            _memory.HasChanged = true;
        }
    }

    /// <summary>Its place among the values of the device.</summary>
    internal int Slot { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_isFreed)
            return;
        _isFreed = true;
        _memory.Free(Slot);
    }
}

/// <summary>The step values of a device, as they should be in its memory.</summary>
internal sealed class StepMemory
{
    /// <summary>Room of one value, in floats and in bytes.</summary>
    public const int SlotFloats = 8, SlotBytes = SlotFloats * sizeof(float);

    /// <summary>The most values of a device: a training has six.</summary>
    public const int Slots = 256;

    private readonly float[] _content = new float[Slots * SlotFloats];
    private readonly bool[] _isTaken = new bool[Slots];

    /// <summary>Whether a value was set since the device's memory was last updated.</summary>
    public bool HasChanged { get; set; }

    /// <summary>All values, up to the last one in use.</summary>
    public ReadOnlySpan<float> Content => _content.AsSpan(0, (Array.LastIndexOf(_isTaken, true) + 1) * SlotFloats);

    /// <summary>The bytes of a value.</summary>
    public Span<byte> At(int slot) => MemoryMarshal.AsBytes(_content.AsSpan(slot * SlotFloats, SlotFloats));

    /// <summary>Finds room for a value, whose bytes are zero at first.</summary>
    /// <exception cref="InvalidOperationException">The value has another size, or there are too many.</exception>
    public int Take(int bytes)
    {
        // Kernels count from the beginning of the memory in values of that size.
        if (bytes < sizeof(float) || SlotBytes % bytes != 0)
            throw new InvalidOperationException($"A step value has 4, 8, 16 or {SlotBytes} bytes, not {bytes}.");
        int slot = Array.IndexOf(_isTaken, false);
        if (slot < 0)
            throw new InvalidOperationException($"A device has at most {Slots} step values: dispose of some.");
        _isTaken[slot] = true;
        At(slot).Clear();
        HasChanged = true;
        return slot;
    }

    /// <summary>Gives the room of a value back.</summary>
    public void Free(int slot) => _isTaken[slot] = false;
}

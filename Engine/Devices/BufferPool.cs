using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>Lends buffers and takes them back, last in first out, so that a step in steady state makes none.</summary>
/// <remarks>
/// Capacities are rounded up to four classes per power of two: at most a quarter of a buffer is wasted, and the same
/// sequence of requests gets the same addresses in every step.
/// </remarks>
/// <param name="device">The device that makes the buffers.</param>
public sealed class BufferPool(Device device) : IDisposable
{
    private const long SmallestCapacity = 64;
    private readonly Dictionary<long, Stack<DeviceBuffer>> _free = [];

    /// <summary>Buffers currently lent out.</summary>
    public int Live { get; private set; }

    /// <summary>Buffers made since the start.</summary>
    public int Made { get; private set; }

    /// <summary>Elements of all buffers that the pool has made and not freed.</summary>
    public long HeldElements { get; private set; }

    /// <summary>Capacity of the size class of a request for <paramref name="count"/> elements.</summary>
    public static long CapacityFor(long count)
    {
        long power = SmallestCapacity;
        while (power < count)
            power <<= 1;
        if (power == SmallestCapacity)
            return power;
        // The four classes between power / 2 and power.
        long step = power / 8;
        return (power / 2) + Ceiling.Multiple(count - (power / 2), step);
    }

    /// <summary>A buffer for at least <paramref name="count"/> elements; its content is arbitrary.</summary>
    public DeviceBuffer Rent(long count)
    {
        long capacity = CapacityFor(count);
        if (!_free.TryGetValue(capacity, out var stack) || !stack.TryPop(out var buffer))
        {
            // Counted only after it is made, so that the counts stay true if the device is out of memory.
            buffer = device.CreateBuffer(capacity);
            Made++;
            HeldElements += capacity;
        }

        Live++;
        return buffer;
    }

    /// <summary>Takes back a buffer from <see cref="Rent"/>.</summary>
    public void Return(DeviceBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!_free.TryGetValue(buffer.Capacity, out var stack))
            _free.Add(buffer.Capacity, stack = new Stack<DeviceBuffer>());
        stack.Push(buffer);
        Live--;
    }

    /// <summary>Frees all buffers that are not lent out.</summary>
    public void Trim()
    {
        foreach (var stack in _free.Values)
        {
            while (stack.TryPop(out var buffer))
            {
                HeldElements -= buffer.Capacity;
                buffer.Dispose();
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => Trim();
}

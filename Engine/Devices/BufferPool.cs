using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>Lends buffers and takes them back, last in first out, so that a step in steady state makes none.</summary>
/// <remarks>
/// Capacities are rounded up to four classes per power of two: at most a quarter of a buffer is wasted. Within a step
/// the buffer returned last, which caches still hold, is lent first; between steps <see cref="Order"/> restores one
/// order, so the same sequence of requests gets the same addresses in every step, whatever happened in between.
/// </remarks>
/// <param name="device">The device that makes the buffers.</param>
public sealed class BufferPool(Device device) : IDisposable
{
    private const long SmallestCapacity = 64;
    private readonly Dictionary<long, FreeBuffers> _free = [];
    private HashSet<DeviceBuffer>? _watched;

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
        if (!_free.TryGetValue(capacity, out var free) || !free.TryTake(out var buffer))
        {
            // Counted only after it is made, so that the counts stay true if the device is out of memory.
            buffer = device.CreateBuffer(capacity);
            buffer.Number = ++Made;
            HeldElements += capacity;
        }

        Live++;
        _watched?.Add(buffer);
        return buffer;
    }

    /// <summary>Takes back a buffer from <see cref="Rent"/>.</summary>
    public void Return(DeviceBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!_free.TryGetValue(buffer.Capacity, out var free))
            _free.Add(buffer.Capacity, free = new FreeBuffers());
        free.Add(buffer);
        Live--;
    }

    /// <summary>From now on lends the buffers of a class in the order in which they were made.</summary>
    public void Order()
    {
        foreach (var free in _free.Values)
            free.Order();
    }

    /// <summary>Frees all buffers that are not lent out.</summary>
    public void Trim()
    {
        foreach (var free in _free.Values)
        {
            while (free.TryTake(out var buffer))
            {
                HeldElements -= buffer.Capacity;
                buffer.Dispose();
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => Trim();

    /// <summary>Notes which buffers are lent from now on.</summary>
    internal void Watch() => _watched = [];

    /// <summary>The buffers that were lent since <see cref="Watch"/>.</summary>
    internal DeviceBuffer[] EndWatch()
    {
        DeviceBuffer[] lent = [.. _watched ?? []];
        _watched = null;
        return lent;
    }

    /// <summary>The free buffers of one class; the last of the list is lent next.</summary>
    private sealed class FreeBuffers
    {
        private static readonly Comparison<DeviceBuffer> NewestFirst = (a, b) => b.Number.CompareTo(a.Number);
        private readonly List<DeviceBuffer> _buffers = [];
        private bool _isOrdered = true;

        public void Add(DeviceBuffer buffer)
        {
            _isOrdered &= _buffers.Count == 0 || _buffers[^1].Number > buffer.Number;
            _buffers.Add(buffer);
            buffer.IsFree = true;
        }

        public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DeviceBuffer? buffer)
        {
            buffer = null;
            if (_buffers.Count == 0)
                return false;
            buffer = _buffers[^1];
            _buffers.RemoveAt(_buffers.Count - 1);
            buffer.IsFree = false;
            return true;
        }

        public void Order()
        {
            if (!_isOrdered)
                _buffers.Sort(NewestFirst);
            _isOrdered = true;
        }
    }
}

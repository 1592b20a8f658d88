namespace Gqn.Native.Engine;

/// <summary>Memory of one device. Buffers are owned by the device's pool, or by whoever created them.</summary>
/// <param name="capacity">Capacity in elements.</param>
public abstract class DeviceBuffer(long capacity) : IDisposable
{
    /// <summary>Capacity in elements.</summary>
    public long Capacity { get; } = capacity;

    /// <summary>Its number among the buffers that the pool has made; 0 if the pool has not made it.</summary>
    internal int Number { get; set; }

    /// <summary>Whether it lies in the pool, so that nobody uses it.</summary>
    internal bool IsFree { get; set; }

    /// <inheritdoc />
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the memory to the system.</summary>
    protected abstract void Free();
}

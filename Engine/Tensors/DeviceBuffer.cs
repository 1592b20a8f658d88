namespace Gqn.Native.Engine;

/// <summary>Memory of one device. Buffers are owned by the device's pool, or by whoever created them.</summary>
/// <param name="capacity">Room, in elements.</param>
public abstract class DeviceBuffer(long capacity) : IDisposable
{
    /// <summary>Room, in elements.</summary>
    public long Capacity { get; } = capacity;

    /// <inheritdoc />
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back to the system.</summary>
    protected abstract void Free();
}

using System.Runtime.InteropServices;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A device that cannot be opened, or a call that its driver refused; the message says what to do.</summary>
public sealed class GpuException : ExternalException
{
    /// <summary>An exception without a message.</summary>
    public GpuException()
    {
    }

    /// <summary>An exception with a message that names the device and the remedy.</summary>
    public GpuException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public GpuException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A device that was found, whether or not it can be used.</summary>
/// <param name="Name">The name to open it by: "cuda:0", "opencl:1", "simulator".</param>
/// <param name="Platform">How it is reached.</param>
/// <param name="Title">The driver's name for it.</param>
/// <param name="MemoryBytes">Total memory of the device; 0 if unknown.</param>
/// <param name="Driver">Versions of driver and interface.</param>
/// <param name="Features">What kernels can use, human-readable.</param>
/// <param name="IsProcessor">True for an OpenCL device that is the processor itself.</param>
/// <param name="Refusal">Why it cannot be used and what helps; null if it can.</param>
public sealed record GpuDeviceInfo(
    string Name, GpuPlatform Platform, string Title, long MemoryBytes, string Driver, string Features, bool IsProcessor,
    string? Refusal);

using System.Collections.Immutable;
using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Engine;

/// <summary>A device that was found, whether or not it can be used.</summary>
/// <param name="Name">The name to open it by: "cpu", "cuda:0", "opencl:1", "simulator".</param>
/// <param name="Title">The device's own name.</param>
/// <param name="MemoryBytes">Total memory of the device; 0 if it has none of its own.</param>
/// <param name="Driver">Versions of driver and interface; "none" if none is needed.</param>
/// <param name="Features">What kernels can use, human-readable.</param>
/// <param name="Refusal">Why it cannot be used and what helps; null if it can.</param>
public sealed record DeviceEntry(
    string Name, string Title, long MemoryBytes, string Driver, string Features, string? Refusal);

/// <summary>Finds devices and opens them by name.</summary>
public static class DeviceCatalog
{
    /// <summary>The name that selects the best device: CUDA, else a GPU through OpenCL, else the processor.</summary>
    public const string Auto = "auto";

    /// <summary>The name of the processor through managed SIMD code.</summary>
    public const string Cpu = "cpu";

    /// <summary>All devices of the machine, including those that must be refused.</summary>
    /// <param name="threads">Threads of the processor; 0 for one per processor.</param>
    public static ImmutableArray<DeviceEntry> Find(int threads = 0)
    {
        using var cpu = new CpuDevice(threads);
        var found = ImmutableArray.CreateBuilder<DeviceEntry>();
        found.Add(new DeviceEntry(Cpu, cpu.Description, 0, "none", "managed code", null));
        foreach (var info in GpuSurvey.Find())
        {
            found.Add(new DeviceEntry(
                info.Name, info.Title, info.MemoryBytes, info.Driver, info.Features, info.Refusal));
        }

        return found.ToImmutable();
    }

    /// <summary>One sentence for each GPU platform without a device: why, and what helps.</summary>
    public static ImmutableArray<string> Absent()
    {
        var present = GpuSurvey.Find();
        var sentences = ImmutableArray.CreateBuilder<string>();
        foreach (var platform in (ReadOnlySpan<GpuPlatform>)[GpuPlatform.Cuda, GpuPlatform.OpenCl])
        {
            bool any = false;
            foreach (var info in present)
                any |= info.Platform == platform;
            if (!any)
                sentences.Add(GpuSurvey.WhyNone(platform));
        }

        return sentences.ToImmutable();
    }

    /// <summary>Opens a device.</summary>
    /// <param name="name">"auto", "cpu", "cuda:0" (or "cuda"), "opencl:0" (or "opencl"), "simulator".</param>
    /// <param name="precision">Precision of the operands of convolutions and matrix products; null for the device's
    /// default.</param>
    /// <param name="threads">Threads of the processor, if it is the device; 0 for one per processor.</param>
    /// <exception cref="GpuException">There is no such device, or it cannot be used like this; the message says what
    /// helps.</exception>
    public static Device Open(string name, Precision? precision = null, int threads = 0)
    {
        if (name == Auto)
            name = Best();
        if (name != Cpu)
            return new GpuDevice(name, precision);
        return precision is null or Precision.Fp32
            ? new CpuDevice(threads)
            : throw new GpuException(
                $"The precision {precision.ToString()!.ToLowerInvariant()} needs tensor cores (CUDA, compute capability 8.0 "
                + "or more); the processor computes in fp32.");
    }

    private static string Best()
    {
        foreach (var info in GpuSurvey.Find())
        {
            if (info.Refusal is null && !info.IsProcessor)
                return info.Name;
        }

        return Cpu;
    }
}

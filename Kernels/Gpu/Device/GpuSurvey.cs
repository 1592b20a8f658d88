using System.Collections.Immutable;
using System.Globalization;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Finds the devices of this machine.</summary>
public static class GpuSurvey
{
    /// <summary>Name of the device that simulates kernels on the processor.</summary>
    public const string Simulator = "simulator";

    private const string CudaRemedy =
        "install NVIDIA's driver and see that 'nvidia-smi' lists the device (in a container: start it with GPU access)";

    private const string OpenClRemedy =
        "install the device's OpenCL driver, or scripts/install-opencl.sh for one that runs on the processor";

    /// <summary>Held while drivers are queried: OpenCL's loader is not safe in its first calls, and ILGPU takes any
    /// failure in them for the absence of devices.</summary>
    internal static Lock Asking { get; } = new();

    /// <summary>All devices, CUDA's before OpenCL's, including those to be refused; the simulator comes last.</summary>
    public static ImmutableArray<GpuDeviceInfo> Find()
    {
        using var asking = Asking.EnterScope();
        DriverLibraries.Register();
        var found = ImmutableArray.CreateBuilder<GpuDeviceInfo>();
        foreach (var device in CudaDevice.GetDevices(_ => true))
            found.Add(Describe((CudaDevice)device, found.Count));
        int first = found.Count;
        if (DriverLibraries.HasOpenCl)
        {
            foreach (var device in CLDevice.GetDevices(_ => true))
                found.Add(Describe((CLDevice)device, found.Count - first));
        }

        found.Add(new GpuDeviceInfo(
            Simulator, GpuPlatform.Simulator, "ILGPU's simulator on the processor", 0, "none",
            "for debugging kernels: thousands of times slower than 'cpu'", true, null));
        return found.ToImmutable();
    }

    /// <summary>Why a platform has no device at all, and what helps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The platform is the simulator, which always exists.</exception>
    public static string WhyNone(GpuPlatform platform) => platform switch
    {
        GpuPlatform.Cuda when !DriverLibraries.HasCuda =>
            $"There is no CUDA device: the library {DriverLibraries.CudaName} of NVIDIA's driver was not found; {CudaRemedy}.",
        GpuPlatform.Cuda => $"There is no CUDA device: NVIDIA's driver is there but offers none; {CudaRemedy}.",
        GpuPlatform.OpenCl when !DriverLibraries.HasOpenCl =>
            $"There is no OpenCL device: no OpenCL loader (libOpenCL.so.1) was found; {OpenClRemedy}.",
        GpuPlatform.OpenCl => $"There is no OpenCL device: the loader is there but no driver; {OpenClRemedy}.",
        _ => throw new ArgumentOutOfRangeException(nameof(platform)),
    };

    private static GpuDeviceInfo Describe(CudaDevice device, int index)
    {
        var architecture = device.Architecture ?? default;
        string capability = string.Create(CultureInfo.InvariantCulture, $"{architecture.Major}.{architecture.Minor}");
        string driver = $"CUDA {device.DriverVersion.Major}.{device.DriverVersion.Minor}";
        string? refusal = device.InstructionSet is null
            ? $"its driver ({driver}) is too old for compute capability {capability}; install a newer driver"
            : architecture < CudaArchitecture.SM_50
                ? $"compute capability {capability} is below 5.0; use another device or 'cpu'"
                : null;
        string cores = architecture >= CudaArchitecture.SM_80 ? ", tensor cores (tf32, bf16)" : string.Empty;
        return new GpuDeviceInfo(
            $"cuda:{index}", GpuPlatform.Cuda, device.Name, device.MemorySize, driver,
            $"compute capability {capability}, {device.NumMultiprocessors} multiprocessors{cores}", false, refusal);
    }

    private static GpuDeviceInfo Describe(CLDevice device, int index)
    {
        bool processor = device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);
        string? refusal = device.CLStdVersion < CLBackend.MinimumVersion
            ? $"it compiles OpenCL C {device.CLStdVersion}, and {CLBackend.MinimumVersion} is needed; {OpenClRemedy}"
            : !device.Capabilities.GenericAddressSpace
                ? $"its driver has no generic address space (PoCL has it from version 5 on); {OpenClRemedy}"
                : null;
        return new GpuDeviceInfo(
            $"opencl:{index}", GpuPlatform.OpenCl, device.Name, device.MemorySize,
            $"{device.PlatformName}, {device.DeviceVersion}",
            $"{(processor ? "processor" : "GPU")}, {device.NumMultiprocessors} compute units", processor, refusal);
    }
}

using System.Runtime.InteropServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Finds driver libraries under the names that runtime packages give them.</summary>
/// <remarks>
/// ILGPU asks for libOpenCL.so and libcuda.so, which many machines and containers have only with development packages;
/// the name that ends in the version is always there.
/// </remarks>
internal static class DriverLibraries
{
    private const string OpenCl = "OpenCL", Cuda = "cuda";

    private static readonly Lock Gate = new();
    private static bool _registered;

    /// <summary>True if some OpenCL loader can be loaded.</summary>
    public static bool HasOpenCl { get; } = Load(OpenCl) != IntPtr.Zero;

    /// <summary>True if NVIDIA's driver can be loaded.</summary>
    public static bool HasCuda => Load(Cuda) != IntPtr.Zero;

    /// <summary>File name of NVIDIA's driver.</summary>
    public static string CudaName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>
    /// Called before the first context; an assembly takes one resolver, and under WSL ILGPU sets its own.
    /// </summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (_registered)
                return;
            _registered = true;
            if (OperatingSystem.IsLinux() && !IsWindowsSubsystem())
                NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, (name, _, _) => Load(name));
        }
    }

    /// <summary>Loads a library by ILGPU's name for it; 0 if it is missing, or none of these.</summary>
    private static IntPtr Load(string name)
    {
        string[] files = name switch
        {
            OpenCl => ["libOpenCL.so.1", OpenCl],
            Cuda => [CudaName, Cuda],
            _ => [],
        };
        foreach (string file in files)
        {
            if (NativeLibrary.TryLoad(file, out nint library))
                return library;
        }

        return IntPtr.Zero;
    }

    private static bool IsWindowsSubsystem() =>
        File.Exists("/proc/version")
        && File.ReadAllText("/proc/version").Contains("microsoft", StringComparison.OrdinalIgnoreCase);
}

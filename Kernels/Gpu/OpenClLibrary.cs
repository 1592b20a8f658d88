using System.Runtime.InteropServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Finds the OpenCL loader under the name that runtime packages give it.</summary>
internal static class OpenClLibrary
{
    private const string Versioned = "libOpenCL.so.1";

    /// <summary>True where some OpenCL loader can be loaded.</summary>
    public static bool Exists { get; } = Load() != IntPtr.Zero;

    /// <summary>
    /// ILGPU asks for libOpenCL.so, which only development packages install. Called before the first context; an
    /// assembly takes one resolver, and under Windows' Linux ILGPU sets its own.
    /// </summary>
    public static void Register()
    {
        lock (Versioned)
        {
            if (_registered)
                return;
            _registered = true;
            if (!OperatingSystem.IsLinux() || IsWindowsSubsystem())
                return;
            NativeLibrary.SetDllImportResolver(
                typeof(Context).Assembly, (name, _, _) => name == "OpenCL" ? Load() : IntPtr.Zero);
        }
    }

    private static bool _registered;

    private static IntPtr Load()
    {
        foreach (string name in (string[])[Versioned, "OpenCL"])
        {
            if (NativeLibrary.TryLoad(name, out var library))
                return library;
        }

        return IntPtr.Zero;
    }

    private static bool IsWindowsSubsystem() =>
        File.Exists("/proc/version")
        && File.ReadAllText("/proc/version").Contains("microsoft", StringComparison.OrdinalIgnoreCase);
}

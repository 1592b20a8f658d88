using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Driver;

internal enum DriverOrder
{
    /// <summary>Work is done only when something waits for it: a missing wait shows as missing data.</summary>
    Late,

    /// <summary>In addition, some stream occasionally runs ahead: work that is not held back comes too early.</summary>
    Random,
}

/// <summary>
/// A test double of NVIDIA's driver: scripts/with-cuda-double.sh builds the library, and its behaviour is defined here.
/// ILGPU's CUDA accelerator and all that Kernels/Gpu asks of the driver run as on a GPU, kernels by interpreting PTX.
/// It does no more than the driver's documentation promises, and refuses what that forbids.
/// </summary>
internal static unsafe class CudaDouble
{
    /// <summary>The collection of tests that set the order of work or turn graphs off: one class at a time.</summary>
    public const string Alone = "settings of the CUDA driver";

    // The first names the library and is set by the script; the second may be "random", for all tests.
    private const string Variable = "GQN_CUDA_DOUBLE", OrderVariable = "GQN_CUDA_DOUBLE_ORDER";

    private static delegate* unmanaged<int, byte*, void> _explain;
    private static long _reserved;

    /// <summary>Whether this process runs on the test double.</summary>
    public static bool IsInstalled { get; private set; }

    /// <summary>The order of work, unless a test sets another.</summary>
    public static DriverOrder UsualOrder { get; } = Environment.GetEnvironmentVariable(OrderVariable) == "random"
        ? DriverOrder.Random
        : DriverOrder.Late;

    /// <summary>The order of work.</summary>
    public static DriverOrder Order { get; set; } = UsualOrder;

    /// <summary>Seed of the random order for contexts created from now on.</summary>
    public static ulong Seed { get; set; }

    /// <summary>Launches of kernels and graphs that were executed.</summary>
    public static long Launches { get; set; }

    /// <summary>Memory of the device in bytes.</summary>
    public static long TotalMemory { get; private set; }

    private static bool IsCapturing => DriverContext.Current?.Captures.Any() == true;

    public static long FreeMemory => TotalMemory - _reserved;

    /// <summary>The number of the catalogue's elements per test: interpreting is a million times slower.</summary>
    public static long MostElements => IsInstalled ? 1_000 : long.MaxValue;

    /// <summary>Errors that the driver has returned so far.</summary>
    public static List<string> Complaints { get; } = [];

    /// <summary>The function that will refuse the next call by this thread, once; null for none.</summary>
    /// <remarks>A launch of a kernel refuses only within a capture: what is refused is a graph, not work.</remarks>
    [field: ThreadStatic]
    public static string? NextRefusal { get; set; }

    /// <summary>Refuses a call if that is what the test wants.</summary>
    public static void RefuseIfAsked(string function)
    {
        if (function != NextRefusal || (function == nameof(DriverExports.cuLaunchKernel) && !IsCapturing))
            return;
        NextRefusal = null;
        throw new DriverException(DriverError.NotSupported, "refused for the sake of a test");
    }

    public static bool TryReserve(long bytes)
    {
        if (bytes > FreeMemory)
            return false;
        _reserved += bytes;
        return true;
    }

    public static void Unreserve(long bytes) => _reserved -= bytes;

    /// <summary>Makes the reason of an error part of the driver's own message for it.</summary>
    public static void Explain(DriverError error, string text)
    {
        Complaints.Add(text);
        byte* native = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        _explain((int)error, native);
        Marshal.FreeCoTaskMem((nint)native);
    }

    /// <summary>Before anything asks for a device: if the variable names the library, it is the driver.</summary>
#pragma warning disable CA2255 // A test assembly has no entry point of its own.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
            return;
        // Later loads by the library's own name find this one.
        nint library = NativeLibrary.Load(path);
        _explain = (delegate* unmanaged<int, byte*, void>)NativeLibrary.GetExport(library, "gqn_double_explain");
        var install = (delegate* unmanaged<byte*, nint, int>)NativeLibrary.GetExport(library, "gqn_double_install");
        foreach (var method in typeof(DriverExports).GetMethods(BindingFlags.Static | BindingFlags.Public))
        {
            byte* name = (byte*)Marshal.StringToCoTaskMemUTF8(method.Name);
            int found = install(name, method.MethodHandle.GetFunctionPointer());
            Marshal.FreeCoTaskMem((nint)name);
            if (found == 0)
                throw new InvalidOperationException($"The double's library has no {method.Name}; build it anew.");
        }

        var missing = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "gqn_double_missing");
        if (missing() != null)
        {
            throw new InvalidOperationException(
                $"Nobody stands behind {Marshal.PtrToStringUTF8((nint)missing())} of the double's library.");
        }

        var total = (delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(library, "cuDeviceTotalMem_v2");
        nuint bytes;
        _ = total(&bytes, 0);
        TotalMemory = (long)bytes;
        IsInstalled = true;
    }
}

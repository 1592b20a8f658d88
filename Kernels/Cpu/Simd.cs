using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

// The kernels write every byte of their stack buffers before reading it; clearing them first costs measurable time.
[module: SkipLocalsInit]

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Widths of vector arithmetic, narrowest first.</summary>
public enum SimdLevel
{
    /// <summary>One number at a time.</summary>
    Scalar,

    /// <summary>256-bit registers with fused multiply-add: AVX2 on x86-64.</summary>
    Vector256,

    /// <summary>512-bit registers: AVX-512 on x86-64.</summary>
    Vector512,
}

/// <summary>Which vector arithmetic the processor offers.</summary>
public static class Simd
{
    /// <summary>The widest level with hardware support here, determined once per process.</summary>
    /// <remarks>DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0 and DOTNET_EnableHWIntrinsic=0 lower it.</remarks>
    public static SimdLevel Level { get; } =
        Vector512.IsHardwareAccelerated ? SimdLevel.Vector512
        : Vector256.IsHardwareAccelerated ? SimdLevel.Vector256
        : SimdLevel.Scalar;
}

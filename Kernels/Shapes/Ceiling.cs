using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Shapes;

/// <summary>Division of sizes, rounded up; also for use in kernels.</summary>
public static class Ceiling
{
    /// <summary>The number of parts of length <paramref name="part"/> that cover <paramref name="length"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Divide(int length, int part) => (length + part - 1) / part;

    /// <inheritdoc cref="Divide(int, int)" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Divide(long length, long part) => (length + part - 1) / part;

    /// <summary>The smallest multiple of <paramref name="part"/> that is not below <paramref name="length"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Multiple(int length, int part) => Divide(length, part) * part;

    /// <inheritdoc cref="Multiple(int, int)" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Multiple(long length, long part) => Divide(length, part) * part;
}

using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Shared memory of the tensor-core kernels: two tables of rows, then the ring buffer or the sums.</summary>
/// <remarks>
/// The 16-byte chunk j of line i is stored at chunk j xor (i mod 8); where 32-bit values are read crosswise, one by
/// one, at j xor 2·(i mod 4). A copy writes a line's eight chunks and a fragment load reads eight lines at one j (or 4
/// lines of 8 values), both without bank conflicts.
/// </remarks>
internal static class TensorCoreShared
{
    /// <summary>Threads of a thread block (group).</summary>
    public const int Threads = 128;

    /// <summary>Bytes of a line.</summary>
    public const int LineBytes = 128;

    /// <summary>Chunks of a line.</summary>
    public const int LineChunks = 8;

    /// <summary>Offset in bytes of the ring buffer and, afterwards, of the sums.</summary>
    public const int Start = 1024;

    // Rows of each table.
    private const int TableRows = 128;

    /// <summary>Floats from one row of sums to the next.</summary>
    public static int SumStride<TShape>() where TShape : struct, ITensorCoreShape => TShape.Columns + 8;

    /// <summary>Bytes of a stage.</summary>
    public static int StageBytes<TTile>() where TTile : struct, ITensorCoreTile =>
        (TTile.Rows + TTile.Columns) * LineBytes;

    /// <summary>Bytes of the sums.</summary>
    public static int SumBytes<TShape>() where TShape : struct, ITensorCoreShape =>
        TShape.Rows * SumStride<TShape>() * sizeof(float);

    /// <summary>The sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<float> Sums() =>
        SharedMemory.GetDynamic<Chunk>().Cast<float>().SubView(Start / sizeof(float));

    /// <summary>The sums, four at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<Quad> SumQuads() =>
        SharedMemory.GetDynamic<Chunk>().Cast<Quad>().SubView(Start / (Quad.Length * sizeof(float)));

    /// <summary>The tables of rows, filled by <see cref="SetRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<int> Table() => SharedMemory.GetDynamic<Chunk>().Cast<int>();

    /// <summary>Records a row's index in the result (negative: none) and the offset of its border class.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetRow(int row, int index, int border)
    {
        var table = Table();
        table[row] = index;
        table[TableRows + row] = border;
    }

    /// <summary>The row's index in the result, negative if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowIndex(int row) => Table()[row];

    /// <summary>Offset of the row's border class in the table of values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowBorder(int row) => Table()[TableRows + row];

    /// <summary>
    /// Starts the asynchronous copy of a chunk; writes zeros instead, and reads nothing, unless all
    /// <paramref name="bits"/> are set in <paramref name="mask"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(uint shared, ulong source, uint mask, uint bits) => CudaAsm.Emit(
        "{ .reg .pred p; .reg .b32 n; .reg .u32 d; add.u32 d, ring, %0; and.b32 n, %2, %3; "
        + "setp.eq.b32 p, n, %3; selp.b32 n, 16, 0, p; cp.async.cg.shared.global [d], [%1], 16, n; }",
        shared, source, mask, bits);

    /// <summary>Starts the asynchronous copy of a chunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(uint shared, ulong source) => CudaAsm.Emit(
        "{ .reg .u32 d; add.u32 d, ring, %0; cp.async.cg.shared.global [d], [%1], 16; }", shared, source);

    /// <summary>Makes the copies started since the last call one cp.async group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Commit() => CudaAsm.Emit("cp.async.commit_group;");

    /// <summary>Waits until this thread's copies of the next stage have arrived.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Wait(int ring)
    {
        if (ring == 4)
            CudaAsm.Emit("cp.async.wait_group 2;");
        else if (ring == 3)
            CudaAsm.Emit("cp.async.wait_group 1;");
        else
            CudaAsm.Emit("cp.async.wait_group 0;");
    }

    /// <summary>Writes the group's sums to shared memory, over the ring buffer, which is no longer read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums<TTile>() where TTile : struct, ITensorCoreTile
    {
        int warp = Group.IdxX >> 5, lane = Group.IdxX & 31;
        int row = ((warp >> 1) * (TTile.Rows / 2)) + (lane >> 2);
        int column = ((warp & 1) * (TTile.Columns / 2)) + (2 * (lane & 3));
        TTile.Store((uint)(Start + (4 * ((row * SumStride<TTile>()) + column))));
        Group.Barrier();
    }
}

namespace Gqn.Native.Tests.Ptx;

/// <summary>Width and grid extents, block and thread indices along x, y, z.</summary>
internal readonly record struct Dim3(int X, int Y = 1, int Z = 1)
{
    public long Count => (long)X * Y * Z;

    /// <summary>Coordinates of a linear index, x fastest.</summary>
    public Dim3 At(long index) => new((int)(index % X), (int)(index / X % Y), (int)(index / X / Y));

    public int this[char axis] => axis switch { 'x' => X, 'y' => Y, _ => Z };
}

/// <summary>The read-only registers %tid, %ntid, %ctaid, %nctaid and those of the warp.</summary>
internal static class PtxSpecialRegisters
{
    private static readonly string[] Vectors = ["%tid", "%ntid", "%ctaid", "%nctaid"];
    private static readonly string[] Scalars =
        ["%laneid", "%warpid", "%nwarpid", "%dynamic_smem_size", "%total_smem_size", "%lanemask_eq",
         "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge"];

    public static bool IsSpecial(string name) =>
        Scalars.Contains(name)
        || (name.Length > 2 && name[^2] == '.' && name[^1] is 'x' or 'y' or 'z' && Vectors.Contains(name[..^2]));

    /// <summary>All of them are 32 bits wide; a wider read is a type error, as for ptxas.</summary>
    public static int Bits(string name) =>
        IsSpecial(name) ? 32 : throw new PtxSyntaxException($"{name} is no special register known here.");

    public static uint Value(
        string name, Dim3 grid, Dim3 block, Dim3 blockIndex, int thread, int dynamicShared, int shared)
    {
        int lane = thread & 31;
        char axis = name[^1];
        return name switch
        {
            "%laneid" => (uint)lane,
            "%warpid" => (uint)(thread >> 5),
            "%nwarpid" => (uint)((block.Count + 31) / 32),
            "%dynamic_smem_size" => (uint)dynamicShared,
            "%total_smem_size" => (uint)shared,
            "%lanemask_eq" => 1u << lane,
            "%lanemask_lt" => (1u << lane) - 1,
            "%lanemask_le" => (uint)((2ul << lane) - 1),
            "%lanemask_gt" => ~(uint)((2ul << lane) - 1),
            "%lanemask_ge" => ~((1u << lane) - 1),
            _ when name.StartsWith("%tid", StringComparison.Ordinal) => (uint)block.At(thread)[axis],
            _ when name.StartsWith("%ntid", StringComparison.Ordinal) => (uint)block[axis],
            _ when name.StartsWith("%ctaid", StringComparison.Ordinal) => (uint)blockIndex[axis],
            _ => (uint)grid[axis],
        };
    }
}

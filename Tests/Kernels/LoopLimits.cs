using System.Globalization;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ptx;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The resources of an sm_90 multiprocessor that one round of a kernel's main loop takes.</summary>
/// <remarks>
/// A multiprocessor issues four warp instructions per cycle and does 128 fp32 multiply-adds. It would do 1024 of tf32
/// and 2048 of bf16 (NVIDIA's H100 white paper: 494.7 and 989.4 TFLOP/s dense, 132 multiprocessors, 1.83 GHz); mma.sync
/// is known to reach about 62 % of that, which is the rate assumed here. Shared memory delivers 128 bytes a cycle.
/// </remarks>
internal sealed record LoopLimits(string Name, PtxAssembly Assembly, IReadOnlyDictionary<string, int> Path, int Threads)
{
    private const double IssueSlots = 4, MultiplyAdds = 128, Tf32MultiplyAdds = 0.62 * 1024;
    private const int MatrixMultiplyAddsTf32 = 16 * 8 * 8, WarpRegisters = 256, MultiprocessorRegisters = 65536;

    public bool IsTensorCore => Name.StartsWith("TensorCore", StringComparison.Ordinal);

    /// <summary>Multiply-add instructions of a warp in one round, each over 32 lanes or a matrix.</summary>
    public int Products => Count("HMMA") + (IsTensorCore ? 0 : Count("FFMA"));

    public int Instructions => Path.Values.Sum();

    public int Warps => Threads / 32;

    /// <summary>Warps that fit into the registers, in whole groups.</summary>
    public int ResidentWarps
    {
        get
        {
            // Registers are allocated to warps in blocks of 256.
            int ofWarp = ((Assembly.Registers * 32) + WarpRegisters - 1) / WarpRegisters * WarpRegisters;
            return Math.Min(64, MultiprocessorRegisters / ofWarp) / Warps * Warps;
        }
    }

    /// <summary>Cycles of a multiprocessor for one round of one group, by limiting resource.</summary>
    public double IssueCycles => Instructions * Warps / IssueSlots;

    /// <inheritdoc cref="IssueCycles" />
    public double ProductCycles => Count("FFMA") * Warps * 32 / MultiplyAdds;

    /// <inheritdoc cref="IssueCycles" />
    // An instruction of bf16 has twice the multiply-adds and twice the rate.
    public double TensorCycles => Count("HMMA") * Warps * MatrixMultiplyAddsTf32 / Tf32MultiplyAdds;

    public string Row => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name,-66} {Assembly.Registers,3} registers {ResidentWarps,2} warps; a round: {Products,3} products, "
        + $"{Count("LDS") + Count("LDSM"),3} shared loads, {Count("STS"),2} stores, "
        + $"{Count("LDG") + Count("LDGSTS"),2} global, {Instructions,3} in all; cycles: issue {IssueCycles,5:F0}, "
        + $"products {(IsTensorCore ? TensorCycles : ProductCycles),5:F0}");

    /// <summary>Compiles, assembles and counts.</summary>
    /// <param name="name">Name in <see cref="GpuKernelCatalog"/>.</param>
    /// <param name="steps">Rounds of the inner loop, for kernels whose main loop has one.</param>
    public static LoopLimits Of(string name, int steps)
    {
        var handle = GpuKernelCatalog.Handle(name);
        bool tensorCore = name.StartsWith("TensorCore", StringComparison.Ordinal);
        var bounds = GpuKernelCatalog.Bounds(handle);
        string ptx = PtxCompiler.Compile(handle.Body.Method, implicitlyGrouped: false, bounds);
        var assembly = PtxAssembler.Assemble(ptx, "sm_90", list: true);
        var code = new MachineCode(assembly.Listing);
        string product = tensorCore ? "HMMA" : "FFMA";
        var path = code.HotPath(code.MainLoop(product), product, steps);
        return new LoopLimits(
            name, assembly, path,
            tensorCore ? TensorCoreShared.Threads : bounds.MaxNumThreadsPerGroup!.Value);
    }

    private int Count(string opcode) => Path.GetValueOrDefault(opcode);
}

/// <summary>Tables beside the test program.</summary>
internal static class LimitsReport
{
    public static void Write(string name, IEnumerable<string> rows)
    {
        string folder = System.IO.Path.Combine(AppContext.BaseDirectory, "TestResults");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(System.IO.Path.Combine(folder, name), rows);
    }
}

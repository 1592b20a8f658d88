using System.Diagnostics;
using System.Text.RegularExpressions;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Tests.Ops;
using Gqn.Native.Tests.Ptx;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The compiled tensor-core kernels: PTX always, machine code if NVIDIA's assembler is installed.</summary>
public partial class TensorCoreMachineCodeTests(ITestOutputHelper output)
{
    // 65536 registers of a multiprocessor for two groups of 128 threads.
    private const int MaxRegisters = 255;

    private static readonly Dictionary<string, GroupKernelHandle<TensorCoreArgs>> Handles = new[]
    {
        Forward<Linewise128x128Tf32>(), Forward<Linewise128x64Tf32>(), Forward<Linewise64x64Tf32>(),
        Forward<Linewise128x128Bf16>(), Forward<Linewise128x64Bf16>(), Forward<Linewise64x64Bf16>(),
        Halo<Halo128x128Tf32>(), Halo<Halo128x64Tf32>(), Halo<Halo128x128Bf16>(), Halo<Halo128x64Bf16>(),
        WeightGradient<Crosswise128x128Tf32>(), WeightGradient<Crosswise64x64Tf32>(),
        WeightGradient<Crosswise128x128Bf16>(), WeightGradient<Crosswise64x64Bf16>(),
    }.SelectMany(handles => handles).ToDictionary(pair => pair.Name, pair => pair.Handle);

    public static TheoryData<string> Kernels => [.. Handles.Keys];

    public static TheoryData<string> Assembled => DeviceRows.Where(ToolFolder() is not null, Kernels);

    /// <summary>No local memory, no calls, no generic pointers, no double precision.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void PtxIsClean(string name)
    {
        string ptx = PtxCompiler.Compile(Handles[name].Body.Method, implicitlyGrouped: false);
        Assert.DoesNotContain(".local", ptx);
        Assert.DoesNotContain(".f64", ptx);
        Assert.DoesNotMatch(@"\bcall\b", ptx);
        Assert.DoesNotMatch(@"\b(ld|st)\.[fbuv]\d", ptx);
        Assert.Contains("mma.sync", ptx);
    }

    /// <summary>
    /// No spills on Ampere and Hopper, and a main loop of products, fragment loads and asynchronous copies without
    /// local memory or other traffic.
    /// </summary>
    [Theory]
    [MemberData(nameof(Assembled))]
    public void MachineCodeKeepsTheLoopInRegisters(string name)
    {
        Assert.SkipWhen(
            ToolFolder() is null, "There is no ptxas: scripts/install-ptxas.sh gets it, or GQN_PTXAS names its folder.");
        var folder = Directory.CreateTempSubdirectory("gqn-ptx");
        try
        {
            string ptx = Path.Combine(folder.FullName, "kernel.ptx"), cubin = Path.Combine(folder.FullName, "kernel.cubin");
            File.WriteAllText(ptx, PtxCompiler.Compile(Handles[name].Body.Method, implicitlyGrouped: false));
            foreach (string architecture in new[] { "sm_80", "sm_90" })
            {
                string report = Run("ptxas", "-v", $"-arch={architecture}", ptx, "-o", cubin);
                Assert.Contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", report);
                int registers = int.Parse(RegisterCount().Match(report).Groups[1].Value);
                output.WriteLine($"{name} {architecture}: {registers} registers");
                Assert.InRange(registers, 1, MaxRegisters);
                CheckLoop(name, MainLoop(Run("nvdisasm", cubin)));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void CheckLoop(string name, List<string> loop)
    {
        int Count(string pattern) => loop.Count(line => Regex.IsMatch(line, pattern));
        bool wide = name.Contains("128x128"), medium = name.Contains("128x64");
        int products = wide ? 128 : medium ? 64 : 32, copies = wide ? 16 : medium ? 12 : 8;
        // The copies of weights, and one of the block of pixels, in a loop of its own.
        if (name.StartsWith("Halo", StringComparison.Ordinal))
            copies = wide ? 9 : 5;
        int matrices = wide ? 32 : medium ? 24 : 16;
        bool single = name.StartsWith("Crosswise", StringComparison.Ordinal) && name.Contains("Tf32");
        output.WriteLine($"  {loop.Count} instructions in the loop");
        Assert.Equal(products, Count(@"\bHMMA\b"));
        Assert.Equal(single ? 0 : matrices, Count(@"\bLDSM\b"));
        Assert.Equal(single ? 4 * matrices : 0, Count(@"\bLDS\b"));
        Assert.Equal(copies, Count(@"\bLDGSTS\b"));
        Assert.Equal(1, Count(@"\bBAR\b"));
        Assert.Equal(0, Count(@"\b(LDL|STL|LDG|STG|STS|LD|ST)\b"));
    }

    // The body of the backward branch that encloses the most: the loop with everything in between.
    private static List<string> MainLoop(string code)
    {
        List<string> lines = [];
        Dictionary<string, int> labels = [];
        List<string> best = [];
        foreach (string text in code.Split('\n'))
        {
            if (Label().Match(text) is { Success: true } label)
                labels[label.Groups[1].Value] = lines.Count;
            // Instructions that no thread executes, the assembler's padding, are left out.
            if (!Instruction().IsMatch(text) || text.Contains("@!PT") || text.Contains("@!UPT"))
                continue;
            lines.Add(text);
            if (Branch().Match(text) is { Success: true } branch
                && labels.TryGetValue(branch.Groups[1].Value, out int start)
                && lines.Skip(start).Any(line => line.Contains("HMMA")) && lines.Count - start > best.Count)
            {
                best = lines[start..];
            }
        }

        return best;
    }

    private static string Run(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(ToolFolder()!, tool), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd() + error.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, text);
        return text;
    }

    private static string? ToolFolder() => PtxAssembler.Exists ? PtxAssembler.Folder : null;

    private static IEnumerable<(string Name, GroupKernelHandle<TensorCoreArgs> Handle)> Forward<TTile>()
        where TTile : struct, ITensorCoreStageTile =>
    [
        (typeof(TTile).Name, TensorCoreForward<TTile, ActivationEpilogue<Identity>>.Handle),
        (typeof(TTile).Name + "Cell", TensorCoreForward<TTile, LstmCellEpilogue>.Handle),
    ];

    private static IEnumerable<(string Name, GroupKernelHandle<TensorCoreArgs> Handle)> Halo<TTile>()
        where TTile : struct, ITensorCoreHaloTile =>
    [
        (typeof(TTile).Name, TensorCoreHalo<TTile, ActivationEpilogue<Identity>>.Handle),
        (typeof(TTile).Name + "Cell", TensorCoreHalo<TTile, LstmCellEpilogue>.Handle),
    ];

    private static IEnumerable<(string Name, GroupKernelHandle<TensorCoreArgs> Handle)> WeightGradient<TTile>()
        where TTile : struct, ITensorCoreStageTile =>
        [(typeof(TTile).Name, TensorCoreWeightGradient<TTile, ActivationEpilogue<Identity>>.Handle)];

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex RegisterCount();

    [GeneratedRegex(@"^\s*(\.L_x_\d+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s*/\*[0-9a-f]{4,5}\*/\s")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\bBRA\b.*`\((\.L_x_\d+)\)")]
    private static partial Regex Branch();
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Gqn.Native.Tests.Ptx;

/// <summary>ptxas's report on a kernel's machine code; bytes of stack and spills are per thread.</summary>
internal sealed record PtxAssembly(int Registers, int StackBytes, int SpillBytes, int SharedBytes, string Listing);

/// <summary>
/// NVIDIA's own assembler and disassembler, if a developer has them: in the folder GQN_PTXAS, or where
/// scripts/install-ptxas.sh puts them. Otherwise tests that need them are skipped.
/// </summary>
internal static partial class PtxAssembler
{
    public static string Folder { get; } = Environment.GetEnvironmentVariable("GQN_PTXAS") is { Length: > 0 } named
        ? named
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "gqn-native", "ptxas");

    public static bool Exists => File.Exists(Path.Combine(Folder, "ptxas"));

    public static void SkipWithout() => Assert.SkipUnless(
        Exists, $"There is no ptxas in {Folder}; scripts/install-ptxas.sh fetches it.");

    /// <summary>Assembles a kernel and, if asked, lists its machine code.</summary>
    /// <param name="architecture">Such as sm_80.</param>
    public static PtxAssembly Assemble(string ptx, string architecture, bool list = false)
    {
        string folder = Directory.CreateTempSubdirectory("gqn-ptx").FullName;
        try
        {
            string source = Path.Combine(folder, "kernel.ptx");
            string code = Path.Combine(folder, "kernel.cubin");
            File.WriteAllText(source, ptx);
            string report = Run("ptxas", "-v", $"-arch={architecture}", source, "-o", code);
            return new PtxAssembly(
                Number(RegistersPattern().Match(report)), Number(StackPattern().Match(report)),
                SpillPattern().Matches(report).Sum(Number), Number(SharedPattern().Match(report)),
                list ? Run("nvdisasm", code) : "");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Run(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Folder, tool), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} refuses the kernel: {output}");
        return output;
    }

    private static int Number(Match match) =>
        match.Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex RegistersPattern();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex StackPattern();

    [GeneratedRegex(@"(\d+) bytes spill")]
    private static partial Regex SpillPattern();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex SharedPattern();
}

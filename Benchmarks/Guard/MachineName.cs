using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>The name under which figures of one kind of machine are kept.</summary>
internal static class MachineName
{
    private const int ExtendedLeaves = unchecked((int)0x80000000), BrandLeaf = ExtendedLeaves + 2;

    /// <summary>This machine: processor, threads, width of vectors.</summary>
    public static string Here { get; } = Compose(ProcessorModel(), Environment.ProcessorCount, Simd.Level);

    /// <summary>A file name such as "amd-epyc-family-25-model-17-2-threads-vector512".</summary>
    public static string Compose(string processor, int threads, SimdLevel level)
    {
        string plain = processor
            .Replace("(R)", string.Empty, StringComparison.OrdinalIgnoreCase)
            .Replace("(TM)", string.Empty, StringComparison.OrdinalIgnoreCase);
        var name = new StringBuilder();
        foreach (char c in $"{plain} {threads} threads {level}".ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
                name.Append(c);
            else if (name.Length > 0 && name[^1] != '-')
                name.Append('-');
        }

        return name.ToString();
    }

    /// <summary>
    /// The processor's own name, with family and model: hosts of virtual machines shorten the brand.
    /// </summary>
    private static string ProcessorModel()
    {
        if (!X86Base.IsSupported)
            return NameInProc() ?? RuntimeInformation.ProcessArchitecture.ToString();
        int signature = X86Base.CpuId(1, 0).Eax;
        int family = (signature >> 8) & 15, model = (signature >> 4) & 15;
        if (family is 6 or 15)
            model += ((signature >> 16) & 15) << 4;
        if (family == 15)
            family += (signature >> 20) & 255;
        return $"{Brand()} family {family} model {model}";
    }

    private static string Brand()
    {
        const int leaves = 3;
        // Extended leaves are negative as signed numbers, and ordered.
        if (X86Base.CpuId(ExtendedLeaves, 0).Eax is var last && (last >= 0 || last < BrandLeaf + leaves - 1))
            return "x86";
        Span<int> words = stackalloc int[4 * leaves];
        for (int i = 0; i < leaves; i++)
        {
            var (a, b, c, d) = X86Base.CpuId(BrandLeaf + i, 0);
            (words[4 * i], words[(4 * i) + 1], words[(4 * i) + 2], words[(4 * i) + 3]) = (a, b, c, d);
        }

        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).TrimEnd('\0');
    }

    private static string? NameInProc()
    {
        const string file = "/proc/cpuinfo";
        string? line = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}

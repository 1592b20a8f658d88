using System.Runtime.InteropServices;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The programs of this project, run by the runtime that runs this one.</summary>
/// <param name="folder">The folder that holds them.</param>
/// <param name="host">The program that starts them; null for the runtime's own.</param>
internal sealed class Programs(string folder, string? host = null)
{
    /// <summary>The command line.</summary>
    public const string Gqn = "Gqn.Native.dll";

    /// <summary>The tests.</summary>
    public const string Tests = "Gqn.Native.Tests.dll";

    /// <summary>This program.</summary>
    public const string Benchmarks = "Gqn.Native.Benchmarks.dll";

    // Set by the scripts of a bundle (scripts/gpu-bundle/gqn.sh), through which users call the programs there.
    private const string BundleVariable = "GQN_BUNDLE";

    private static readonly Dictionary<string, string> Launchers = new()
    {
        [Gqn] = "./gqn",
        [Tests] = "./gqn-tests",
        [Benchmarks] = "./gqn-benchmarks",
    };

    /// <summary>The program that starts managed ones: ROOT/dotnet for the runtime ROOT/shared/NAME/VERSION.</summary>
    public string Host { get; } = host
        ?? Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>How a user calls a program.</summary>
    public static string Shown(string program) =>
        Environment.GetEnvironmentVariable(BundleVariable) is null ? $"dotnet {program}" : Launchers[program];

    /// <summary>The path of a program.</summary>
    public string PathOf(string program) => Path.Combine(folder, program);

    /// <summary>Whether a program exists.</summary>
    public bool Has(string program) => File.Exists(PathOf(program));
}

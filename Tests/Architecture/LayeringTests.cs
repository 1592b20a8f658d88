using System.Runtime.CompilerServices;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Model;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>Architecture rules that the compiler alone does not enforce.</summary>
public sealed class LayeringTests
{
    private static readonly string[] Folders = ["Kernels", "Engine", "Gqn"];

    [Fact]
    public void ReferencesPointLeft()
    {
        Assert.DoesNotContain(References(typeof(GenerativeQueryNetwork)), name => name == "Gqn.Native.Kernels");
        Assert.DoesNotContain(References(typeof(Device)), name => name == "Gqn.Native");
        Assert.DoesNotContain(
            References(typeof(CpuWorkspace)), name => name.StartsWith("Gqn.Native", StringComparison.Ordinal));
    }

    [Fact]
    public void EngineNeedsNothingButTheRuntimeAndKernelsNothingButIlgpu()
    {
        Assert.All(References(typeof(Device)), name => Assert.True(IsRuntime(name) || name == "Gqn.Native.Kernels", name));
        Assert.All(
            References(typeof(CpuWorkspace)), name => Assert.True(IsRuntime(name) || name is "ILGPU" or "ILGPU.Algorithms", name));
    }

    [Fact]
    public void NothingOutsideKernelsNamesIlgpu() => Assert.DoesNotContain(
        References(typeof(Device)).Concat(References(typeof(GenerativeQueryNetwork))),
        name => name.StartsWith("ILGPU", StringComparison.Ordinal));

    [Fact]
    public void NoFileNameSaysNothing()
    {
        string[] banned = ["Helper", "Manager", "Utils", "Util", "Impl", "Misc", "Remaining", "Common"];
        foreach (string file in Sources())
        {
            Assert.DoesNotContain(
                banned, word => Path.GetFileNameWithoutExtension(file).EndsWith(word, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void NoFileIsTooLongToRead()
    {
        foreach (string file in Sources())
            Assert.True(File.ReadLines(file).Count() <= 400, $"{file} has more than 400 lines");
    }

    [Theory]
    [InlineData("GaussianLatent")]
    [InlineData("Conv2d")]
    [InlineData("ConvLstm")]
    [InlineData("MatMul")]
    [InlineData("Broadcast")]
    [InlineData("Channels")]
    [InlineData("DepthToSpace")]
    [InlineData("Gather")]
    public void AnOpHasOneNameInEveryFolder(string op)
    {
        var files = Sources().Select(file => file.Replace('\\', '/')).ToList();
        Assert.Contains(files, file => file.EndsWith($"Kernels/Cpu/{op}.cs", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith($"Kernels/Gpu/Ops/{op}.cs", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith($"Engine/Ops/{op}.cs", StringComparison.Ordinal));
    }

    private static bool IsRuntime(string name) => name.StartsWith("System.", StringComparison.Ordinal);

    private static IEnumerable<string> References(Type type) =>
        type.Assembly.GetReferencedAssemblies().Select(name => name.Name!);

    private static IEnumerable<string> Sources([CallerFilePath] string source = "")
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", ".."));
        string builds = $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}";
        return Folders
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file =>
                !file.EndsWith(".g.cs", StringComparison.Ordinal) && !file.Contains(builds, StringComparison.Ordinal));
    }
}

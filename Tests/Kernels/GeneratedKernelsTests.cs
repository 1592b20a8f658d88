using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Generated;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public class GeneratedKernelsTests
{
    /// <summary>A generated file is what its generator writes, to the byte; GQN_REGENERATE=1 renews it.</summary>
    [Theory]
    [InlineData("Cpu", "MicroKernels")]
    [InlineData("Cpu", "WinogradTransforms")]
    [InlineData("Gpu", "RegisterTile")]
    public void GeneratedFileIsCurrent(string folder, string name)
    {
        string path = Path.Combine(SourceFolder(), $"../../Kernels/{folder}/Generated/{name}.g.cs");
        string text = name switch
        {
            "MicroKernels" => MicroKernelGenerator.Generate(),
            "WinogradTransforms" => WinogradTransformGenerator.Generate(),
            _ => RegisterTileGenerator.Generate(),
        };
        byte[] expected = System.Text.Encoding.UTF8.GetBytes(text);
        if (Environment.GetEnvironmentVariable("GQN_REGENERATE") == "1")
        {
            File.WriteAllBytes(path + ".tmp", expected);
            File.Move(path + ".tmp", path, overwrite: true);
        }

        Assert.Equal(expected, File.ReadAllBytes(path));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Generated;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public sealed class GeneratedKernelsTests
{
    /// <summary>A generated file is what its generator writes, to the byte; GQN_REGENERATE=1 rewrites it.</summary>
    [Theory]
    [InlineData("Cpu/Gemm/MicroKernels")]
    [InlineData("Cpu/Winograd/WinogradTransforms")]
    [InlineData("Gpu/RegisterTile/RegisterTile")]
    [InlineData("Gpu/SharedTile/SharedTileSums")]
    [InlineData("Gpu/TensorCore/TensorCoreTiles")]
    public void GeneratedFileIsCurrent(string name)
    {
        string path = Path.Combine(SourceFolder(), $"../../Kernels/{name}.g.cs");
        string text = Path.GetFileName(name) switch
        {
            "MicroKernels" => MicroKernelGenerator.Generate(),
            "WinogradTransforms" => WinogradTransformGenerator.Generate(),
            "RegisterTile" => RegisterTileGenerator.Generate(),
            "SharedTileSums" => SharedTileGenerator.Generate(),
            _ => TensorCoreTileGenerator.Generate(),
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

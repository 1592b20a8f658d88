using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Generated;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public class SharedTileGeneratorTests
{
    /// <summary>The generated file is what its generator writes, to the byte; GQN_REGENERATE=1 renews it.</summary>
    [Fact]
    public void GeneratedFileIsCurrent()
    {
        string path = Path.Combine(SourceFolder(), "../../Kernels/Gpu/Generated/SharedTileSums.g.cs");
        byte[] expected = System.Text.Encoding.UTF8.GetBytes(SharedTileGenerator.Generate());
        if (Environment.GetEnvironmentVariable("GQN_REGENERATE") == "1")
        {
            File.WriteAllBytes(path + ".tmp", expected);
            File.Move(path + ".tmp", path, overwrite: true);
        }

        Assert.Equal(expected, File.ReadAllBytes(path));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

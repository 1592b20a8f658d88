using Gqn.Native.Engine;
using Gqn.Native.Tests.Architecture;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Layer norm, which Engine/README.md prints as an example of a composed op.</summary>
public sealed class LayerNormTests
{
    [Fact]
    public void ImagesHaveMeanZeroAndVarianceOne()
    {
        using var device = new CpuDevice();
        using var tape = new Tape(device);
        var x = tape.Constant(new Shape(2, 4, 1, 1), [1, 2, 3, 4, 10, 10, 30, 30]);
        float[] y = new float[8];
        x.LayerNorm(epsilon: 0f).Download(y);
        float[] expected = [-1.3416408f, -0.4472136f, 0.4472136f, 1.3416408f, -1, -1, 1, 1];
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(expected[i], y[i], 1e-5f);
    }

    [Fact]
    public void ThePagePrintsTheOp()
    {
        string source = PageExample.Read("Engine/Ops/LayerNorm.cs");
        int first = source.IndexOf("    public static Variable", StringComparison.Ordinal);
        int last = source.IndexOf("\n}", first, StringComparison.Ordinal);
        var lines = source[first..last].Split('\n').Select(line => line.Length > 4 ? line[4..] : line);
        string code = string.Join('\n', lines);
        Assert.Contains("```csharp\n" + code + "\n```", PageExample.Read("Engine/README.md"), StringComparison.Ordinal);
    }
}

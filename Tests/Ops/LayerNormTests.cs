using Gqn.Native.Engine;
using Gqn.Native.Tests.Architecture;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Layer norm composed of other ops: the example of Engine/README.md.</summary>
public sealed class LayerNormTests
{
    /// <summary>(x - mean) / √(variance + epsilon), both over all channels and pixels of an image.</summary>
    internal static Variable LayerNorm(Variable x, float epsilon = 1e-5f)
    {
        // example: layer norm
        var row = new Shape(x.Shape.N, 1, 1, 1);
        float share = (float)row.Count / x.Shape.Count;
        var centred = x.Subtract(x.SumTo(row).Scale(share).BroadcastTo(x.Shape));
        var variance = centred.Square().SumTo(row).Scale(share);
        var inverse = variance.Affine(1f, epsilon).Log().Scale(-0.5f).Exp();
        return centred.Multiply(inverse.BroadcastTo(x.Shape));
        // end
    }

    [Fact]
    public void ImagesHaveMeanZeroAndVarianceOne()
    {
        using var device = new CpuDevice();
        using var tape = new Tape(device);
        var x = tape.Constant(new Shape(2, 4, 1, 1), [1, 2, 3, 4, 10, 10, 30, 30]);
        float[] y = new float[8];
        LayerNorm(x, epsilon: 0f).Download(y);
        float[] expected = [-1.3416408f, -0.4472136f, 0.4472136f, 1.3416408f, -1, -1, 1, 1];
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(expected[i], y[i], 1e-5f);
    }

    [Fact]
    public void ThePagePrintsThisCode() => PageExample.AssertOn("Engine/README.md", "layer norm");
}

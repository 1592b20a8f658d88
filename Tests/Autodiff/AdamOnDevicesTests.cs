using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>Clipping and refusing are decided on the device, whether or not the device is synchronous.</summary>
public sealed class AdamOnDevicesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public void DevicesDecideAlike(double clipNorm)
    {
        var (expected, norm) = Train("cpu", clipNorm);
        var (values, same) = Train("simulator", clipNorm);
        Assert.Equal(norm, same, 1e-5);
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(expected[i], values[i], 1e-6f);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("simulator")]
    public void AfterANormThatIsNotFiniteNothingChangesAnyMore(string name)
    {
        using var device = DeviceCatalog.Open(name);
        using var store = new ParameterStore();
        var weight = store.Root.Dense("w", new Shape(1, 5, 1, 1), Initializer.TruncatedNormal(1));
        store.Materialize(device, 1);
        using var adam = new Adam(store);
        using var tape = new Tape(device);
        float[] before = new float[5], after = new float[5];
        store.Read(weight, before);
        foreach (float factor in (float[])[float.NaN, 1f])
        {
            tape.Backward(tape.Watch(weight).Scale(factor).Sum());
            tape.Reset();
            adam.Step(0.1);
        }

        Assert.True(double.IsNaN(adam.GradientNorm()));
        store.Read(weight, after);
        Assert.Equal(before, after);
    }

    private static (float[] Values, double Norm) Train(string name, double clipNorm)
    {
        using var device = DeviceCatalog.Open(name);
        using var store = new ParameterStore();
        var weight = store.Root.Dense("w", new Shape(3, 7, 2, 1), Initializer.TruncatedNormal(1));
        store.Materialize(device, 1);
        using var adam = new Adam(store, new AdamOptions { ClipNorm = (float)clipNorm });
        using var tape = new Tape(device);
        double norm = 0;
        for (int step = 0; step < 5; step++)
        {
            tape.Backward(tape.Watch(weight).Affine(1f, -0.5f).Square().Sum());
            tape.Reset();
            adam.Step(0.05);
            norm = adam.GradientNorm();
        }

        float[] values = new float[weight.Shape.Count];
        store.Read(weight, values);
        return (values, norm);
    }
}

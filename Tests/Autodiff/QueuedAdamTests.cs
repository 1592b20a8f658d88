using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Ops;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Engine.Tensors;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>Updates that decide on the device, on a device that waits and on one that does not.</summary>
public sealed class QueuedAdamTests
{
    [Theory]
    [InlineData("cpu", 0)]
    [InlineData("cpu", 0.5)]
    [InlineData("simulator", 0)]
    [InlineData("simulator", 0.5)]
    public void QueuedUpdatesAreThoseThatWait(string name, double clipNorm)
    {
        var (waited, norm) = Train("cpu", clipNorm, (adam, rate) =>
        {
            double length = adam.GradientNorm();
            adam.Step(rate, length);
            return length;
        });
        var (queued, queuedNorm) = Train(name, clipNorm, (adam, rate) =>
        {
            adam.Queue(rate);
            return adam.QueuedGradientNorm();
        });
        Assert.Equal(norm, queuedNorm, 1e-5);
        for (int i = 0; i < waited.Length; i++)
            Assert.Equal(waited[i], queued[i], 1e-6f);
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
            adam.Queue(0.1);
        }

        Assert.True(double.IsNaN(adam.QueuedGradientNorm()));
        store.Read(weight, after);
        Assert.Equal(before, after);
    }

    private static (float[] Values, double Norm) Train(string name, double clipNorm, Func<Adam, double, double> update)
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
            norm = update(adam, 0.05);
        }

        float[] values = new float[weight.Shape.Count];
        store.Read(weight, values);
        return (values, norm);
    }
}

using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class TapeTests : IDisposable
{
    private static readonly Shape Four = new(1, 4, 1, 1);

    private readonly CpuDevice _device = new(1);
    private readonly Tape _tape;
    private readonly DeviceBuffer _memory;
    private readonly Tensor _values;

    public TapeTests()
    {
        _tape = new Tape(_device);
        _memory = _device.CreateBuffer(4);
        _values = new Tensor(_memory, 0, Four);
        _device.Upload([1f, 2f, 3f, 4f], _values);
    }

    public void Dispose()
    {
        _tape.Dispose();
        Assert.Equal(0, _device.Pool.Live);
        _memory.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void GradientOfALeafIsThere()
    {
        var x = _tape.Leaf(_values);
        _tape.Backward(x.Square().Sum());
        Assert.Equal([2f, 4f, 6f, 8f], Download(_tape.Gradient(x)));
    }

    [Fact]
    public void ValueThatBackwardHasReturnedIsRefused()
    {
        var y = _tape.Leaf(_values).Square();
        var kept = y.Exp();
        _tape.Keep(kept);
        _tape.Backward(kept.Sum());
        Assert.Contains("(1, 4, 1, 1)", Assert.Throws<InvalidOperationException>(() => y.Relu()).Message);
        Assert.Throws<InvalidOperationException>(() => y.Download(new float[4]));
        Assert.Equal(MathF.Exp(1f), Download(kept.Value)[0], 1e-5f);
    }

    [Fact]
    public void ValueThatWasReleasedIsRefused()
    {
        _tape.Recording = false;
        var y = _tape.Constant(_values).Square();
        _tape.Release(y);
        Assert.Throws<InvalidOperationException>(() => y.Relu());
    }

    [Fact]
    public void LeafThatTheLossDoesNotReadHasNoGradient()
    {
        var x = _tape.Leaf(_values);
        var y = _tape.Leaf(_values);
        _tape.Backward(x.Sum());
        Assert.False(_tape.Gradient(y).Exists);
    }

    [Fact]
    public void GradientsOfSeveralBackwardsOfOneStepAddUp()
    {
        var x = _tape.Leaf(_values);
        _tape.Backward(x.Square().Sum());
        _tape.Backward(x.Scale(10f).Sum());
        Assert.Equal([12f, 14f, 16f, 18f], Download(_tape.Gradient(x)));
    }

    [Fact]
    public void BranchThatTheLossDoesNotReadCostsNothing()
    {
        var x = _tape.Leaf(_values);
        var unused = x.Exp();
        var alsoUnused = unused.Tanh();
        _tape.Backward(x.Sum());
        Assert.Equal([1f, 1f, 1f, 1f], Download(_tape.Gradient(x)));
        Assert.False(_tape.Gradient(alsoUnused).Exists);
    }

    [Fact]
    public void BackwardReturnsValuesAndGradientsAsItGoes()
    {
        var x = _tape.Leaf(_values);
        _tape.Backward(x.Tanh().Square().Exp().Sum());
        // The loss itself and the gradient of the leaf remain.
        Assert.Equal(2, _device.Pool.Live);
    }

    [Fact]
    public void KeptValueOutlivesBackward()
    {
        var x = _tape.Leaf(_values);
        var kept = x.Square();
        _tape.Keep(kept);
        var loss = kept.Scale(2f).Sum();
        _tape.Backward(loss);
        // New buffers would reuse the memory of a value that had gone back to the pool.
        for (int i = 0; i < 4; i++)
            _tape.Constant(Four, 0f);
        Assert.Equal([1f, 4f, 9f, 16f], Download(kept.Value));
        Assert.Equal(60f, loss.Item());
    }

    [Fact]
    public void ResetWithoutBackwardReturnsAll()
    {
        _tape.Leaf(_values).Tanh().Square().Sum();
        Assert.Equal(3, _device.Pool.Live);
        _tape.Reset();
        Assert.Equal(0, _device.Pool.Live);
    }

    [Fact]
    public void ResetAfterAnOpThatThrewReturnsAll()
    {
        var x = _tape.Leaf(_values);
        var y = x.Tanh();
        Assert.Throws<ShapeException>(() => y.Add(y.SumTo(new Shape(1, 1, 1, 1))));
        // A kernel that refuses after its op has rented the output.
        var empty = _tape.Constant(new Shape(2, 0, 1, 1), []);
        Assert.Throws<ArgumentException>(() => empty.MatMul(_tape.Constant(new Shape(0, 3, 1, 1), [])));
        Assert.True(_device.Pool.Live > 0);
        _tape.Reset();
        Assert.Equal(0, _device.Pool.Live);
        // The tape is usable again.
        x = _tape.Leaf(_values);
        _tape.Backward(x.Sum());
        Assert.Equal([1f, 1f, 1f, 1f], Download(_tape.Gradient(x)));
    }

    [Fact]
    public void StepsReuseBuffersEvenIfTheyDiffer()
    {
        for (int step = 0; step < 6; step++)
        {
            var x = _tape.Leaf(_values);
            _tape.Backward(step % 2 == 0 ? x.Tanh().Square().Sum() : x.Square().Multiply(x).Sum());
            float[] expected = step % 2 == 0
                ? [.. ((double[])[1, 2, 3, 4]).Select(Math.Tanh).Select(y => (float)(2 * y * (1 - (y * y))))]
                : [3f, 12f, 27f, 48f];
            float[] actual = Download(_tape.Gradient(x));
            for (int i = 0; i < 4; i++)
                Assert.Equal(expected[i], actual[i], 1e-6f * 48);
            int made = _device.Pool.Made;
            _tape.Reset();
            if (step >= 2)
                Assert.Equal(made, _device.Pool.Made);
        }
    }

    [Fact]
    public void InferenceRecordsNothingAndReleaseFrees()
    {
        _tape.Recording = false;
        var x = _tape.Leaf(_values);
        var y = x.Tanh();
        var z = y.Sum();
        Assert.Equal(2, _device.Pool.Live);
        _tape.Release(y);
        Assert.Equal(1, _device.Pool.Live);
        _tape.Release(y);
        Assert.Equal(1, _device.Pool.Live);
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(z));
        Assert.False(_tape.Gradient(x).Exists);
    }

    [Fact]
    public void ReleaseLeavesKeptValuesAndAbsentVariablesAlone()
    {
        _tape.Recording = false;
        var y = _tape.Leaf(_values).Square();
        _tape.Keep(y);
        _tape.Release(y);
        _tape.Release(default);
        Assert.Equal([1f, 4f, 9f, 16f], Download(y.Value));
        Assert.Equal(1, _device.Pool.Live);
    }

    [Fact]
    public void ReleaseDoesNothingWhileRecording()
    {
        var x = _tape.Leaf(_values);
        var y = x.Square();
        _tape.Release(y);
        _tape.Backward(y.Square().Sum());
        Assert.Equal([4f, 32f, 108f, 256f], Download(_tape.Gradient(x)));
    }

    [Fact]
    public void NoGradientFlowsThroughAPartThatIsNotRecorded()
    {
        var x = _tape.Leaf(_values);
        var y = x.Square();
        _tape.Recording = false;
        var stopped = y.Scale(3f);
        _tape.Release(y);
        _tape.Recording = true;
        _tape.Backward(y.Multiply(stopped).Sum());
        // d/dx of x² · constant, with 3x² as the constant.
        Assert.Equal([6f, 48f, 162f, 384f], Download(_tape.Gradient(x)));
    }

    [Fact]
    public void LossMustBeOneNumber()
    {
        var x = _tape.Leaf(_values);
        var error = Assert.Throws<ShapeException>(() => _tape.Backward(x));
        Assert.Equal("Backward: the loss must be one number, not (1, 4, 1, 1).", error.Message);
    }

    [Fact]
    public void LossMustDependOnSomething()
    {
        var constant = _tape.Constant(Four, 2f).Sum();
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(constant));
    }

    [Fact]
    public void SecondBackwardThroughTheSameGraphIsRefused()
    {
        var loss = _tape.Leaf(_values).Sum();
        _tape.Backward(loss);
        var error = Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss));
        Assert.Contains("backward has passed it already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConstantChecksTheNumberOfValues()
    {
        var error = Assert.Throws<ShapeException>(() => _tape.Constant(Four, [1f, 2f]));
        Assert.Equal("Constant: (1, 4, 1, 1) needs 4 values, not 2.", error.Message);
        Assert.Throws<ShapeException>(() => _tape.Leaf(_values).Item());
    }

    [Fact]
    public void ParameterWatchedTwiceGetsBothParts()
    {
        using var store = OneParameter(out var parameter);
        _tape.Backward(_tape.Watch(parameter).Square().Sum().Add(_tape.Watch(parameter).Scale(10f).Sum()));
        Assert.Equal([12f, 14f, 16f, 18f], Download(parameter.Gradient));
    }

    [Fact]
    public void BackwardsAddUpUntilTheNextStepBegins()
    {
        using var store = OneParameter(out var parameter);
        // Old content must not show: the first backward overwrites.
        _device.Fill(store.Gradients, float.NaN);
        Backward(parameter);
        Assert.Equal([2f, 4f, 6f, 8f], Download(parameter.Gradient));
        Backward(parameter);
        Assert.Equal([4f, 8f, 12f, 16f], Download(parameter.Gradient));
        store.CompleteGradients();
        Assert.Equal([4f, 8f, 12f, 16f], Download(parameter.Gradient));
        store.BeginStep();
        Backward(parameter);
        Assert.Equal([2f, 4f, 6f, 8f], Download(parameter.Gradient));
    }

    [Fact]
    public void ParameterThatTheLossDoesNotReadGetsAZeroGradient()
    {
        using var store = new ParameterStore();
        var used = store.Root.Dense("used", Four, Initializer.Range(1f, 0, 4));
        var unused = store.Root.Dense("unused", Four, Initializer.Range(1f, 0, 4));
        store.Materialize(_device, 1);
        _device.Fill(store.Gradients, 5f);
        Backward(used);
        store.CompleteGradients();
        Assert.Equal([0f, 0f, 0f, 0f], Download(unused.Gradient));
        Assert.Equal([2f, 2f, 2f, 2f], Download(used.Gradient));
    }

    [Fact]
    public void WatchWithoutRecordingLeavesTheGradientAlone()
    {
        using var store = OneParameter(out var parameter);
        _tape.Recording = false;
        Assert.Equal(30f, _tape.Watch(parameter).Square().Sum().Item());
        store.CompleteGradients();
        Assert.Equal([0f, 0f, 0f, 0f], Download(parameter.Gradient));
    }

    private void Backward(Parameter parameter)
    {
        _tape.Backward(_tape.Watch(parameter).Square().Sum());
        _tape.Reset();
    }

    private ParameterStore OneParameter(out Parameter parameter)
    {
        var store = new ParameterStore();
        parameter = store.Root.Dense("p", Four, Initializer.Zeros);
        store.Materialize(_device, 1);
        store.Write(parameter, [1f, 2f, 3f, 4f]);
        return store;
    }

    private float[] Download(Tensor tensor)
    {
        float[] values = new float[tensor.Shape.Count];
        _device.Download(tensor, values);
        return values;
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Driver;
using Gqn.Native.Tests.Ops;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>Work that a device repeats: on the same memory, and on none that somebody else has by then.</summary>
[Collection(CudaDouble.Alone)]
public sealed class RepeatedWorkTests : IDisposable
{
    private static readonly Shape Size = new(1, 30, 1, 1);
    private readonly Device _device;
    private readonly Tape _tape;
    private readonly RepeatedWork _work;
    private readonly StepScale _scale;
    private Variable _x, _y;
    private int _runs;

    public RepeatedWorkTests()
    {
        try
        {
            _device = new GpuDevice("cuda:0", Precision.Fp32);
        }
        catch (GpuException exception)
        {
            Assert.SkipUnless(DeviceRows.IsRequired("cuda"), exception.Message);
            throw;
        }

        _tape = new Tape(_device) { Recording = false };
        _scale = new StepScale(_device);
        _work = _device.Repeat(() =>
        {
            _runs++;
            // Several buffers of one class, of which one is returned in between.
            var scaled = _x.Scale(_scale);
            var square = scaled.Square();
            _tape.Release(scaled);
            _y = square.Add(_x).Affine(1f, 1f);
            _tape.Release(square);
        });
    }

    public void Dispose()
    {
        _work?.Dispose();
        _scale?.Dispose();
        _tape?.Dispose();
        _device?.Dispose();
    }

    /// <summary>From the third time on the code does not run, whatever else uses the pool in between.</summary>
    [Fact]
    public void CodeRunsTwice()
    {
        for (int step = 0; step < 20; step++)
        {
            _scale.Value = step;
            Compute(step + 1, 3);
            Assert.Equal(Math.Min(step + 1, 2), _runs);
            // An evaluation that needs more memory than the step, returned in another order.
            if (step % 4 == 3)
            {
                List<DeviceBuffer> borrowed = [.. Enumerable.Range(0, 9).Select(_ => _device.Pool.Rent(Size.Count))];
                Fill(borrowed, float.NaN);
                borrowed.ForEach(_device.Pool.Return);
                _device.Pool.Order();
            }
        }
    }

    [Fact]
    public void EachFormIsRecordedOnce()
    {
        for (int step = 0; step < 12; step++)
        {
            _scale.Value = 0.5f * step;
            Compute(7 + (step % 3), step % 3);
        }

        Assert.Equal(6, _runs);
    }

    /// <summary>Memory that was lent to others after the recording is not touched, whichever buffer it is: that of the
    /// input, or only what the work itself rents.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MemoryOfOthersIsLeftAlone(bool lentAfterTheInput)
    {
        _scale.Value = 2;
        for (int held = 1; held <= 8; held++)
        {
            Compute(1, 0);
            Compute(1, 0);
            int before = _runs;
            Compute(1, 0);
            Assert.Equal(before, _runs);
            var theirs = new List<DeviceBuffer>();
            void Lend()
            {
                for (int i = 0; i < held; i++)
                    theirs.Add(_device.Pool.Rent(Size.Count));
                Fill(theirs, -77f);
            }

            if (!lentAfterTheInput)
                Lend();
            Compute(held, 0, lentAfterTheInput ? Lend : null);
            Assert.Equal(before + 1, _runs);
            Compute(held + 1, 0);
            float[] content = new float[Size.Count];
            foreach (var buffer in theirs)
            {
                _device.Download(new Tensor(buffer, 0, Size), content);
                Assert.All(content, value => Assert.Equal(-77f, value));
            }

            theirs.ForEach(_device.Pool.Return);
            _device.Pool.Order();
        }
    }

    /// <summary>Memory that the pool has freed since is not used either.</summary>
    [Fact]
    public void FreedMemoryIsNotUsed()
    {
        _scale.Value = 1;
        for (int step = 0; step < 3; step++)
            Compute(step, 0);
        _device.Pool.Trim();
        Compute(5, 0);
        Assert.Equal(3, _runs);
        Compute(6, 0);
    }

    [Fact]
    public void WorkThatFailsIsDoneAgain()
    {
        bool fails = false;
        using var work = _device.Repeat(() =>
        {
            _y = _x.Square();
            if (fails)
                throw new TimeZoneNotFoundException();
        });
        for (int step = 0; step < 5; step++)
        {
            fails = step is 0 or 2;
            _x = _tape.Constant(Size, 3f);
            if (fails)
                Assert.Throws<TimeZoneNotFoundException>(() => work.Run(1, Memory()));
            else
                Assert.Equal(step < 4, work.Run(1, Memory()));
            _tape.Reset();
        }
    }

    private void Compute(float value, int form, Action? afterUpload = null)
    {
        float[] input = [.. Enumerable.Range(0, 30).Select(i => value + i)], output = new float[30];
        _x = _tape.Constant(Size, input);
        afterUpload?.Invoke();
        float scale = _scale.Value;
        _work.Run(form, Memory());
        _device.Download(_y.Value, output);
        for (int i = 0; i < 30; i++)
            Assert.Equal((scale * input[i] * (scale * input[i])) + input[i] + 1, output[i]);
        _tape.Reset();
    }

    private Tensor[] Memory()
    {
        var values = new List<Tensor>();
        _tape.AddValuesTo(values);
        return [.. values];
    }

    private void Fill(List<DeviceBuffer> buffers, float value) =>
        buffers.ForEach(buffer => _device.Fill(new Tensor(buffer, 0, Size), value));
}

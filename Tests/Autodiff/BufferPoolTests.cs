using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

public sealed class BufferPoolTests
{
    [Fact]
    public void ClassesWasteAtMostAQuarter()
    {
        long last = 0;
        var classes = new HashSet<long>();
        for (long count = 1; count <= 100_000; count++)
        {
            long capacity = BufferPool.CapacityFor(count);
            Assert.True(capacity >= count && capacity >= last && capacity % 8 == 0);
            Assert.True(count <= 64 || capacity <= count * 1.25, $"{count} elements take {capacity}");
            Assert.Equal(capacity, BufferPool.CapacityFor(capacity));
            classes.Add(last = capacity);
        }

        // Four classes per power of two above the smallest.
        Assert.InRange(classes.Count, 40, 44);
        Assert.Equal(1L << 40, BufferPool.CapacityFor(1L << 40));
    }

    [Fact]
    public void LastReturnedIsFirstLent()
    {
        using var device = new PlanningDevice(1);
        var pool = device.Pool;
        var (a, b, other) = (pool.Rent(100), pool.Rent(100), pool.Rent(1000));
        Assert.Equal((3, 3), (pool.Live, pool.Made));
        pool.Return(a);
        pool.Return(b);
        pool.Return(other);
        Assert.Same(b, pool.Rent(99));
        Assert.Same(a, pool.Rent(BufferPool.CapacityFor(100)));
        Assert.Equal((2, 3), (pool.Live, pool.Made));
        Assert.NotSame(other, pool.Rent(100));
    }

    /// <summary>Whatever order a step leaves, the next one finds the same.</summary>
    [Fact]
    public void OrderMakesTheNextRequestsGetTheSameBuffers()
    {
        using var device = new PlanningDevice(1);
        var pool = device.Pool;
        DeviceBuffer[] made = [.. Enumerable.Range(0, 6).Select(i => pool.Rent(i < 4 ? 100 : 1000))];
        for (int first = 0; first < 4; first++)
        {
            for (int i = 0; i < 6; i++)
                pool.Return(made[(first + (5 * i)) % 6]);
            pool.Order();
            Assert.Equal(made, made.Select(buffer => pool.Rent(buffer.Capacity)));
        }

        pool.Return(made[0]);
        pool.Return(made[2]);
        pool.Order();
        Assert.Equal([made[0], made[2]], [pool.Rent(100), pool.Rent(100)]);
    }

    [Fact]
    public void TrimFreesWhatIsNotLentOut()
    {
        using var device = new CpuDevice(1);
        var kept = device.Pool.Rent(1000);
        device.Pool.Return(device.Pool.Rent(5000));
        long held = device.Pool.HeldElements;
        device.Pool.Trim();
        Assert.Equal(held - BufferPool.CapacityFor(5000), device.Pool.HeldElements);
        Assert.Equal(4 * kept.Capacity, device.AllocatedBytes);
        device.Pool.Return(kept);
        device.Pool.Trim();
        Assert.Equal((0, 0), (device.AllocatedBytes, device.Pool.HeldElements));
    }

    [Fact]
    public void MemoryThatCannotBeHadIsNotCounted()
    {
        using var device = new CpuDevice(1);
        Assert.Throws<OutOfMemoryException>(() => device.Pool.Rent(1L << 58));
        Assert.Equal((0, 0, 0, 0),
            (device.Pool.Live, device.Pool.Made, device.Pool.HeldElements, device.AllocatedBytes));
    }
}

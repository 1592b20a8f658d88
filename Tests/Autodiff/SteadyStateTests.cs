using Gqn.Native.Engine;
using Gqn.Native.Kernels.Cpu;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>A training step in steady state: no garbage, no new buffer, no byte that a plan did not foresee.</summary>
public sealed class SteadyStateTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void StepAllocatesNothing(int threads)
    {
        using var device = new CpuDevice(threads);
        using var graph = new MixedGraph(device);
        for (int i = 0; i < 3; i++)
            graph.Train();
        int made = device.Pool.Made;
        long held = device.AllocatedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            graph.Train();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(made, device.Pool.Made);
        Assert.Equal(held, device.AllocatedBytes);
        Assert.Equal(0, device.Pool.Live);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void PlanForeseesTheBytes(int threads)
    {
        using var device = new CpuDevice(threads);
        using var plan = new PlanningDevice(threads);
        using var graph = new MixedGraph(device);
        using var planned = new MixedGraph(plan);
        Assert.Equal(device.AllocatedBytes, plan.AllocatedBytes);
        for (int i = 0; i < 2; i++)
        {
            graph.Train();
            planned.Train();
            Assert.Equal(device.AllocatedBytes, plan.AllocatedBytes);
            Assert.Equal(device.Pool.Made, plan.Pool.Made);
            Assert.Equal(device.WorkspaceBytes, plan.WorkspaceBytes);
        }

        Assert.True(plan.WorkspaceBytes > 0);
        Assert.True(plan.MultiplyAccumulates > 0);
    }

    [Fact]
    public void PlanForeseesTheBytesOfInference()
    {
        using var device = new CpuDevice(2);
        using var plan = new PlanningDevice(2);
        using var graph = new MixedGraph(device);
        using var planned = new MixedGraph(plan);
        foreach (var each in (MixedGraph[])[graph, planned])
        {
            each.Tape.Recording = false;
            _ = each.Loss();
            each.Tape.Reset();
        }

        Assert.Equal(device.AllocatedBytes, plan.AllocatedBytes);
        Assert.Equal(device.Pool.Made, plan.Pool.Made);
    }

    [Fact]
    public void TrainingGivesTheSameBytesForAnyNumberOfThreads()
    {
        for (var level = SimdLevel.Scalar; level <= Simd.Level; level++)
            Assert.Equal(Trained(1, level), Trained(3, level));

        static float[] Trained(int threads, SimdLevel level)
        {
            using var device = new CpuDevice(threads, level);
            using var graph = new MixedGraph(device);
            for (int i = 0; i < 3; i++)
                graph.Train();
            float[] values = graph.Values();
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
            return values;
        }
    }

    [Fact]
    public void TrainingLowersTheLoss()
    {
        using var device = new CpuDevice(1);
        using var graph = new MixedGraph(device);
        float before = graph.Loss().Item();
        graph.Tape.Reset();
        for (int i = 0; i < 20; i++)
            graph.Train();
        Assert.True(graph.Loss().Item() < before);
    }

    [Fact]
    public void NothingIsLeftOfAStepThatWasNeverFinished()
    {
        using var device = new CpuDevice(1);
        using var graph = new MixedGraph(device);
        _ = graph.Loss();
        Assert.True(device.Pool.Live > 0);
        graph.Tape.Reset();
        Assert.Equal(0, device.Pool.Live);
        graph.Tape.Recording = false;
        float inference = graph.Loss().Item();
        graph.Tape.Reset();
        Assert.Equal(0, device.Pool.Live);
        graph.Tape.Recording = true;
        Assert.Equal(graph.Loss().Item(), inference);
    }
}

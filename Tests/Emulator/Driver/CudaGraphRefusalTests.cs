using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Xunit;

namespace Gqn.Native.Tests.Driver;

/// <summary>A driver that refuses a graph costs time, never work, which is then done launch by launch.</summary>
[Collection(CudaDouble.Alone)]
public sealed class CudaGraphRefusalTests : IDisposable
{
    private const int Count = 50;

    public CudaGraphRefusalTests() =>
        Assert.SkipUnless(CudaDouble.IsInstalled, "scripts/with-cuda-double.sh runs these tests");

    /// <summary>The calls that a graph needs, the first and the second time.</summary>
    public static TheoryData<string, int> Calls()
    {
        var calls = new TheoryData<string, int>();
        foreach (string name in Names().Select(row => row.Data))
        {
            // The first capture has nothing to update, and the second updates.
            if (name != nameof(DriverExports.cuGraphExecUpdate_v2))
                calls.Add(name, 1);
            if (name != nameof(DriverExports.cuGraphInstantiateWithFlags))
                calls.Add(name, 2);
        }

        return calls;
    }

    /// <summary>The calls.</summary>
    public static TheoryData<string> Names() =>
    [
        nameof(DriverExports.cuStreamBeginCapture_v2), nameof(DriverExports.cuLaunchKernel),
        nameof(DriverExports.cuStreamEndCapture), nameof(DriverExports.cuGraphInstantiateWithFlags),
        nameof(DriverExports.cuGraphExecUpdate_v2), nameof(DriverExports.cuGraphLaunch),
    ];

    public void Dispose() => CudaDouble.NextRefusal = null;

    [Theory]
    [MemberData(nameof(Calls))]
    public void WorkIsDoneInThatVeryRun(string call, int refusedAt)
    {
        using var context = GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
        Assert.False(context.HasRefusedGraphs, context.GraphRefusal);
        using var memory = context.Allocate(Count);
        using var recording = new GpuRecording();
        var y = new GpuArray(memory, 0);
        long launches = context.Launches;
        for (int run = 0; run < 5; run++)
        {
            if (run == refusedAt)
                CudaDouble.NextRefusal = call;
            // Not idempotent, so that work which is done twice shows; and with memory to be cleared first.
            context.Run(recording, () =>
            {
                using var passing = context.Allocate(Count);
                PointwiseKernels.Unary(context, y, y, Count, new Affine(2, 1));
                PointwiseKernels.Binary(context, y, y, new GpuArray(passing, 0), Count, default(Add));
            });
            Assert.Null(CudaDouble.NextRefusal);
            Expect(context, y, (1 << (run + 1)) - 1);
            Assert.Equal(run >= refusedAt, context.HasRefusedGraphs);
        }

        Assert.Equal(launches + 10, context.Launches);
        Assert.Contains("refused for the sake of a test", context.GraphRefusal, StringComparison.Ordinal);
        // Nothing was asked of the driver again.
        var graphs = context.Graphs;
        context.Run(recording, () => { });
        Assert.Equal(graphs, context.Graphs);
    }

    [Fact]
    public void ARefusedRepetitionDoesNothing()
    {
        using var context = GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
        using var memory = context.Allocate(Count);
        using var recording = new GpuRecording();
        var y = new GpuArray(memory, 0);
        void Work() => PointwiseKernels.Unary(context, y, y, Count, new Affine(2, 1));
        for (int run = 0; run < 2; run++)
            context.Run(recording, Work);
        Assert.True(context.TryRepeat(recording));
        Expect(context, y, 7);
        CudaDouble.NextRefusal = nameof(DriverExports.cuGraphLaunch);
        long launches = context.Launches;
        Assert.False(context.TryRepeat(recording));
        Assert.Equal(launches, context.Launches);
        Expect(context, y, 7);
        Assert.Contains("cuGraphLaunch", context.GraphRefusal, StringComparison.Ordinal);
        context.Run(recording, Work);
        Expect(context, y, 15);
    }

    /// <summary>The trial at opening meets each call, that of a kernel and that of an update among them.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void TheTrialTellsWhatIsRefused(string call)
    {
        CudaDouble.NextRefusal = call;
        using var context = GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
        Assert.Null(CudaDouble.NextRefusal);
        Assert.True(context.HasRefusedGraphs);
        Assert.Contains("refused for the sake of a test", context.GraphRefusal, StringComparison.Ordinal);
        using var memory = context.Allocate(Count);
        PointwiseKernels.Fill(context, new GpuArray(memory, 0), Count, 3);
        Expect(context, new GpuArray(memory, 0), 3);
    }

    private static void Expect(GpuContext context, GpuArray y, float value)
    {
        float[] result = new float[Count];
        context.Download(y, result);
        Assert.All(result, actual => Assert.Equal(value, actual));
    }
}

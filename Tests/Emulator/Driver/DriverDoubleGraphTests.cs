using Gqn.Native.Kernels.Gpu;
using ILGPU.Runtime.Cuda;
using Xunit;
using static Gqn.Native.Tests.Driver.DriverDoubleTests;

namespace Gqn.Native.Tests.Driver;

/// <summary>Captures and graphs of the test double: what the documentation forbids is refused with its error.</summary>
[Collection(CudaDouble.Alone)]
public sealed unsafe class DriverDoubleGraphTests : IDisposable
{
    private const int Global = 0, ThreadLocal = 1;

    private readonly GpuContext? _context;
    private readonly nint _stream, _other;

    public DriverDoubleGraphTests()
    {
        Assert.SkipUnless(CudaDouble.IsInstalled, "scripts/with-cuda-double.sh runs these tests");
        CudaDouble.Order = DriverOrder.Late;
        _context = GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
        _context.Accelerator.Bind();
        _stream = ((CudaStream)_context.Stream).StreamPtr;
        _other = Created("cuStreamCreate", NonBlocking);
    }

    public void Dispose()
    {
        _context?.Dispose();
        CudaDouble.Order = CudaDouble.UsualOrder;
    }

    [Fact]
    public void CapturingRunsNothingAndAGraphRunsWhatWasCaptured()
    {
        nint host = Host(1), device = Device(1);
        CudaStreams.BeginCapture(_stream);
        CudaStreams.CopyToDevice(device, host, 4, _stream);
        nint graph = CudaStreams.EndCapture(_stream);
        Synchronize(_stream);
        Assert.True(float.IsNaN(*(float*)device));
        nint executable = CudaStreams.Instantiate(graph);
        CudaStreams.DestroyGraph(graph);
        for (int i = 2; i < 5; i++)
        {
            *(float*)host = i;
            CudaStreams.LaunchGraph(executable, _stream);
            Synchronize(_stream);
            Assert.Equal(i, *(float*)device);
        }
    }

    [Fact]
    public void WhatWasLaunchedOutlivesUpdatesAndDestruction()
    {
        nint one = Host(1), two = Host(2), first = Device(1), second = Device(1);
        nint executable = CudaStreams.Instantiate(Copying(first, one));
        CudaStreams.LaunchGraph(executable, _stream);
        Assert.True(CudaStreams.TryUpdate(executable, Copying(second, two)));
        CudaStreams.LaunchGraph(executable, _stream);
        CudaStreams.DestroyExecutable(executable);
        Refused(400, () => CudaStreams.LaunchGraph(executable, _stream), "Executable");
        Synchronize(_stream);
        Assert.Equal((1, 2), (*(float*)first, *(float*)second));
    }

    [Fact]
    public void UpdatesNeedTheSameForm()
    {
        nint host = Host(1), device = Device(1), on = Device(1);
        nint executable = CudaStreams.Instantiate(Copying(device, host));
        Assert.True(CudaStreams.TryUpdate(executable, Copying(on, host)));
        // A different number of nodes, a different kind of node, a different kind of memory.
        Assert.False(CudaStreams.TryUpdate(executable, Copying(device, host, device, host)));
        Assert.False(CudaStreams.TryUpdate(executable, Copying(on, device)));
        CudaStreams.BeginCapture(_stream);
        Check("cuMemsetD8Async", device, 0, 4, _stream);
        Assert.False(CudaStreams.TryUpdate(executable, CudaStreams.EndCapture(_stream)));
    }

    [Fact]
    public void WaitingForACaptureInvalidatesIt()
    {
        CudaStreams.BeginCapture(_stream);
        Refused(900, () => Synchronize(_stream), "while it is capturing");
        Refused(901, () => CudaStreams.CopyToDevice(Device(1), Host(1), 4, _stream), "invalidated");
        Refused(901, () => CudaStreams.EndCapture(_stream), "invalidated");
        Refused(1, () => CudaStreams.EndCapture(_stream), "not capturing");
        CudaStreams.BeginCapture(_stream);
        Refused(900, () => CudaStreams.Check(Synchronized(), "cuCtxSynchronize"), "capturing");
        CudaStreams.AbandonCapture(_stream);
        Synchronize(_stream);
    }

    [Fact]
    public void TheDefaultStreamAndCapturesKeepApart()
    {
        nint blocking = Created("cuStreamCreate", 0);
        Refused(900, () => CudaStreams.BeginCapture(0), "default stream");
        CudaStreams.BeginCapture(blocking);
        Refused(906, () => CudaStreams.CopyToDevice(Device(1), Host(1), 4, 0), "default stream");
        Refused(901, () => CudaStreams.EndCapture(blocking), "invalidated");
        // A non-blocking stream may capture alongside it.
        CudaStreams.BeginCapture(_stream);
        CudaStreams.CopyToDevice(Device(1), Host(1), 4, 0);
        _ = CudaStreams.EndCapture(_stream);
    }

    [Fact]
    public void EventsDoNotLeadIntoACaptureOrOutOfIt()
    {
        nint outside = CudaStreams.CreateEvent(), inside = CudaStreams.CreateEvent();
        CudaStreams.Record(outside, _other);
        CudaStreams.BeginCapture(_stream);
        Refused(905, () => CudaStreams.Wait(_stream, outside), "not recorded in it");
        CudaStreams.AbandonCapture(_stream);
        CudaStreams.BeginCapture(_stream);
        CudaStreams.Record(inside, _stream);
        Refused(907, () => CudaStreams.Wait(inside), "event of a capture");
        CudaStreams.AbandonCapture(_stream);
    }

    [Fact]
    public void StreamsJoinACaptureByEventsAndMustComeBack()
    {
        nint fork = CudaStreams.CreateEvent(), join = CudaStreams.CreateEvent();
        nint host = Host(7), first = Device(1), second = Device(1);
        CudaStreams.BeginCapture(_stream);
        CudaStreams.Record(fork, _stream);
        CudaStreams.Wait(_other, fork);
        CudaStreams.CopyToDevice(first, host, 4, _other);
        Refused(903, () => CudaStreams.EndCapture(_other), "another stream");
        CudaStreams.AbandonCapture(_stream);

        CudaStreams.BeginCapture(_stream);
        CudaStreams.Record(fork, _stream);
        CudaStreams.Wait(_other, fork);
        CudaStreams.CopyToDevice(first, host, 4, _other);
        Refused(904, () => CudaStreams.EndCapture(_stream), "nobody waits for");

        CudaStreams.BeginCapture(_stream);
        CudaStreams.Record(fork, _stream);
        CudaStreams.Wait(_other, fork);
        CudaStreams.CopyToDevice(first, host, 4, _other);
        CudaStreams.Record(join, _other);
        CudaStreams.Wait(_stream, join);
        CudaStreams.CopyOnDevice(second, first, 4, _stream);
        nint executable = CudaStreams.Instantiate(CudaStreams.EndCapture(_stream));
        CudaStreams.LaunchGraph(executable, _stream);
        Synchronize(_stream);
        Assert.Equal(7, *(float*)second);
    }

    [Theory]
    [InlineData(Global)]
    [InlineData(ThreadLocal)]
    public void OnlyRelaxedCapturesLetMemoryBeAllocated(int mode)
    {
        Check("cuStreamBeginCapture_v2", _stream, mode);
        Refused(900, () => Device(1), "not relaxed");
        CudaStreams.AbandonCapture(_stream);
        CudaStreams.BeginCapture(_stream);
        _ = Device(1);
        _ = CudaStreams.EndCapture(_stream);
    }

    [Fact]
    public void MemoryOfAGraphMustLiveUntilTheGraphHasRun()
    {
        nint device = Device(1), host = Host(1);
        nint executable = CudaStreams.Instantiate(Copying(device, host));
        CudaStreams.LaunchGraph(executable, _stream);
        // Freeing waits for the earlier launch, not for the later one.
        Check("cuMemFree_v2", device);
        CudaStreams.LaunchGraph(executable, _stream);
        Refused(700, () => Synchronize(_stream), "was freed");
        // The context is no longer usable.
        Refused(700, () => CudaStreams.CreateEvent(), "was freed");
    }

    private static int Synchronized() => ((delegate* unmanaged<int>)CudaStreams.Export("cuCtxSynchronize"))();

    private nint Copying(params nint[] pairs)
    {
        CudaStreams.BeginCapture(_stream);
        for (int i = 0; i < pairs.Length; i += 2)
            Check("cuMemcpyAsync", pairs[i], pairs[i + 1], 4, _stream);
        return CudaStreams.EndCapture(_stream);
    }
}

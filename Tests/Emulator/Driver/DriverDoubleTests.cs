using Gqn.Native.Kernels.Gpu;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Gqn.Native.Tests.Driver;

/// <summary>The test double keeps the driver's rules: breaking one leads to wrong data or an error.</summary>
[Collection(CudaDouble.Alone)]
public sealed unsafe class DriverDoubleTests : IDisposable
{
    internal const int NonBlocking = 1;

    private readonly GpuContext? _context;
    private readonly nint _stream, _other;

    public DriverDoubleTests()
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
        CudaDouble.Order = CudaDouble.UsualOrder;
        _context?.Dispose();
    }

    [Fact]
    public void MemoryHoldsNaNUntilItIsWritten() => Assert.True(float.IsNaN(*(float*)Device(1)));

    [Fact]
    public void PageLockedMemoryIsReadWhenTheCopyRuns()
    {
        nint host = CudaStreams.AllocateHost(4), device = Device(1);
        *(float*)host = 1;
        CudaStreams.CopyToDevice(device, host, 4, _stream);
        *(float*)host = 2;
        Assert.True(float.IsNaN(*(float*)device));
        Synchronize(_stream);
        Assert.Equal(2, *(float*)device);
    }

    [Fact]
    public void PageableMemoryIsReadAtOnceAndWrittenBeforeTheCallReturns()
    {
        nint device = Device(1);
        float value = 1, result = 0;
        CudaStreams.CopyToDevice(device, (nint)(&value), 4, _stream);
        value = 2;
        Check("cuMemcpyAsync", (nint)(&result), device, 4, _stream);
        Assert.Equal(1, result);
    }

    [Fact]
    public void StreamsThatDoNotWaitForEachOtherSeeOldData()
    {
        nint host = Host(5), first = Device(1), second = Device(1);
        CudaStreams.CopyToDevice(first, host, 4, _other);
        CudaStreams.CopyOnDevice(second, first, 4, _stream);
        Synchronize(_stream);
        Assert.True(float.IsNaN(*(float*)second));
        nint mark = CudaStreams.CreateEvent();
        CudaStreams.Record(mark, _other);
        CudaStreams.Wait(_stream, mark);
        CudaStreams.CopyOnDevice(second, first, 4, _stream);
        Synchronize(_stream);
        Assert.Equal(5, *(float*)second);
    }

    [Fact]
    public void WaitingIsForWhatTheEventMarksAtThatMoment()
    {
        nint mark = CudaStreams.CreateEvent(), host = Host(1), later = Host(2), first = Device(1), second = Device(1);
        // Never recorded, so there is nothing to wait for.
        CudaStreams.Wait(_stream, mark);
        CudaStreams.Wait(mark);
        CudaStreams.CopyToDevice(first, host, 4, _other);
        CudaStreams.Record(mark, _other);
        CudaStreams.Wait(_stream, mark);
        CudaStreams.CopyToDevice(first, later, 4, _other);
        CudaStreams.Record(mark, _other);
        CudaStreams.CopyOnDevice(second, first, 4, _stream);
        Synchronize(_stream);
        Assert.Equal(1, *(float*)second);
        CudaStreams.Wait(mark);
        Assert.Equal(2, *(float*)first);
    }

    [Fact]
    public void TheDefaultStreamWaitsForBlockingStreamsAlone()
    {
        nint blocking = Created("cuStreamCreate", 0), host = Host(3), first = Device(1), second = Device(1);
        CudaStreams.CopyToDevice(first, host, 4, blocking);
        CudaStreams.CopyToDevice(second, host, 4, _stream);
        CudaStreams.CopyOnDevice(Device(1), second, 4, 0);
        Synchronize(0);
        Assert.Equal(3, *(float*)first);
        Assert.True(float.IsNaN(*(float*)second));
        *(float*)host = 4;
        CudaStreams.CopyToDevice(first, host, 4, 0);
        CudaStreams.CopyOnDevice(second, first, 4, blocking);
        Synchronize(blocking);
        Assert.Equal(4, *(float*)second);
    }

    [Fact]
    public void InARandomOrderNobodyMayCountOnWorkBeingLate()
    {
        bool early = false;
        CudaDouble.Order = DriverOrder.Random;
        nint host = Host(0), device = Device(1);
        for (int i = 1; i < 50 && !early; i++)
        {
            *(float*)host = i;
            CudaStreams.CopyToDevice(device, host, 4, _other);
            early = *(float*)device == i;
        }

        Assert.True(early);
    }

    [Fact]
    public void FreedMemoryIsFoundOut()
    {
        nint memory = Device(16), host = Host(1);
        Refused(1, () => CudaStreams.CopyToDevice(memory + 32, host, 64, _stream), "reach beyond");
        CudaStreams.CopyToDevice(memory, host, 4, _stream);
        Check("cuMemFree_v2", memory);
        Refused(1, () => Check("cuMemFree_v2", memory), "freed before");
        Refused(1, () => CudaStreams.CopyToDevice(memory, host, 4, _stream), "was freed");
        CudaStreams.FreeHost(host);
        Refused(1, () => CudaStreams.FreeHost(host), "freed before");
    }

    [Fact]
    public void MemoryEnds()
    {
        Refused(2, () => Created("cuMemAlloc_v2", (nint)CudaDouble.TotalMemory + 1), "are free");
        Refused(1, () => Created("cuMemAlloc_v2", 0), "0 bytes");
    }

    [Fact]
    public void HandlesDieWithWhatTheyName()
    {
        nint mark = CudaStreams.CreateEvent();
        CudaStreams.DestroyEvent(mark);
        Refused(400, () => CudaStreams.DestroyEvent(mark), "Event");
        Refused(400, () => CudaStreams.Record(mark, _stream), "Event");
        Refused(400, () => Synchronize(mark), "Stream");
    }

    [Fact]
    public void NothingGoesWithoutAContext()
    {
        Exception? refusal = null;
        var thread = new Thread(() => refusal = Record.Exception(() => CudaStreams.CreateEvent()));
        thread.Start();
        thread.Join();
        Assert.Contains("error 201", Assert.IsType<GpuException>(refusal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownFunctionsAreNamed()
    {
        string message = Assert.Throws<GpuException>(() => CudaStreams.Export("cuMemAllocAsync")).Message;
        Assert.Contains("cuMemAllocAsync", message, StringComparison.Ordinal);
    }

    internal static void Refused(int error, Action call, string reason)
    {
        string message = Assert.Throws<GpuException>(call).Message;
        Assert.Contains($"error {error} ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    internal static void Synchronize(nint stream) => Check("cuStreamSynchronize", stream);

    /// <summary>Calls a function of the driver whose arguments are all words.</summary>
    internal static void Check(string function, params nint[] arguments)
    {
        nint export = CudaStreams.Export(function);
        int result = arguments switch
        {
            [var a] => ((delegate* unmanaged<nint, int>)export)(a),
            [var a, var b] => ((delegate* unmanaged<nint, nint, int>)export)(a, b),
            [var a, var b, var c] => ((delegate* unmanaged<nint, nint, nint, int>)export)(a, b, c),
            [var a, var b, var c, var d] => ((delegate* unmanaged<nint, nint, nint, nint, int>)export)(a, b, c, d),
            _ => throw new ArgumentException($"{function} has {arguments.Length} arguments"),
        };
        CudaStreams.Check(result, function);
    }

    /// <summary>The value that a function stores where its first argument points.</summary>
    internal static nint Created(string function, nint second)
    {
        nint created;
        Check(function, (nint)(&created), second);
        return created;
    }

    internal static nint Device(int floats) => Created("cuMemAlloc_v2", floats * sizeof(float));

    internal static nint Host(float value)
    {
        nint memory = CudaStreams.AllocateHost(256);
        new Span<float>((void*)memory, 64).Fill(value);
        return memory;
    }
}

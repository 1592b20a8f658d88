using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Tests.Ops;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Gqn.Native.Tests.Driver;

/// <summary>The host's part on CUDA besides launching kernels: uploads, graphs, memory, errors.</summary>
[Collection(CudaDouble.Alone)]
public sealed class CudaHostPathTests : IDisposable
{
    private static readonly KernelHandle<BeyondArgs> Beyond = new(BeyondKernel);

    private static readonly KernelHandle<BeyondArgs> Unknown = new(UnknownKernel);

    private GpuContext? _opened;

    private GpuContext Context
    {
        get
        {
            try
            {
                return _opened ??= GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
            }
            catch (GpuException exception)
            {
                Assert.SkipUnless(DeviceRows.IsRequired("cuda"), exception.Message);
                throw;
            }
        }
    }

    public void Dispose()
    {
        _opened?.Dispose();
        CudaDouble.Order = CudaDouble.UsualOrder;
    }

    /// <summary>More uploads than slots, of growing and shrinking sizes; sources and targets change at once.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void UploadsArriveInOrderBetweenKernels(int seed)
    {
        CudaDouble.Order = seed == 0 ? DriverOrder.Late : DriverOrder.Random;
        CudaDouble.Seed = (ulong)seed;
        const int steps = 40, most = 300;
        using GpuMemory input = Context.Allocate(most), sums = Context.Allocate(steps * most);
        float[] batch = new float[most], expected = new float[steps * most], actual = new float[steps * most];
        var x = new GpuArray(input, 0);
        for (int step = 0; step < steps; step++)
        {
            int count = 1 + (step * 37 % most);
            for (int i = 0; i < count; i++)
                batch[i] = (step * 1000) + i;
            Context.Upload(batch.AsSpan(0, count), x);
            PointwiseKernels.Unary(Context, new GpuArray(sums, step * most), x, count, new Affine(2, 1));
            for (int i = 0; i < count; i++)
                expected[(step * most) + i] = (2 * batch[i]) + 1;
            batch.AsSpan().Fill(float.NaN);
        }

        Context.Download(new GpuArray(sums, 0), actual);
        Assert.Equal(expected, actual);
    }

    /// <summary>Work is captured once its form is known, runs on new arguments, and may free what it used.</summary>
    [Fact]
    public void GraphsDoWhatTheWorkDoes()
    {
        Assert.Null(Context.GraphRefusal);
        using var memory = Context.Allocate(100);
        var y = new GpuArray(memory, 0);
        float[] result = new float[100];
        (int instantiated, int launched) = Graphs();
        using var recording = new GpuRecording();
        for (int step = 1; step < 8; step++)
        {
            float value = step;
            Context.Run(recording, () =>
            {
                using var passing = Context.Allocate(100);
                var x = new GpuArray(passing, 0);
                PointwiseKernels.Fill(Context, x, 100, value);
                PointwiseKernels.Unary(Context, y, x, 100, new Affine(3, 0));
            });
            Context.Download(y, result);
            Assert.All(result, actual => Assert.Equal(3 * value, actual));
            // It would use memory that is no longer its own.
            Assert.False(Context.TryRepeat(recording));
        }

        // All but the first, and with the same graph.
        Assert.True(!CudaDouble.IsInstalled || (instantiated + 1, launched + 6) == Graphs());
    }

    /// <summary>Without the work's code: on what is in memory now, and counted as if the code had run.</summary>
    [Fact]
    public void ARepetitionComputesFromWhatIsInMemory()
    {
        using GpuMemory first = Context.Allocate(100), second = Context.Allocate(100);
        GpuArray x = new(first, 0), y = new(second, 0);
        int runs = 0;
        float[] result = new float[100];
        using var recording = new GpuRecording();
        Assert.False(Context.TryRepeat(recording));
        for (int step = 0; step < 2; step++)
        {
            Context.Run(recording, () =>
            {
                runs++;
                PointwiseKernels.Unary(Context, y, x, 100, new Affine(3, 1));
                PointwiseKernels.Unary(Context, y, y, 100, new Affine(2, 0));
            });
        }

        var (launches, graphs) = (Context.Launches, Context.Graphs);
        for (int step = 0; step < 5; step++)
        {
            Context.Upload([step], x);
            Assert.True(Context.TryRepeat(recording));
            Context.Download(y, result);
            Assert.Equal((6 * step) + 2, result[0]);
        }

        Assert.Equal((2, launches + 10), (runs, Context.Launches));
        Assert.Equal(graphs with { Launches = graphs.Launches + 5 }, Context.Graphs);
        recording.Dispose();
        Assert.False(Context.TryRepeat(recording));
    }

    /// <summary>A graph that uses the kernels' scratch memory is not launched once that memory was replaced.</summary>
    [Fact]
    public void AGraphDoesNotOutliveTheScratchMemoryThatItUses()
    {
        const int slot = 0;
        using var memory = Context.Allocate(1);
        using var recording = new GpuRecording();
        long count = 100 + Context.ScratchBytes;
        for (int step = 0; step < 2; step++)
            Context.Run(recording, () => PointwiseKernels.Fill(Context, Context.Scratch(slot, count), count, 1));
        Assert.True(Context.TryRepeat(recording));
        Context.Scratch(slot, 2 * count);
        Assert.False(Context.TryRepeat(recording));
        Context.Run(recording, () => PointwiseKernels.Fill(Context, Context.Scratch(slot, count), count, 1));
        Assert.True(Context.TryRepeat(recording));
        Context.Synchronize();
    }

    [Fact]
    public void ARecordingBelongsToOneDevice()
    {
        using var recording = new GpuRecording();
        Context.Run(recording, () => { });
        using var other = GpuContext.Open("cuda:0", MatrixPrecision.Fp32);
        Assert.Throws<InvalidOperationException>(() => other.Run(recording, () => { }));
    }

    [Fact]
    public void AGraphOfAnotherFormReplacesTheOldOne()
    {
        using var recording = new GpuRecording();
        using var memory = Context.Allocate(100);
        var y = new GpuArray(memory, 0);
        float[] result = new float[1];
        for (int step = 0; step < 6; step++)
        {
            int place = step;
            Context.Run(recording, () =>
            {
                // The same number of launches, with and without memory to be cleared.
                using var passing = place % 2 == 0 ? null : Context.Allocate(10);
                PointwiseKernels.Fill(Context, y, 1, place);
            });
        }

        Context.Download(y, result);
        Assert.Equal(5, result[0]);
    }

    [Fact]
    public void WorkThatFailsInACaptureLeavesTheDeviceInOrder()
    {
        using var memory = Context.Allocate(1);
        using var recording = new GpuRecording();
        var y = new GpuArray(memory, 0);
        float[] result = new float[1];
        for (int form = 0; form < 2; form++)
            Context.Run(recording, () => PointwiseKernels.Fill(Context, y, 1, 1));
        Assert.Throws<TimeZoneNotFoundException>(() => Context.Run(recording, () =>
        {
            PointwiseKernels.Fill(Context, y, 1, 2);
            throw new TimeZoneNotFoundException();
        }));
        Context.Download(y, result);
        Assert.Equal(1, result[0]);
        // Uploading and waiting within a graph are forbidden; that is told as well, and later work succeeds.
        var refusal = Assert.Throws<GpuException>(
            () => Context.Run(recording, () => Context.Download(y, new float[1])));
        Assert.Contains("copying from cuda:0", refusal.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Throws<GpuException>(() => Context.Run(recording, () => Context.Upload([2f], y)));
        Assert.Throws<GpuException>(() => Context.Run(recording, Context.Synchronize));
        Assert.Null(Context.GraphRefusal);
        Context.Run(recording, () => PointwiseKernels.Fill(Context, y, 1, 3));
        Context.Download(y, result);
        Assert.Equal(3, result[0]);
    }

    [Fact]
    public void LackOfMemoryIsToldAsSuch()
    {
        long bytes = Context.Info.MemoryBytes;
        string message = Assert.Throws<InsufficientMemoryException>(() => Context.Allocate(bytes / 2)).Message;
        Assert.Contains($"has no room for {bytes * 2} bytes", message, StringComparison.Ordinal);
        // The device still works.
        using var memory = Context.Allocate(1);
        PointwiseKernels.Fill(Context, new GpuArray(memory, 0), 1, 4);
        float[] result = new float[1];
        Context.Download(new GpuArray(memory, 0), result);
        Assert.Equal(4, result[0]);
    }

    [Fact]
    public void LackOfMemoryForUploadsIsToldAsSuch()
    {
        Assert.SkipUnless(CudaDouble.IsInstalled, "fills the memory of the device");
        int count = (int)(CudaDouble.FreeMemory / sizeof(float) * 3 / 5);
        using var memory = Context.Allocate(count);
        for (int i = 0; i < 2; i++)
        {
            Assert.Throws<InsufficientMemoryException>(
                () => Context.Upload(new float[count], new GpuArray(memory, 0)));
        }

        Context.Upload([1f, 2f], new GpuArray(memory, 0));
        float[] result = new float[2];
        Context.Download(new GpuArray(memory, 0), result);
        Assert.Equal([1f, 2f], result);
    }

    /// <summary>A wait reports which kernel has failed and where; failures in cleaning up go unreported.</summary>
    [Fact]
    public void AKernelThatFailsIsToldToWhoWaits()
    {
        Assert.SkipUnless(CudaDouble.IsInstalled, "does harm to a device");
        var memory = Context.Allocate(64);
        Context.Launch(Beyond, 1, new BeyondArgs { Y = memory.View, At = 1 << 20 });
        var fault = Assert.Throws<GpuException>(
            () => Context.Download(new GpuArray(memory, 0), new float[1]));
        Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS", fault.Message, StringComparison.Ordinal);
        Assert.Contains("BeyondKernel", fault.Message, StringComparison.Ordinal);
        Assert.Throws<GpuException>(() => Context.Upload([1f], new GpuArray(memory, 0)));
        Assert.Throws<GpuException>(() => Context.Synchronize());
        memory.Dispose();
        _opened!.Dispose();
        _opened = null;
        // Finalizers must not throw either: they would end the process.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var other = Context.Allocate(1);
        Context.Synchronize();
    }

    /// <summary>Only the driver's compiler knows that the instruction does not exist; its log says so.</summary>
    [Fact]
    public void TheLogOfTheDriversCompilerReachesTheUser()
    {
        using var memory = Context.Allocate(1);
        var args = new BeyondArgs { Y = memory.View };
        string message = Assert.Throws<GpuException>(() => Context.Launch(Unknown, 1, args)).Message;
        Assert.Contains("UnknownKernel", message, StringComparison.Ordinal);
        Assert.Contains("CUDA_ERROR_INVALID_PTX", message, StringComparison.Ordinal);
        Assert.Contains("PTX Kernel loading failed", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\0', message);
        PointwiseKernels.Fill(Context, new GpuArray(memory, 0), 1, 1);
        Context.Synchronize();
    }

    [Fact]
    public void MemoryThatNobodyFreedComesBackWithTheCollector()
    {
        Assert.SkipUnless(CudaDouble.IsInstalled, "asks the driver's double what is in use");
        Context.Accelerator.Bind();
        var memory = DriverContext.Current!.Memory;
        long before = memory.Used;
        Forget(Context);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(before, memory.Used);
        using var other = Context.Allocate(1);
        PointwiseKernels.Fill(Context, new GpuArray(other, 0), 1, 1);
        Context.Synchronize();
    }

    [Fact]
    public void EveryThreadMayUseTheDevice()
    {
        using var memory = Context.Allocate(8);
        using var recording = new GpuRecording();
        var y = new GpuArray(memory, 0);
        Exception? failure = null;
        for (int i = 0; i < 3; i++)
        {
            float value = i;
            var thread = new Thread(() => failure ??= Record.Exception(() =>
            {
                for (int step = 0; step < 3; step++)
                {
                    Context.Upload([value, value], y);
                    Context.Run(recording, () => PointwiseKernels.Unary(Context, y, y, 2, new Affine(1, 1)));
                }

                float[] result = new float[2];
                Context.Download(y, result);
                Assert.Equal([value + 1, value + 1], result);
            }));
            thread.Start();
            thread.Join();
        }

        Assert.Null(failure);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(GpuContext context)
    {
        for (int i = 0; i < 4; i++)
            PointwiseKernels.Fill(context, new GpuArray(context.Allocate(1000), 0), 1000, i);
    }

    private (int Instantiated, int Launched) Graphs()
    {
        Context.Accelerator.Bind();
        return DriverContext.Current?.Graphs ?? default;
    }

    private static void BeyondKernel(Index1D i, BeyondArgs args) => args.Y[i + args.At] = 1f;

    private static void UnknownKernel(Index1D i, BeyondArgs args)
    {
        args.Y[i] = args.At;
        CudaAsm.Emit("nosuchinstruction;");
    }

    private struct BeyondArgs
    {
        public ArrayView<float> Y;
        public int At;
    }
}

using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>An open device: its memory, its compiled kernels and the one stream that runs them.</summary>
/// <remarks>
/// Work runs in the order in which it was given, while the caller goes on; only <see cref="Download"/> and
/// <see cref="Synchronize"/> wait. Not thread-safe, except for the launches of several contexts of one OpenCL driver.
/// </remarks>
public sealed partial class GpuContext : IDisposable
{
    private static readonly object OpenClLaunch = new();

    private readonly Context _context;
    private readonly Accelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly List<GpuMemory?> _scratch = [];
    private readonly CudaUploads? _uploads;
    private object?[] _launchers = new object?[64];

    private GpuContext(GpuDeviceInfo info, Context context, Accelerator accelerator, MatrixPrecision precision)
    {
        (Info, _context, _accelerator, Precision) = (info, context, accelerator, precision);
        // The default stream of CUDA cannot be captured; other platforms gain nothing from a second one.
        _stream = info.Platform == GpuPlatform.Cuda ? accelerator.CreateStream() : accelerator.DefaultStream;
        if (_stream is CudaStream stream)
        {
            var cuda = (CudaAccelerator)accelerator;
            _uploads = new CudaUploads(cuda, stream);
            _graphs = new CudaGraphs(cuda, stream);
            TryGraphs();
        }

        Tiles = info.IsProcessor && info.Platform == GpuPlatform.OpenCl ? TileFamily.Register : TileFamily.Shared;
    }

    /// <summary>The device that was opened.</summary>
    public GpuDeviceInfo Info { get; }

    /// <summary>Precision of the operands of convolutions and matrix products.</summary>
    public MatrixPrecision Precision { get; }

    /// <summary>Kernels launched so far.</summary>
    public long Launches { get; private set; }

    /// <summary>Bytes of scratch memory that kernels keep between calls.</summary>
    public long ScratchBytes { get; private set; }

    /// <summary>Which of two designs the portable matrix kernels use.</summary>
    internal TileFamily Tiles { get; set; }

    internal Accelerator Accelerator => _accelerator;

    internal AcceleratorStream Stream => _stream;

    /// <summary>Items that keep the device busy: reductions are split into at least as many parts.</summary>
    internal int BusyItems => Info switch
    {
        { Platform: GpuPlatform.Simulator } => 1,
        { IsProcessor: true } => 16 * _accelerator.NumMultiprocessors,
        _ => 1024 * _accelerator.NumMultiprocessors,
    };

    /// <summary>Waits until all work is done.</summary>
    /// <exception cref="GpuException">Work failed.</exception>
    public void Synchronize()
    {
        if (_isRecording)
            throw CannotRecord("waiting for the device");
        Guard("waiting for the device", _stream.Synchronize);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_stream is CudaStream)
            Ignore(_stream.Synchronize);
        foreach (var recording in (GpuRecording[])[.. _recordings])
            Forget(recording);
        Release(_uploads);
        foreach (var memory in _scratch)
            memory?.Dispose();
        if (_stream != _accelerator.DefaultStream)
            Release(_stream);
        Release(_accelerator);
        Release(_context);
    }

    /// <summary>Runs a kernel of independent items.</summary>
    /// <exception cref="GpuException">It cannot be compiled or launched.</exception>
    internal void Launch<TArgs>(KernelHandle<TArgs> kernel, long items, in TArgs args) where TArgs : struct
    {
        if (items == 0)
            return;
        var launcher = (Action<AcceleratorStream, Index1D, TArgs>?)Find(kernel);
        try
        {
            if (launcher is null)
                _launchers[kernel.Id] = launcher = _accelerator.LoadAutoGroupedKernel(kernel.Method);
            if (_isRecording)
            {
                RecordLaunch(kernel.Name, launcher, new Index1D(checked((int)items)), args);
            }
            else if (Info.Platform == GpuPlatform.OpenCl)
            {
                // Arguments are set on the kernel object, which threads would share.
                lock (OpenClLaunch)
                    launcher(_stream, new Index1D(checked((int)items)), args);
            }
            else
            {
                launcher(_stream, new Index1D(checked((int)items)), args);
            }
        }
        catch (Exception exception)
        {
            throw Explain($"the kernel {kernel.Name} failed on {Info.Name} ({Info.Title})", exception);
        }

        Launches++;
    }

    /// <summary>Runs a kernel of thread blocks (groups).</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="grid">Groups along each axis.</param>
    /// <param name="group">Items per group.</param>
    /// <param name="args">The kernel's arguments.</param>
    /// <param name="dynamicBytes">Bytes of shared memory in addition to what the kernel itself declares.</param>
    /// <exception cref="GpuException">It cannot be compiled or launched.</exception>
    internal void Launch<TArgs>(
        GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int dynamicBytes = 0)
        where TArgs : struct
    {
        if (grid.Size == 0)
            return;
        try
        {
            var launcher = Launcher(kernel);
            var config = dynamicBytes == 0
                ? new KernelConfig(grid, new Index3D(group, 1, 1))
                : new KernelConfig(
                    grid, new Index3D(group, 1, 1), SharedMemoryConfig.RequestDynamic<byte>(dynamicBytes));
            if (_isRecording)
            {
                RecordLaunch(kernel.Name, launcher, config, args);
            }
            else if (Info.Platform == GpuPlatform.OpenCl)
            {
                lock (OpenClLaunch)
                    launcher(_stream, config, args);
            }
            else
            {
                launcher(_stream, config, args);
            }
        }
        catch (Exception exception)
        {
            throw Explain($"the kernel {kernel.Name} failed on {Info.Name} ({Info.Title})", exception);
        }

        Launches++;
    }

    private static void Release(IDisposable? owned)
    {
        if (owned is not null)
            Ignore(owned.Dispose);
    }

    /// <summary>
    /// After a kernel has failed, CUDA answers every call with its error, even those that free memory; whoever waited
    /// for the kernel has seen that error, and must not get one about freeing instead.
    /// </summary>
    private static void Ignore(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is GpuException or CudaException)
        {
        }
    }

    /// <summary>Compiles a kernel of groups on first use.</summary>
    private Action<AcceleratorStream, KernelConfig, TArgs> Launcher<TArgs>(GroupKernelHandle<TArgs> kernel)
        where TArgs : struct
    {
        if (Find(kernel) is Action<AcceleratorStream, KernelConfig, TArgs> known)
            return known;
        var launcher = _accelerator.LoadKernel(
            kernel.Method, Info.Platform == GpuPlatform.Cuda ? kernel.Bounds : KernelSpecialization.Empty);
        _launchers[kernel.Id] = launcher;
        return launcher;
    }

    private object? Find(KernelHandle kernel)
    {
        if (kernel.Id >= _launchers.Length)
            Array.Resize(ref _launchers, Math.Max(kernel.Id + 1, _launchers.Length * 2));
        return _launchers[kernel.Id];
    }

    private void Guard(string action, Action call)
    {
        try
        {
            call();
        }
        catch (Exception exception)
        {
            throw Explain($"{action} failed on {Info.Name} ({Info.Title})", exception);
        }
    }

    /// <summary>One sentence with the driver's own error code and what it traced, such as a build log.</summary>
    private static GpuException Explain(string what, Exception exception)
    {
        string reason = exception switch
        {
            GpuException => exception.Message,
            CudaException cuda => $"CUDA reports {cuda.Error} ({cuda.Message})",
            CLException openCl => $"OpenCL reports {openCl.Error}",
            InternalCompilerException { InnerException: { } inner } => $"ILGPU cannot compile it: {inner.Message}",
            _ => exception.Message,
        };
        string trace = DriverTrace.Take();
        return new GpuException(
            trace.Length == 0 ? $"{Capital(what)}: {reason}" : $"{Capital(what)}: {reason}\n{trace}", exception);
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}

/// <summary>Two designs of portable matrix kernels.</summary>
internal enum TileFamily
{
    /// <summary>Thread blocks (groups) share tiles in shared memory: GPUs.</summary>
    Shared,

    /// <summary>Each item holds a tile in registers and waits for no other: processors.</summary>
    Register,
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Gqn.Native.Tests.Ptx;

namespace Gqn.Native.Tests.Driver;

/// <summary>The driver's functions under their own names, called by the test double's library.</summary>
internal static unsafe partial class DriverExports
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, object> Handles = [];
    private static nint _lastHandle = 0x1000;

    private static DriverContext Here => DriverContext.Current is { IsDestroyed: false } context
        ? context
        : throw new DriverException(DriverError.InvalidContext, "no context is current on this thread");

    [UnmanagedCallersOnly]
    public static int cuCtxCreate_v2(nint* context, uint flags, int device) => Answer(() =>
    {
        if (device != 0)
            throw new DriverException(DriverError.InvalidDevice, $"there is no device {device}");
        DriverContext created = new();
        DriverContext.Current = created;
        *context = New(created);
    });

    [UnmanagedCallersOnly]
    public static int cuCtxDestroy_v2(nint context) => Answer(() =>
    {
        var destroyed = Take<DriverContext>(context, _ => true);
        destroyed.IsDestroyed = true;
        destroyed.Memory.Dispose();
        if (DriverContext.Current == destroyed)
            DriverContext.Current = null;
    });

    [UnmanagedCallersOnly]
    public static int cuCtxSetCurrent(nint context) =>
        Answer(() => DriverContext.Current = context == 0 ? null : Find<DriverContext>(context));

    [UnmanagedCallersOnly]
    public static int cuCtxSynchronize() => Call(context =>
    {
        context.RefuseCaptures("the context is waited for");
        context.Finish();
    });

    [UnmanagedCallersOnly]
    public static int cuCtxGetCacheConfig(int* value) => Call(_ => *value = 0);

    [UnmanagedCallersOnly]
    public static int cuCtxSetCacheConfig(int value) => Call(_ => { });

    [UnmanagedCallersOnly]
    public static int cuCtxGetSharedMemConfig(int* value) => Call(_ => *value = 1);

    [UnmanagedCallersOnly]
    public static int cuCtxSetSharedMemConfig(int value) => Call(_ => { });

    [UnmanagedCallersOnly]
    public static int cuModuleLoadData(nint* module, byte* text) => Load(module, text, 0, null, null);

    [UnmanagedCallersOnly]
    public static int cuModuleLoadDataEx(nint* module, byte* text, uint count, int* options, nint* values) =>
        Load(module, text, count, options, values);

    [UnmanagedCallersOnly]
    public static int cuModuleUnload(nint module) => Call(context =>
    {
        context.RefuseUnsafeCall("a module is unloaded");
        context.Finish();
        Take<DriverModule>(module, one => one.Context == context);
        foreach (nint function in Handles.Where(one => one.Value is DriverFunction f && f.Module == module)
            .Select(one => one.Key).ToArray())
        {
            Handles.Remove(function);
        }
    });

    [UnmanagedCallersOnly]
    public static int cuModuleGetFunction(nint* function, nint module, byte* name) => Call(_ =>
    {
        var found = Find<DriverModule>(module);
        string wanted = Marshal.PtrToStringUTF8((nint)name)!;
        if (found.Kernel.Name != wanted)
            throw new DriverException(DriverError.NotFound, $"the module holds {found.Kernel.Name}, not {wanted}");
        *function = New(new DriverFunction(found, module));
    });

    [UnmanagedCallersOnly]
    public static int cuFuncSetAttribute(nint function, int attribute, int value) => Call(_ =>
    {
        var found = Find<DriverFunction>(function);
        switch (attribute)
        {
            case 8:
                found.AllowDynamicShared(value);
                break;
            case 9 when value is >= -1 and <= 100:
                break;
            default:
                throw new DriverException(
                    DriverError.InvalidValue, $"the attribute {attribute} of a function cannot be {value}");
        }
    });

    [UnmanagedCallersOnly]
    public static int cuLaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes,
        nint stream, nint arguments, nint* extra) => Call(context =>
    {
        var found = Find<DriverFunction>(function);
        if (found.Context != context)
            throw new DriverException(DriverError.InvalidContext, "the function belongs to another context");
        if (arguments != 0)
            throw new NotSupportedException("The double takes parameters in one buffer.");
        void* buffer = null;
        long bytes = 0;
        for (int i = 0; extra[i] != 0; i += 2)
        {
            if (extra[i] == 1)
                buffer = (void*)extra[i + 1];
            else if (extra[i] == 2)
                bytes = *(long*)extra[i + 1];
            else
                throw new DriverException(DriverError.InvalidValue, $"there is no launch option {extra[i]}");
        }

        found.Launch(
            Stream(stream), new Dim3((int)gridX, (int)gridY, (int)gridZ),
            new Dim3((int)blockX, (int)blockY, (int)blockZ), (int)sharedBytes,
            new ReadOnlySpan<byte>(buffer, (int)bytes).ToArray());
    });

    // A size that rarely divides the extent, so that guards are needed.
    [UnmanagedCallersOnly]
    public static int cuOccupancyMaxPotentialBlockSize(
        int* grid, int* block, nint function, nint dynamicBytesOf, nuint dynamicBytes, int limit) => Call(_ =>
    {
        int most = Find<DriverFunction>(function).MostThreads;
        *block = Math.Min(limit > 0 ? Math.Min(limit, most) : most, 96);
        *grid = 16;
    });

    [UnmanagedCallersOnly]
    public static int cuOccupancyMaxActiveBlocksPerMultiprocessor(
        int* blocks, nint function, int blockSize, nuint dynamicBytes) => Call(_ =>
        *blocks = Math.Clamp(2048 / Math.Max(blockSize, 1), 1, Find<DriverFunction>(function).MostThreads));

    private static int Load(nint* module, byte* text, uint count, int* options, nint* values) => Call(context =>
    {
        context.RefuseUnsafeCall("a module is loaded");
        try
        {
            *module = New(new DriverModule(context, Marshal.PtrToStringUTF8((nint)text)!));
        }
        catch (DriverException exception)
        {
            // CU_JIT_ERROR_LOG_BUFFER and its size.
            int log = new ReadOnlySpan<int>(options, (int)count).IndexOf(5);
            int size = new ReadOnlySpan<int>(options, (int)count).IndexOf(6);
            if (log >= 0 && size >= 0)
            {
                var room = new Span<byte>((void*)values[log], (int)values[size]);
                room.Clear();
                byte[] message = Encoding.ASCII.GetBytes(exception.Message);
                message.AsSpan(0, Math.Min(message.Length, room.Length - 1)).CopyTo(room);
            }

            throw;
        }
    });

    /// <summary>A call that needs no context.</summary>
    private static int Answer(Action body, [CallerMemberName] string name = "")
    {
        lock (Gate)
        {
            try
            {
                // The end of a capture ends it even if there is no graph then.
                if (name != nameof(cuStreamEndCapture))
                    CudaDouble.RefuseIfAsked(name);
                body();
                return 0;
            }
            catch (DriverException exception)
            {
                CudaDouble.Explain(exception.Error, $"{name}: {exception.Message}");
                return (int)exception.Error;
            }
            catch (Exception exception)
            {
                Console.Error.WriteLine(exception);
                CudaDouble.Explain(DriverError.Unknown, $"{name}: {exception.Message}");
                return (int)DriverError.Unknown;
            }
        }
    }

    /// <summary>A call that needs a context; even the first call after a kernel has failed reports it.</summary>
    private static int Call(Action<DriverContext> body, [CallerMemberName] string name = "") => Answer(
        () =>
        {
            var context = Here;
            if (context.Fault is null)
                body(context);
            if (context.Fault is { } fault)
                throw fault;
        },
        name);

    private static DriverStream Stream(nint handle)
    {
        if (handle is 1 or 2)
            throw new NotSupportedException("The double does not know streams by their special handles.");
        var stream = handle == 0 ? Here.Default : Find<DriverStream>(handle);
        return stream.Context == Here
            ? stream
            : throw new DriverException(DriverError.InvalidHandle, "the stream belongs to another context");
    }

    private static nint New(object created)
    {
        _lastHandle += 16;
        Handles.Add(_lastHandle, created);
        return _lastHandle;
    }

    private static T Find<T>(nint handle)
        where T : class => Handles.TryGetValue(handle, out object? found) && found is T typed
        ? typed
        : throw new DriverException(
            DriverError.InvalidHandle, $"0x{handle:x} is no handle of a {typeof(T).Name[6..]}, or of one destroyed");

    private static T Take<T>(nint handle, Func<T, bool> belongs)
        where T : class
    {
        var found = Find<T>(handle);
        if (!belongs(found))
            throw new DriverException(DriverError.InvalidHandle, $"the {typeof(T).Name[6..]} is another context's");
        Handles.Remove(handle);
        return found;
    }
}

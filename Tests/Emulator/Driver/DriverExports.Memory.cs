using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Driver;

/// <content>Memory and copies.</content>
internal static unsafe partial class DriverExports
{
    [UnmanagedCallersOnly]
    public static int cuMemGetInfo_v2(nuint* free, nuint* total) => Call(context =>
    {
        *free = (nuint)CudaDouble.FreeMemory;
        *total = (nuint)CudaDouble.TotalMemory;
    });

    [UnmanagedCallersOnly]
    public static int cuMemAlloc_v2(ulong* memory, nuint bytes) => Call(context =>
    {
        context.RefuseUnsafeCall("memory is allocated");
        *memory = context.Memory.Allocate(MemoryKind.Device, (long)bytes);
    });

    // It waits for the whole context, so it is forbidden during captures.
    [UnmanagedCallersOnly]
    public static int cuMemFree_v2(ulong memory) => Call(context =>
    {
        context.RefuseUnsafeCall("memory is freed");
        context.Finish();
        context.Memory.Free(MemoryKind.Device, memory);
    });

    [UnmanagedCallersOnly]
    public static int cuMemAllocHost_v2(ulong* memory, nuint bytes) => Call(context =>
    {
        context.RefuseUnsafeCall("page-locked memory is allocated");
        *memory = context.Memory.Allocate(MemoryKind.PageLocked, (long)bytes);
    });

    [UnmanagedCallersOnly]
    public static int cuMemHostAlloc(ulong* memory, nuint bytes, uint flags) => Call(context =>
    {
        if (flags > 7)
            throw new DriverException(DriverError.InvalidValue, $"there are no flags {flags} of page-locked memory");
        context.RefuseUnsafeCall("page-locked memory is allocated");
        *memory = context.Memory.Allocate(MemoryKind.PageLocked, (long)bytes);
    });

    // It does not wait: whatever is still to be read is lost.
    [UnmanagedCallersOnly]
    public static int cuMemFreeHost(ulong memory) => Call(context =>
    {
        context.RefuseUnsafeCall("page-locked memory is freed");
        context.Memory.Free(MemoryKind.PageLocked, memory);
    });

    [UnmanagedCallersOnly]
    public static int cuMemHostRegister_v2(ulong memory, nuint bytes, uint flags) =>
        Call(context => context.Memory.Register(memory, (long)bytes));

    [UnmanagedCallersOnly]
    public static int cuMemHostUnregister(ulong memory) => Call(context => context.Memory.Unregister(memory));

    [UnmanagedCallersOnly]
    public static int cuMemHostGetDevicePointer_v2(ulong* device, ulong host, uint flags) => Call(context =>
    {
        if (context.Memory.Kind(host, 1) != MemoryKind.PageLocked)
            throw new DriverException(DriverError.InvalidValue, $"0x{host:x} is no address of page-locked memory");
        *device = host;
    });

    [UnmanagedCallersOnly]
    public static int cuPointerGetAttribute(void* value, int attribute, ulong pointer) => Call(context =>
    {
        // CU_POINTER_ATTRIBUTE_MEMORY_TYPE: 1 host, 2 device.
        if (attribute != 2)
            throw new NotSupportedException($"The double does not know the attribute {attribute} of pointers.");
        *(int*)value = context.Memory.Kind(pointer, 1) switch
        {
            MemoryKind.Device => 2,
            MemoryKind.PageLocked => 1,
            _ => throw new DriverException(DriverError.InvalidValue, $"0x{pointer:x} is not known to the driver"),
        };
    });

    [UnmanagedCallersOnly]
    public static int cuMemcpyAsync(ulong destination, ulong source, nuint bytes, nint stream) =>
        Call(context => Copy(context, destination, source, (long)bytes, Stream(stream)));

    [UnmanagedCallersOnly]
    public static int cuMemcpyHtoDAsync_v2(ulong destination, ulong source, nuint bytes, nint stream) => Call(context =>
    {
        context.Memory.RequireDevice(destination, (long)bytes);
        Copy(context, destination, source, (long)bytes, Stream(stream));
    });

    [UnmanagedCallersOnly]
    public static int cuMemcpyDtoDAsync_v2(ulong destination, ulong source, nuint bytes, nint stream) => Call(context =>
    {
        context.Memory.RequireDevice(destination, (long)bytes);
        context.Memory.RequireDevice(source, (long)bytes);
        Copy(context, destination, source, (long)bytes, Stream(stream));
    });

    [UnmanagedCallersOnly]
    public static int cuMemsetD8Async(ulong destination, byte value, nuint bytes, nint stream) => Call(context =>
    {
        context.Memory.RequireDevice(destination, (long)bytes);
        Add(context, Stream(stream), NodeKind.Set, $"of {bytes} bytes", () =>
        {
            context.Memory.RequireDevice(destination, (long)bytes);
            NativeMemory.Fill((void*)destination, bytes, value);
        });
    });

    /// <summary>
    /// Pageable host memory is read immediately, page-locked memory when the copy runs; copies to pageable memory are
    /// done when the call returns.
    /// </summary>
    private static void Copy(
        DriverContext context, ulong destination, ulong source, long bytes, DriverStream stream)
    {
        MemoryKind to = context.Memory.Kind(destination, bytes), from = context.Memory.Kind(source, bytes);
        byte[]? staged = from == MemoryKind.Pageable && stream.Capture is null
            ? new ReadOnlySpan<byte>((void*)source, checked((int)bytes)).ToArray()
            : null;
        var work = Add(context, stream, NodeKind.Copy, $"{from} to {to}", () =>
        {
            if (context.Memory.Kind(destination, bytes) != to || context.Memory.Kind(source, bytes) != from)
                throw new DriverException(DriverError.InvalidValue, "what is copied has gone since");
            var target = new Span<byte>((void*)destination, checked((int)bytes));
            if (staged is not null)
                staged.CopyTo(target);
            else
                new ReadOnlySpan<byte>((void*)source, target.Length).CopyTo(target);
        });
        if (to == MemoryKind.Pageable)
            DriverWork.Finish(work);
    }

    /// <summary>Work on memory that must still exist when the work runs.</summary>
    private static DriverWork? Add(
        DriverContext context, DriverStream stream, NodeKind kind, string form, Action run) =>
        stream.Add(new DriverNode(
            kind,
            () => context.Attempt(() =>
            {
                try
                {
                    run();
                }
                catch (DriverException exception)
                {
                    throw new DriverException(DriverError.IllegalAddress, exception.Message);
                }
            }),
            form));
}

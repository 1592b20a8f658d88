using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A kernel: what a context compiles at its first launch.</summary>
internal abstract class KernelHandle
{
    private static int _count;

    /// <summary>Handles are static, so there are few: a context keeps what it compiled in an array by this number.</summary>
    public int Id { get; } = Interlocked.Increment(ref _count) - 1;

    /// <summary>The static method that is compiled.</summary>
    public abstract Delegate Body { get; }

    /// <summary>Type and method, for messages.</summary>
    public string Name => $"{Body.Method.DeclaringType!.Name}.{Body.Method.Name}";
}

/// <summary>A kernel of independent items, grouped as the device likes.</summary>
/// <param name="body">A static method.</param>
internal sealed class KernelHandle<TArgs>(Action<Index1D, TArgs> body) : KernelHandle where TArgs : struct
{
    public override Delegate Body => body;

    public Action<Index1D, TArgs> Method => body;
}

/// <summary>A kernel of groups that share memory and wait for each other.</summary>
/// <param name="body">A static method.</param>
internal sealed class GroupKernelHandle<TArgs>(Action<TArgs> body) : KernelHandle where TArgs : struct
{
    public override Delegate Body => body;

    public Action<TArgs> Method => body;

    /// <summary>
    /// The most items of a group, and the groups that a multiprocessor shall have room for: what CUDA's compiler bounds
    /// the registers of an item by. Other platforms have no such bounds.
    /// </summary>
    public KernelSpecialization Bounds { get; init; }
}

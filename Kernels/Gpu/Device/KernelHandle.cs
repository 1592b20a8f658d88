using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A kernel, which a context compiles at its first launch.</summary>
internal abstract class KernelHandle
{
    private static readonly List<KernelHandle> Made = [];

    /// <summary>Assigns the next <see cref="Id"/>.</summary>
    protected KernelHandle()
    {
        lock (Made)
        {
            Id = Made.Count;
            Made.Add(this);
        }
    }

    /// <summary>All handles made so far; they are static, so there are few.</summary>
    public static IReadOnlyList<KernelHandle> All
    {
        get
        {
            lock (Made)
                return [.. Made];
        }
    }

    /// <summary>Index of the compiled kernel in a context's array.</summary>
    public int Id { get; }

    /// <summary>The static method that is compiled.</summary>
    public abstract Delegate Body { get; }

    /// <summary>Type and method, for messages.</summary>
    public string Name => $"{Body.Method.DeclaringType!.Name}.{Body.Method.Name}";
}

/// <summary>One kernel in several variants, held by a static field like a handle.</summary>
internal interface IKernelSet
{
    /// <summary>The variants by name.</summary>
    IEnumerable<(string Name, KernelHandle Handle)> Handles { get; }
}

/// <summary>A kernel of independent items; the device chooses their grouping.</summary>
/// <param name="body">A static method.</param>
internal sealed class KernelHandle<TArgs>(Action<Index1D, TArgs> body) : KernelHandle where TArgs : struct
{
    public override Delegate Body => body;

    public Action<Index1D, TArgs> Method => body;
}

/// <summary>A kernel of thread blocks (groups), whose items share memory and wait for each other.</summary>
/// <param name="body">A static method.</param>
internal sealed class GroupKernelHandle<TArgs>(Action<TArgs> body) : KernelHandle where TArgs : struct
{
    public override Delegate Body => body;

    public Action<TArgs> Method => body;

    /// <summary>
    /// The most items of a group, and the groups that a multiprocessor should have room for: from these, CUDA's
    /// compiler bounds the registers of an item. Other platforms have no such bounds.
    /// </summary>
    public KernelSpecialization Bounds { get; init; }
}

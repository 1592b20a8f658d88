using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A kernel: what a context compiles at its first launch.</summary>
internal abstract class KernelHandle
{
    private static readonly List<KernelHandle> Made = [];

    /// <summary>Numbers it.</summary>
    protected KernelHandle()
    {
        lock (Made)
        {
            Id = Made.Count;
            Made.Add(this);
        }
    }

    /// <summary>All that were made so far. Handles are static, so there are few.</summary>
    public static IReadOnlyList<KernelHandle> All
    {
        get
        {
            lock (Made)
                return [.. Made];
        }
    }

    /// <summary>A context keeps what it compiled in an array by this number.</summary>
    public int Id { get; }

    /// <summary>The static method that is compiled.</summary>
    public abstract Delegate Body { get; }

    /// <summary>Type and method, for messages.</summary>
    public string Name => $"{Body.Method.DeclaringType!.Name}.{Body.Method.Name}";
}

/// <summary>One kernel in several forms; a static field holds it, as fields hold handles.</summary>
internal interface IKernelSet
{
    /// <summary>The forms by name.</summary>
    IEnumerable<(string Name, KernelHandle Handle)> Handles { get; }
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

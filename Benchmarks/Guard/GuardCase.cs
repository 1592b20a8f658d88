using Gqn.Native.Benchmarks.Measures;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>What limits a case, and therefore which peak it is compared with.</summary>
internal enum Resource
{
    /// <summary>Arithmetic: multiply-adds in registers.</summary>
    Arithmetic,

    /// <summary>Memory: bytes copied beyond the caches.</summary>
    Memory,
}

/// <summary>A hot piece of code and the plain code that it is compared with.</summary>
internal sealed record GuardCase : IDisposable
{
    /// <summary>The key in the committed figures.</summary>
    public required string Name { get; init; }

    /// <summary>The work of one <see cref="Run"/>.</summary>
    public required Work Work { get; init; }

    /// <summary>The piece of code.</summary>
    public required Action Run { get; init; }

    /// <summary>
    /// Plain code on as many threads, limited by the same resource, so that other load on the machine hits both.
    /// </summary>
    public required Action Baseline { get; init; }

    /// <summary>The fraction of <see cref="Work"/> in one baseline call; small if the plain code is slow.</summary>
    public double BaselinePart { get; init; } = 1;

    /// <summary>What limits <see cref="Run"/>.</summary>
    public Resource Limit { get; init; } = Resource.Arithmetic;

    /// <summary>The least ratio on any machine: plain code may not be faster.</summary>
    public double Floor { get; init; } = 1;

    /// <summary>The memory and threads that belong to the case.</summary>
    public required IReadOnlyList<IDisposable> Owned { get; init; }

    public void Dispose()
    {
        foreach (var resource in Owned)
            resource.Dispose();
    }
}

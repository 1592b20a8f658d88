using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The body of a parallel loop, written once for every lane width.</summary>
internal interface ILaneLoop
{
    /// <summary>Processes indices <paramref name="start"/> up to, not including, <paramref name="end"/>.</summary>
    void Run<T>(long start, long end) where T : struct, ISimdLane<T>;
}

/// <summary>One item of a parallel loop, written once for every lane width.</summary>
internal unsafe interface ILaneItem
{
    /// <summary>Processes item <paramref name="item"/>.</summary>
    /// <param name="item">From 0 to below the loop's count.</param>
    /// <param name="scratch">The running thread's own part of the workspace.</param>
    void Run<T>(int item, float* scratch) where T : unmanaged, ISimdLane<T>;
}

/// <summary>Runs lane loops on the worker pool with the lane width of the workspace.</summary>
internal static unsafe class LaneLoop
{
    /// <summary>Elements per work item: about 10 μs of memory traffic, far above the cost of dispatching it.</summary>
    private const long ElementsPerItem = 1 << 14;

    /// <summary>
    /// Splits [0, count) into items by size alone, never by the number of threads, so every element sees the same
    /// arithmetic on any number of threads. With one element per index, items start at multiples of the lane width.
    /// </summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="count">Number of indices.</param>
    /// <param name="elementsPerIndex">Elements of work per index.</param>
    /// <param name="loop">The body.</param>
    public static void For<TLoop>(CpuWorkspace workspace, long count, long elementsPerIndex, TLoop loop)
        where TLoop : unmanaged, ILaneLoop
    {
        long chunk = Math.Max(1, ElementsPerItem / Math.Max(1, elementsPerIndex));
        ForItems(
            workspace, (int)Ceiling.Divide(count, chunk),
            new Range<TLoop> { Loop = loop, Count = count, Chunk = chunk });
    }

    /// <summary>Runs the items 0 to <paramref name="count"/> - 1.</summary>
    /// <param name="workspace">The threads, their lane width and scratch memory.</param>
    /// <param name="count">Number of items.</param>
    /// <param name="body">The body; all threads share this one copy.</param>
    public static void ForItems<TItem>(CpuWorkspace workspace, int count, in TItem body)
        where TItem : unmanaged, ILaneItem
    {
        var item = new Item<TItem>
        {
            Body = body,
            Scratch = workspace.Workers,
            ScratchStride = workspace.WorkerStride,
            Level = workspace.Level,
        };
        workspace.Pool.For(count, ref item);
    }

    private struct Item<TItem> : IWorkItem where TItem : unmanaged, ILaneItem
    {
        public TItem Body;
        public float* Scratch;
        public nint ScratchStride;
        public SimdLevel Level;

        public void Invoke(int item, int worker)
        {
            float* scratch = Scratch + (worker * ScratchStride);
            switch (Level)
            {
                case SimdLevel.Vector512:
                    Body.Run<F32x16>(item, scratch);
                    break;
                case SimdLevel.Vector256:
                    Body.Run<F32x8>(item, scratch);
                    break;
                default:
                    Body.Run<F32>(item, scratch);
                    break;
            }
        }
    }

    private struct Range<TLoop> : ILaneItem where TLoop : unmanaged, ILaneLoop
    {
        public TLoop Loop;
        public long Count, Chunk;

        public void Run<T>(int item, float* scratch) where T : unmanaged, ISimdLane<T>
        {
            long start = item * Chunk;
            Loop.Run<T>(start, Math.Min(start + Chunk, Count));
        }
    }
}

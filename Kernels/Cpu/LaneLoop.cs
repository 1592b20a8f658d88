using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The inside of a parallel loop, written once for every lane width.</summary>
internal interface ILaneLoop
{
    /// <summary>Does indices <paramref name="start"/> up to, not including, <paramref name="end"/>.</summary>
    void Run<T>(long start, long end) where T : struct, ISimdLane<T>;
}

/// <summary>Runs lane loops on the worker pool with the lane width of the workspace.</summary>
internal static unsafe class LaneLoop
{
    /// <summary>
    /// Elements per work item: about 10 microseconds of memory traffic, far above the cost of handing it out.
    /// </summary>
    private const long ElementsPerItem = 1 << 14;

    /// <summary>
    /// Splits [0, count) into items by size alone, never by the number of threads, and starts each at a multiple of the
    /// lane width: every element sees the same arithmetic on any number of threads.
    /// </summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="count">Number of indices.</param>
    /// <param name="elementsPerIndex">How much work one index stands for.</param>
    /// <param name="loop">The body.</param>
    public static void For<TLoop>(CpuWorkspace workspace, long count, long elementsPerIndex, TLoop loop)
        where TLoop : unmanaged, ILaneLoop
    {
        long chunk = Math.Max(1, ElementsPerItem / Math.Max(1, elementsPerIndex));
        var item = new Item<TLoop> { Loop = loop, Count = count, Chunk = chunk, Level = workspace.Level };
        workspace.Pool.For((int)((count + chunk - 1) / chunk), ref item);
    }

    private struct Item<TLoop> : IWorkItem where TLoop : unmanaged, ILaneLoop
    {
        public TLoop Loop;
        public long Count, Chunk;
        public SimdLevel Level;

        public void Invoke(int item, int worker)
        {
            long start = item * Chunk, end = Math.Min(start + Chunk, Count);
            switch (Level)
            {
                case SimdLevel.Vector512:
                    Loop.Run<F32x16>(start, end);
                    break;
                case SimdLevel.Vector256:
                    Loop.Run<F32x8>(start, end);
                    break;
                default:
                    Loop.Run<F32>(start, end);
                    break;
            }
        }
    }
}

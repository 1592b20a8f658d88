using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>A loop over independent rows, written in the most obvious way.</summary>
internal interface IRowLoop
{
    /// <summary>Processes the rows from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    void Run(int first, int end);
}

/// <summary>Spreads a plain loop over the threads that its fast counterpart uses.</summary>
internal static class RowLoop
{
    private const int ItemsPerThread = 4;

    /// <summary>Processes the first <paramref name="rows"/> rows.</summary>
    public static void OnAllThreads<TLoop>(WorkerPool pool, int rows, TLoop loop) where TLoop : unmanaged, IRowLoop
    {
        int parts = ItemsPerThread * pool.Threads;
        var item = new Item<TLoop> { Loop = loop, Rows = rows, Chunk = (rows + parts - 1) / parts };
        pool.For((rows + item.Chunk - 1) / item.Chunk, ref item);
    }

    private struct Item<TLoop> : IWorkItem where TLoop : unmanaged, IRowLoop
    {
        public TLoop Loop;
        public int Rows, Chunk;

        public void Invoke(int item, int worker) => Loop.Run(item * Chunk, Math.Min((item + 1) * Chunk, Rows));
    }
}

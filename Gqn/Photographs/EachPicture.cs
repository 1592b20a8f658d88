using Gqn.Native.Data;

namespace Gqn.Native.Photographs;

/// <summary>Work on many pictures at a time.</summary>
internal static class EachPicture
{
    // A picture of 12 megapixels takes about 170 MB while it is read.
    private const int MostAtATime = 4;

    /// <summary>Does the work for each of some pictures, several at a time.</summary>
    /// <param name="count">The number of pictures.</param>
    /// <param name="work">Receives the index of a picture, from any thread.</param>
    /// <param name="cancellation">Requests a stop.</param>
    /// <exception cref="DatasetException">A picture is missing, unreadable or unusable; of several faults, the one with
    /// the lowest index.</exception>
    /// <exception cref="OperationCanceledException">The work was stopped.</exception>
    public static void Do(int count, Action<int> work, CancellationToken cancellation)
    {
        var faults = new DatasetException?[count];
        var parallel = new ParallelOptions
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = Math.Min(MostAtATime, Environment.ProcessorCount),
        };
        Parallel.For(0, count, parallel, (i, state) =>
        {
            try
            {
                work(i);
            }
            catch (DatasetException fault)
            {
                // Pictures before this one are still looked at, so the first fault is found.
                faults[i] = fault;
                state.Break();
            }
        });
        if (Array.Find(faults, fault => fault is not null) is { } first)
            throw first;
    }
}

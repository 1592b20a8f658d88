namespace Gqn.Native.Data;

/// <summary>The threads that render or read scenes beside a training.</summary>
/// <param name="Count">The number of threads.</param>
/// <param name="Capacity">The number of batches in memory, including the one in use.</param>
/// <param name="OnDemand">Whether they may begin a batch only while training waits for one.</param>
internal readonly record struct SceneWorkers(int Count, int Capacity, bool OnDemand)
{
    private const int Most = 8, MostBetweenSteps = 3, UsualCapacity = 4;

    /// <summary>The threads that a training leaves room for.</summary>
    /// <remarks>
    /// A GPU leaves all processors but the one that launches its kernels: a step of the article's size takes as long on a
    /// fast one as rendering its scenes takes on one processor. Batches of rooms differ in the time they take, so that
    /// each worker has one in hand and one in store. If training uses all processors, scenes are rendered between steps.
    /// </remarks>
    /// <param name="processors">The processors of the machine.</param>
    /// <param name="training">The processor threads that compute; 0 for a GPU.</param>
    public static SceneWorkers Beside(int processors, int training)
    {
        if (training >= processors)
            return new SceneWorkers(Math.Min(training, MostBetweenSteps), UsualCapacity, OnDemand: true);
        int spare = Math.Clamp(processors - Math.Max(training, 1), 1, Most);
        return new SceneWorkers(spare, Math.Max(UsualCapacity, (2 * spare) + 1), OnDemand: false);
    }
}

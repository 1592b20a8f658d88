namespace Gqn.Native.Training;

/// <summary>What several samples of the prior predict for the queries of a batch: the first of them, their mean and how
/// far they spread.</summary>
/// <remarks>
/// Each sample is the mean image of one draw of the latents, clipped to [0, 1]. One sample is a picture that the model
/// believes in; the mean of all is nobody's picture, but has the least squared error. Over K samples the mean error of
/// one is the error of their mean plus (1 − 1/K) of their variance, at every pixel.
/// </remarks>
public sealed class PredictionSamples
{
    internal PredictionSamples(int length, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        Count = count;
        First = new float[length];
        Mean = new float[length];
        Variance = new float[length];
    }

    /// <summary>K, how many samples there are.</summary>
    public int Count { get; }

    /// <summary>The first sample of each query, as <see cref="Evaluator.Predict"/> gives it.</summary>
    public float[] First { get; }

    /// <summary>The mean of the samples of each query.</summary>
    public float[] Mean { get; }

    /// <summary>Σ (sample − mean)² / (K − 1) of each number of each picture.</summary>
    public float[] Variance { get; }

    /// <summary>The variance, averaged over all pixels and channels.</summary>
    public double MeanVariance
    {
        get
        {
            double sum = 0;
            foreach (float value in Variance)
                sum += value;
            return sum / Variance.Length;
        }
    }

    /// <summary>Takes sample <paramref name="number"/>, counted from 0, of some of the queries, by Welford's
    /// recurrence.</summary>
    /// <param name="number">Which; every query's come in order, and the last completes the variance.</param>
    /// <param name="first">Where these queries' numbers begin.</param>
    /// <param name="sample">Their pictures.</param>
    internal void Add(int number, int first, ReadOnlySpan<float> sample)
    {
        if (number == 0)
            sample.CopyTo(First.AsSpan(first));
        float share = 1f / (number + 1), scale = number == Count - 1 ? 1f / (Count - 1) : 1f;
        Span<float> mean = Mean.AsSpan(first, sample.Length), variance = Variance.AsSpan(first, sample.Length);
        for (int i = 0; i < sample.Length; i++)
        {
            float before = sample[i] - mean[i];
            mean[i] += before * share;
            variance[i] = (variance[i] + (before * (sample[i] - mean[i]))) * scale;
        }
    }
}

namespace Gqn.Native.Training;

/// <summary>The predictions of several prior samples for the queries of a batch: the first of them, their mean and
/// their variance.</summary>
/// <remarks>
/// Each sample is the mean image of one draw of the latents, clipped to [0, 1]. A single sample is an image that the
/// model considers plausible; the mean of all need not be, but has the smallest squared error. At every pixel, the mean
/// squared error of K samples is the squared error of their mean plus (1 − 1/K) times their variance.
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

    /// <summary>K, the number of samples.</summary>
    public int Count { get; }

    /// <summary>The first sample of each query, as predicted by <see cref="Evaluator.Predict"/>.</summary>
    public float[] First { get; }

    /// <summary>The mean of the samples of each query.</summary>
    public float[] Mean { get; }

    /// <summary>Σ (sample − mean)² / (K − 1) of each value of each image.</summary>
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

    /// <summary>Adds sample <paramref name="number"/>, counted from 0, of some of the queries, by Welford's
    /// recurrence.</summary>
    /// <param name="number">Its number; each query's must be added in order, and the last completes the
    /// variance.</param>
    /// <param name="first">The offset of these queries in the arrays.</param>
    /// <param name="sample">The images of the sample.</param>
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

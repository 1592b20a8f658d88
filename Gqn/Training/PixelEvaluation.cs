using System.Text.Json.Serialization;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>The metrics of predictions at a subset of the queries' pixels: those that show what some context shows, or
/// the others.</summary>
/// <param name="Share">The fraction of all pixels that these are.</param>
/// <param name="Prediction">Mean squared error of one prior sample at these pixels.</param>
/// <param name="MeanOfSamples">Mean squared error of the mean of the samples at these pixels.</param>
/// <param name="SampleVariance">Variance of the samples, averaged over these pixels and the channels.</param>
public sealed record PixelEvaluation(double Share, double Prediction, double MeanOfSamples, double SampleVariance)
{
    /// <summary>The same metrics at those of these pixels whose centres show an object; null if there are none, or if the
    /// objects are unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PixelEvaluation? Objects { get; init; }

    /// <summary>Evaluates the pixels of one kind.</summary>
    /// <param name="pixels">The kind of each pixel.</param>
    /// <param name="kind">The kind to evaluate.</param>
    /// <param name="samples">The predictions, three numbers per pixel.</param>
    /// <param name="truth">The true images.</param>
    /// <param name="parts">What each pixel shows, 0 if not an object; empty if unknown.</param>
    /// <returns>The metrics, or null if no pixel is of this kind.</returns>
    /// <exception cref="ArgumentException">The counts of pixels differ.</exception>
    public static PixelEvaluation? Of(
        ReadOnlySpan<PixelVisibility> pixels, PixelVisibility kind, PredictionSamples samples,
        ReadOnlySpan<float> truth, ReadOnlySpan<byte> parts = default)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (truth.Length != samples.First.Length || pixels.Length * 3L != truth.Length
            || (!parts.IsEmpty && parts.Length != pixels.Length))
        {
            throw new ArgumentException(
                $"{pixels.Length} pixels, {truth.Length} true and {samples.First.Length} predicted numbers: "
                + "there must be three of both for each pixel.", nameof(pixels));
        }

        bool[] all = new bool[pixels.Length], objects = new bool[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            all[i] = pixels[i] == kind;
            objects[i] = all[i] && !parts.IsEmpty && parts[i] != 0;
        }

        return Of(all, samples, truth) is { } whole ? whole with { Objects = Of(objects, samples, truth) } : null;
    }

    private static PixelEvaluation? Of(bool[] chosen, PredictionSamples samples, ReadOnlySpan<float> truth)
    {
        double prediction = 0, mean = 0, variance = 0;
        long values = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            if (!chosen[i / 3])
                continue;
            double ofFirst = (double)samples.First[i] - truth[i], ofMean = (double)samples.Mean[i] - truth[i];
            prediction += ofFirst * ofFirst;
            mean += ofMean * ofMean;
            variance += samples.Variance[i];
            values++;
        }

        return values == 0
            ? null
            : new PixelEvaluation(
                (double)values / truth.Length, prediction / values, mean / values, variance / values);
    }
}

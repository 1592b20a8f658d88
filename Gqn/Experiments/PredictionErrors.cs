using Gqn.Native.Imaging;

namespace Gqn.Native.Experiments;

/// <summary>The errors of one kind of answer, image by image.</summary>
/// <param name="scenes">The number of images, one per scene.</param>
/// <param name="size">Height and width of the images, in pixels.</param>
internal sealed class PredictionErrors(int scenes, int size)
{
    private int _count;

    /// <summary>The mean squared error of each image, for values in [0, 1].</summary>
    public double[] MeanSquares { get; } = new double[scenes];

    /// <summary>255 times the root of the mean squared error of each image.</summary>
    public double[] RootMeanSquares { get; } = new double[scenes];

    /// <summary>255 times the mean absolute error of each image.</summary>
    public double[] Absolutes { get; } = new double[scenes];

    /// <summary>The PSNR of each image in dB; infinite for equal images.</summary>
    public double[] SignalToNoise { get; } = new double[scenes];

    /// <summary>The SSIM of each image; null for images smaller than its window.</summary>
    public double[]? Similarities { get; } = size < ImageMetrics.WindowSize ? null : new double[scenes];

    /// <summary>The sum of squared errors over the values of each image's object pixels.</summary>
    public double[] ObjectSquares { get; } = new double[scenes];

    /// <summary>The number of values of each image's object pixels.</summary>
    public double[] ObjectValues { get; } = new double[scenes];

    /// <summary>Whether any pixel is known to show an object.</summary>
    public bool HasObjects => ObjectValues.Any(values => values > 0);

    /// <summary>Adds the answers for the next images.</summary>
    /// <param name="answers">The answers, in [0, 1].</param>
    /// <param name="truth">The true images.</param>
    /// <param name="parts">What each pixel shows, 0 if not an object; empty if unknown.</param>
    public void Add(ReadOnlySpan<float> answers, ReadOnlySpan<float> truth, ReadOnlySpan<byte> parts)
    {
        int length = size * size * 3;
        for (int first = 0; first < truth.Length; first += length)
        {
            int scene = _count++;
            var answer = answers.Slice(first, length);
            var wanted = truth.Slice(first, length);
            MeanSquares[scene] = ImageMetrics.MeanSquaredError(answer, wanted);
            RootMeanSquares[scene] = ImageMetrics.RootMeanSquaredError(answer, wanted);
            Absolutes[scene] = ImageMetrics.MeanAbsoluteError(answer, wanted);
            SignalToNoise[scene] = ImageMetrics.PeakSignalToNoise(answer, wanted);
            if (Similarities is not null)
                Similarities[scene] = ImageMetrics.StructuralSimilarity(answer, wanted, size, size);
            if (parts.IsEmpty)
                continue;
            var shown = parts.Slice(first / 3, length / 3);
            if (ImageMetrics.ObjectMeanSquaredError(answer, wanted, shown) is { } error)
            {
                ObjectValues[scene] = 3 * (shown.Length - shown.Count((byte)0));
                ObjectSquares[scene] = error * ObjectValues[scene];
            }
        }
    }

    /// <summary>The rows of the table, with the same numbers of the baselines.</summary>
    /// <param name="bootstrap">Makes the intervals.</param>
    /// <param name="condition">What the model was given.</param>
    /// <param name="baselines">The errors of other answers, by their names.</param>
    public IEnumerable<ResultRow> Rows(
        Bootstrap bootstrap, string condition, IReadOnlyDictionary<string, PredictionErrors> baselines)
    {
        yield return Row("MSE", errors => bootstrap.Mean(errors.MeanSquares));
        if (HasObjects)
            yield return Row("object MSE", errors => bootstrap.Ratio(errors.ObjectSquares, errors.ObjectValues));
        yield return Row("RMSE of 255", errors => bootstrap.Mean(errors.RootMeanSquares));
        yield return Row("MAE of 255", errors => bootstrap.Mean(errors.Absolutes));
        yield return Row("PSNR, dB", errors => bootstrap.Mean(errors.SignalToNoise));
        if (Similarities is not null)
            yield return Row("SSIM", errors => bootstrap.Mean(errors.Similarities!));

        ResultRow Row(string measure, Func<PredictionErrors, Estimate> estimate) => new(
            condition, measure, estimate(this),
            baselines.ToDictionary(baseline => baseline.Key, baseline => estimate(baseline.Value)));
    }
}

namespace Gqn.Native.Imaging;

/// <summary>The metrics of a predicted image against the true one.</summary>
/// <param name="MeanSquaredError">Mean of (a − b)² for values in [0, 1].</param>
/// <param name="RootMeanSquaredError">255 · √(mean squared error), in grey levels.</param>
/// <param name="MeanAbsoluteError">255 · mean of |a − b|, in grey levels.</param>
/// <param name="PeakSignalToNoise">−10 · log₁₀(mean squared error), in dB; infinite for equal images.</param>
/// <param name="StructuralSimilarity">Mean structural similarity (SSIM), at most 1.</param>
/// <param name="ObjectMeanSquaredError">Mean squared error over the pixels whose centres show an object, which exposes
/// a model that draws only empty rooms; null if no object is visible, or if the objects are unknown.</param>
public readonly record struct ImageQuality(
    double MeanSquaredError,
    double RootMeanSquaredError,
    double MeanAbsoluteError,
    double PeakSignalToNoise,
    double StructuralSimilarity,
    double? ObjectMeanSquaredError = null);

/// <summary>Metrics of the difference between images with values in [0, 1], height × width × channels.</summary>
/// <remarks>Values are not clipped: clip a prediction before measuring. Sums are in double precision.</remarks>
public static class ImageMetrics
{
    /// <summary>The side of the window of SSIM, in pixels; it is undefined for smaller images.</summary>
    public const int WindowSize = 11;

    private const double WindowSigma = 1.5;
    private const double C1 = 0.01 * 0.01;
    private const double C2 = 0.03 * 0.03;

    private static readonly double[] Window = GaussianWindow();

    /// <summary>Mean of (a − b)².</summary>
    /// <exception cref="ArgumentException">The images are empty or differ in size.</exception>
    public static double MeanSquaredError(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        CheckSizes(a, b);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = (double)a[i] - b[i];
            sum += difference * difference;
        }

        return sum / a.Length;
    }

    /// <summary>Mean of (a − b)² over the pixels that show an object.</summary>
    /// <param name="a">Images with three values per pixel.</param>
    /// <param name="b">Images of the same size.</param>
    /// <param name="parts">What each pixel shows: 0 for the surroundings, from 1 on for the objects.</param>
    /// <returns>The error, or null if no pixel shows an object.</returns>
    /// <exception cref="ArgumentException">The images are empty or differ in size, or there is not one part per
    /// pixel.</exception>
    public static double? ObjectMeanSquaredError(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<byte> parts)
    {
        CheckSizes(a, b);
        if (parts.Length * 3L != a.Length)
        {
            throw new ArgumentException(
                $"Pictures of {a.Length} values have {a.Length / 3} parts, not {parts.Length}.", nameof(parts));
        }

        double sum = 0;
        long values = 0;
        for (int pixel = 0; pixel < parts.Length; pixel++)
        {
            if (parts[pixel] == 0)
                continue;
            for (int i = pixel * 3; i < (pixel * 3) + 3; i++)
            {
                double difference = (double)a[i] - b[i];
                sum += difference * difference;
            }

            values += 3;
        }

        return values == 0 ? null : sum / values;
    }

    /// <summary>255 · √(mean of (a − b)²), in grey levels.</summary>
    /// <exception cref="ArgumentException">The images are empty or differ in size.</exception>
    public static double RootMeanSquaredError(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
        255 * Math.Sqrt(MeanSquaredError(a, b));

    /// <summary>255 · mean of |a − b|, in grey levels.</summary>
    /// <exception cref="ArgumentException">The images are empty or differ in size.</exception>
    public static double MeanAbsoluteError(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        CheckSizes(a, b);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += Math.Abs((double)a[i] - b[i]);
        return 255 * sum / a.Length;
    }

    /// <summary>−10 · log₁₀(mean of (a − b)²), in dB for a peak of 1; positive infinity for equal images.</summary>
    /// <remarks>For a batch, average over the images: the value of all at once is dominated by the worst.</remarks>
    /// <exception cref="ArgumentException">The images are empty or differ in size.</exception>
    public static double PeakSignalToNoise(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double error = MeanSquaredError(a, b);
        return error == 0 ? double.PositiveInfinity : -10 * Math.Log10(error);
    }

    /// <summary>
    /// Mean of (2μₐμᵦ + C₁)(2σₐᵦ + C₂) / ((μₐ² + μᵦ² + C₁)(σₐ² + σᵦ² + C₂)) over windows and channels.
    /// </summary>
    /// <remarks>
    /// Wang, Bovik, Sheikh and Simoncelli 2004: an 11×11 Gaussian window of σ = 1.5 at all positions inside the image,
    /// weighted moments, C₁ = 0.01², C₂ = 0.03² for values in [0, 1]; channels are measured separately, then averaged.
    /// </remarks>
    /// <param name="a">One image, height × width × channels.</param>
    /// <param name="b">The other image; the metric is symmetric.</param>
    /// <param name="width">Width in pixels, at least <see cref="WindowSize"/>.</param>
    /// <param name="height">Height in pixels, at least <see cref="WindowSize"/>.</param>
    /// <param name="channels">Values per pixel.</param>
    /// <exception cref="ArgumentException">The sizes do not agree, or are smaller than the window.</exception>
    public static double StructuralSimilarity(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width, int height, int channels = 3)
    {
        CheckSizes(a, b);
        if (width < WindowSize || height < WindowSize)
        {
            throw new ArgumentException(
                $"Structural similarity needs {WindowSize}x{WindowSize} pixels, the pictures have {width}x{height}.");
        }

        if ((long)width * height * channels != a.Length)
        {
            throw new ArgumentException(
                $"Pictures of {a.Length} values are not {width} x {height} pixels of {channels} channels.");
        }

        double sum = 0;
        double[] planeA = new double[width * height];
        double[] planeB = new double[width * height];
        for (int channel = 0; channel < channels; channel++)
        {
            for (int i = 0; i < planeA.Length; i++)
            {
                planeA[i] = a[(i * channels) + channel];
                planeB[i] = b[(i * channels) + channel];
            }

            sum += PlaneSimilarity(planeA, planeB, width);
        }

        return sum / channels;
    }

    /// <summary>All metrics of one predicted image of three channels, without objects.</summary>
    /// <exception cref="ArgumentException">The sizes do not agree, or are smaller than the window.</exception>
    public static ImageQuality Compare(
        ReadOnlySpan<float> prediction, ReadOnlySpan<float> truth, int width, int height) => new(
            MeanSquaredError(prediction, truth),
            RootMeanSquaredError(prediction, truth),
            MeanAbsoluteError(prediction, truth),
            PeakSignalToNoise(prediction, truth),
            StructuralSimilarity(prediction, truth, width, height));

    private static double PlaneSimilarity(double[] a, double[] b, int width)
    {
        double[] meanA = Blur(a, a, width, useSecond: false);
        double[] meanB = Blur(b, b, width, useSecond: false);
        double[] squareA = Blur(a, a, width, useSecond: true);
        double[] squareB = Blur(b, b, width, useSecond: true);
        double[] product = Blur(a, b, width, useSecond: true);
        double sum = 0;
        for (int i = 0; i < meanA.Length; i++)
        {
            double means = meanA[i] * meanB[i];
            double meanSquares = (meanA[i] * meanA[i]) + (meanB[i] * meanB[i]);
            double covariance = product[i] - means;
            double variances = squareA[i] + squareB[i] - meanSquares;
            sum += ((2 * means) + C1) * ((2 * covariance) + C2) / ((meanSquares + C1) * (variances + C2));
        }

        return sum / meanA.Length;
    }

    /// <summary>
    /// The window's weighted mean of a, or of a·b, at all positions inside: a separable filter, rows first.
    /// </summary>
    private static double[] Blur(double[] a, double[] b, int width, bool useSecond)
    {
        int height = a.Length / width;
        int outWidth = width - WindowSize + 1;
        int outHeight = height - WindowSize + 1;
        double[] rows = new double[outWidth * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < outWidth; x++)
            {
                double sum = 0;
                for (int k = 0; k < WindowSize; k++)
                {
                    int at = (y * width) + x + k;
                    sum += Window[k] * (useSecond ? a[at] * b[at] : a[at]);
                }

                rows[(y * outWidth) + x] = sum;
            }
        }

        double[] result = new double[outWidth * outHeight];
        for (int i = 0; i < result.Length; i++)
        {
            for (int k = 0; k < WindowSize; k++)
                result[i] += Window[k] * rows[i + (k * outWidth)];
        }

        return result;
    }

    private static double[] GaussianWindow()
    {
        double[] window = new double[WindowSize];
        double sum = 0;
        for (int i = 0; i < WindowSize; i++)
        {
            double distance = i - (WindowSize / 2);
            sum += window[i] = Math.Exp(-distance * distance / (2 * WindowSigma * WindowSigma));
        }

        for (int i = 0; i < WindowSize; i++)
            window[i] /= sum;
        return window;
    }

    private static void CheckSizes(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length || a.IsEmpty)
            throw new ArgumentException($"Pictures of {a.Length} and {b.Length} values cannot be compared.");
    }
}

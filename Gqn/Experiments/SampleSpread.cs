using Gqn.Native.Scenes;

namespace Gqn.Native.Experiments;

/// <summary>The variance of a model's samples at pixels of several kinds, scene by scene.</summary>
internal sealed class SampleSpread
{
    private readonly PixelSums _hidden = new(), _visible = new(), _hiddenObjects = new(), _visibleObjects = new();
    private readonly PixelSums _revealedBefore = new(), _revealedAfter = new();
    private readonly PixelSums _error = new(), _meanImageError = new();

    /// <summary>The number of scenes added.</summary>
    public int Scenes { get; private set; }

    /// <summary>Adds a scene; arrays of images have three values per pixel.</summary>
    /// <param name="fromContext">Which pixels show what the context shows.</param>
    /// <param name="fromAdded">Which pixels show what the added view shows.</param>
    /// <param name="parts">What each pixel shows, 0 if not an object.</param>
    /// <param name="variance">The variance of the samples from the context alone.</param>
    /// <param name="varianceWithAdded">The variance of the samples from both views.</param>
    /// <param name="squaredError">The squared error of the mean of the samples from the context alone.</param>
    /// <param name="meanImageError">The squared error of the mean training image.</param>
    public void Add(
        PixelVisibility[] fromContext, PixelVisibility[] fromAdded, byte[] parts, float[] variance,
        float[] varianceWithAdded, float[] squaredError, float[] meanImageError)
    {
        Scenes++;
        Mask hidden = pixel => fromContext[pixel] == PixelVisibility.Hidden;
        Mask visible = pixel => fromContext[pixel] == PixelVisibility.Visible;
        Mask revealed = pixel => OccludedScene.IsRevealed(fromContext[pixel], fromAdded[pixel]);
        _hidden.Add(variance, hidden);
        _visible.Add(variance, visible);
        _hiddenObjects.Add(variance, pixel => hidden(pixel) && parts[pixel] != 0);
        _visibleObjects.Add(variance, pixel => visible(pixel) && parts[pixel] != 0);
        _revealedBefore.Add(variance, revealed);
        _revealedAfter.Add(varianceWithAdded, revealed);
        _error.Add(squaredError, visible);
        _meanImageError.Add(meanImageError, visible);
    }

    /// <summary>The table and the findings.</summary>
    /// <param name="bootstrap">Makes the intervals.</param>
    /// <param name="leastRatio">The least ratio of the variance at hidden pixels to that at visible ones.</param>
    /// <param name="leastSpread">The least standard deviation at hidden pixels, in grey levels, of samples that differ
    /// at all.</param>
    public (IReadOnlyList<ResultRow> Rows, IReadOnlyList<Finding> Findings) Judge(
        Bootstrap bootstrap, double leastRatio, double leastSpread)
    {
        const string Alone = "1 context", Both = "a view added";
        var ratio = bootstrap.Of(scenes => _hidden.Mean(scenes) / _visible.Mean(scenes));
        var deviation = bootstrap.Of(scenes => 255 * Math.Sqrt(_hidden.Mean(scenes)));
        var before = _revealedBefore.Estimate(bootstrap);
        var after = _revealedAfter.Estimate(bootstrap);
        var rows = new List<ResultRow>
        {
            new(Alone, "share of hidden pixels", bootstrap.Of(scenes =>
                _hidden.Count(scenes) / (_hidden.Count(scenes) + _visible.Count(scenes)))),
            new(Alone, "variance, hidden pixels", _hidden.Estimate(bootstrap)),
            new(Alone, "variance, visible pixels", _visible.Estimate(bootstrap)),
            new(Alone, "hidden / visible", ratio),
            new(Alone, "deviation of 255, hidden pixels", deviation),
        };
        if (_hiddenObjects.Any && _visibleObjects.Any)
        {
            rows.Add(new(Alone, "variance, hidden objects", _hiddenObjects.Estimate(bootstrap)));
            rows.Add(new(Alone, "variance, visible objects", _visibleObjects.Estimate(bootstrap)));
            rows.Add(new(Alone, "hidden / visible objects", bootstrap.Of(scenes =>
                _hiddenObjects.Mean(scenes) / _visibleObjects.Mean(scenes))));
        }

        rows.Add(new(Alone, "variance, revealed pixels", before));
        rows.Add(new(Both, "variance, revealed pixels", after));
        rows.Add(new(Both, "of that with 1 context", bootstrap.Of(scenes =>
            _revealedAfter.Mean(scenes) / _revealedBefore.Mean(scenes))));
        List<Finding> findings =
        [
            new Finding(
                "the lead in MSE over the mean image at visible pixels",
                bootstrap.Of(scenes => _meanImageError.Mean(scenes) - _error.Mean(scenes)), Above: 0)
            {
                IsPrerequisite = true,
            },
            new Finding(
                "the standard deviation of samples at hidden pixels", deviation, Above: leastSpread)
            {
                IsPrerequisite = true,
                Unit = "grey levels of 255",
            },
            new Finding(
                "the variance at hidden pixels as a multiple of that at visible ones", ratio, Above: leastRatio),
            new Finding(
                "the fall of the variance at hidden pixels when a view shows them",
                bootstrap.Of(scenes => _revealedBefore.Mean(scenes) - _revealedAfter.Mean(scenes)), Above: 0),
        ];
        return (rows, findings);
    }

    /// <summary>Whether a pixel counts.</summary>
    private delegate bool Mask(int pixel);

    /// <summary>Sums over the chosen pixels of each scene.</summary>
    private sealed class PixelSums
    {
        private readonly List<double> _sums = [], _counts = [];

        public bool Any => _counts.Any(count => count > 0);

        public void Add(float[] values, Mask mask)
        {
            double sum = 0;
            int count = 0;
            for (int pixel = 0; pixel < values.Length / 3; pixel++)
            {
                if (!mask(pixel))
                    continue;
                sum += ((double)values[pixel * 3] + values[(pixel * 3) + 1] + values[(pixel * 3) + 2]) / 3;
                count++;
            }

            _sums.Add(sum);
            _counts.Add(count);
        }

        public double Count(ReadOnlySpan<int> scenes) => Bootstrap.Sum(_counts, scenes);

        public double Mean(ReadOnlySpan<int> scenes) => Bootstrap.Sum(_sums, scenes) / Count(scenes);

        public Estimate Estimate(Bootstrap bootstrap) => bootstrap.Ratio(_sums, _counts);
    }
}

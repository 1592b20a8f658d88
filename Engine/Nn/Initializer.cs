namespace Gqn.Native.Engine;

/// <summary>How a parameter is initialised.</summary>
public abstract class Initializer
{
    /// <summary>All zeros.</summary>
    public static Initializer Zeros { get; } = new FilledRange(0f, 0, 0);

    /// <summary>
    /// Zero, but <paramref name="value"/> in elements [<paramref name="first"/>, <paramref name="first"/> +
    /// <paramref name="count"/>).
    /// </summary>
    public static Initializer Range(float value, int first, int count) => new FilledRange(value, first, count);

    /// <summary>Normal with standard deviation 1/√fanIn; values beyond two deviations are redrawn.</summary>
    /// <param name="fanIn">Number of inputs summed into one output.</param>
    public static Initializer TruncatedNormal(int fanIn) => new Truncated(1f / MathF.Sqrt(fanIn));

    /// <summary>
    /// A truncated normal with standard deviation √2 / √fanIn after truncation, which preserves the scale of a signal
    /// through a ReLU (He et al. 2015): truncation at two deviations reduces a standard deviation of 1 to 0.88.
    /// </summary>
    /// <param name="fanIn">Number of inputs summed into one output.</param>
    public static Initializer He(int fanIn) => new Truncated(1.6078f / MathF.Sqrt(fanIn));

    /// <summary>Writes the initial values, in logical order.</summary>
    public abstract void Fill(Span<float> values, RandomStream random);

    private sealed class FilledRange(float value, int first, int count) : Initializer
    {
        public override void Fill(Span<float> values, RandomStream random)
        {
            values.Clear();
            values.Slice(first, count).Fill(value);
        }
    }

    private sealed class Truncated(float deviation) : Initializer
    {
        public override void Fill(Span<float> values, RandomStream random)
        {
            for (int i = 0; i < values.Length; i++)
            {
                float normal;
                do
                    normal = random.NextNormal();
                while (MathF.Abs(normal) > 2f);
                values[i] = deviation * normal;
            }
        }
    }
}

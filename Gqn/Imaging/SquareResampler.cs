namespace Gqn.Native.Imaging;

/// <summary>Resizes square images: by area averaging when shrinking, by bilinear interpolation when
/// enlarging.</summary>
/// <remarks>All weights are integers, so the result is the same on every machine. Not thread-safe.</remarks>
public sealed class SquareResampler
{
    private const int Channels = 3;

    // New pixel i = Σₖ _weights[i, k] · old pixel (_first[i] + k) / _total.
    private readonly int[] _first;
    private readonly int[,] _weights;
    private readonly int _total;
    private readonly int[] _columns;

    /// <summary>Prepares the weights.</summary>
    /// <param name="from">Height and width of the source images, in pixels.</param>
    /// <param name="to">Height and width of the resized images, in pixels.</param>
    public SquareResampler(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(to);
        (From, To) = (from, to);
        _first = new int[to];
        (_weights, _total) = to < from ? AreaWeights() : LinearWeights();
        _columns = new int[from * to * Channels];
    }

    /// <summary>Height and width of the source images, in pixels.</summary>
    public int From { get; }

    /// <summary>Height and width of the resized images, in pixels.</summary>
    public int To { get; }

    /// <summary>Resizes an image.</summary>
    /// <param name="source">From × from × 3 bytes.</param>
    /// <param name="target">Receives to × to × 3 bytes.</param>
    /// <exception cref="ArgumentException">A span has a different length.</exception>
    public void Resample(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length != From * From * Channels || target.Length != To * To * Channels)
        {
            throw new ArgumentException(
                $"{source.Length} and {target.Length} bytes are no pictures of {From}x{From} and {To}x{To}.");
        }

        if (From == To)
        {
            source.CopyTo(target);
            return;
        }

        Shorten(source);
        int taps = _weights.GetLength(1), row = To * Channels;
        long area = (long)_total * _total, half = area / 2;
        for (int y = 0; y < To; y++)
        {
            for (int x = 0; x < row; x++)
            {
                long sum = half;
                for (int k = 0; k < taps && _weights[y, k] > 0; k++)
                    sum += (long)_weights[y, k] * _columns[((_first[y] + k) * row) + x];
                target[(y * row) + x] = (byte)(sum / area);
            }
        }
    }

    /// <summary>Resizes every row to its new length.</summary>
    private void Shorten(ReadOnlySpan<byte> source)
    {
        int taps = _weights.GetLength(1);
        for (int y = 0; y < From; y++)
        {
            var row = source.Slice(y * From * Channels, From * Channels);
            var target = _columns.AsSpan(y * To * Channels, To * Channels);
            for (int x = 0; x < To; x++)
            {
                for (int c = 0; c < Channels; c++)
                {
                    int sum = 0;
                    for (int k = 0; k < taps && _weights[x, k] > 0; k++)
                        sum += _weights[x, k] * row[((_first[x] + k) * Channels) + c];
                    target[(x * Channels) + c] = sum;
                }
            }
        }
    }

    /// <summary>In units where old pixels have width To and new ones width From, all borders are integers.</summary>
    private (int[,] Weights, int Total) AreaWeights()
    {
        int[,] weights = new int[To, (From / To) + 2];
        for (int i = 0; i < To; i++)
        {
            int low = i * From, high = low + From;
            _first[i] = low / To;
            for (int k = 0; (_first[i] + k) * To < high; k++)
            {
                int pixel = (_first[i] + k) * To;
                weights[i, k] = Math.Min(pixel + To, high) - Math.Max(pixel, low);
            }
        }

        return (weights, From);
    }

    /// <summary>The centre of new pixel i lies at (2i + 1)·From − To, in units of 1/(2·To) old pixels; beyond the
    /// outermost centres, edge pixels are repeated.</summary>
    private (int[,] Weights, int Total) LinearWeights()
    {
        int[,] weights = new int[To, 2];
        int unit = 2 * To;
        for (int i = 0; i < To; i++)
        {
            int centre = Math.Clamp((((2 * i) + 1) * From) - To, 0, (From - 1) * unit);
            (_first[i], int beyond) = Math.DivRem(centre, unit);
            (weights[i, 0], weights[i, 1]) = (unit - beyond, beyond);
        }

        return (weights, unit);
    }
}

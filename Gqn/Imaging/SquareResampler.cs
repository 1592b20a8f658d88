namespace Gqn.Native.Imaging;

/// <summary>Gives square pictures another size: by the mean over the area of each new pixel where they shrink, between
/// the four nearest pixels where they grow.</summary>
/// <remarks>All weights are whole numbers, so the bytes are the same on every machine. Not safe for use by several
/// threads at once.</remarks>
public sealed class SquareResampler
{
    private const int Channels = 3;

    // New pixel i is the sum of _weights[i, k] times old pixel _first[i] + k, by _total.
    private readonly int[] _first;
    private readonly int[,] _weights;
    private readonly int _total;
    private readonly int[] _columns;

    /// <summary>Prepares the weights.</summary>
    /// <param name="from">Height and width of the pictures to come, in pixels.</param>
    /// <param name="to">Height and width that they get.</param>
    public SquareResampler(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(to);
        (From, To) = (from, to);
        _first = new int[to];
        (_weights, _total) = to < from ? AreaWeights() : LinearWeights();
        _columns = new int[from * to * Channels];
    }

    /// <summary>Height and width of the old pictures.</summary>
    public int From { get; }

    /// <summary>Height and width of the new pictures.</summary>
    public int To { get; }

    /// <summary>Gives a picture its new size.</summary>
    /// <param name="source">From × from × 3 bytes.</param>
    /// <param name="target">Receives to × to × 3 bytes.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
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

    /// <summary>Gives every row its new length.</summary>
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

    /// <summary>With old pixels of width to and new ones of width from, all borders are whole numbers.</summary>
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

    /// <summary>The centre of new pixel i lies at (2i + 1)·from − to, in parts of which 2·to make an old pixel; beyond
    /// the outermost centres the picture goes on as it ends.</summary>
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

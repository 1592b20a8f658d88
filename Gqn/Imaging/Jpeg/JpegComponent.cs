namespace Gqn.Native.Imaging;

/// <summary>One of the colour components of a JPEG picture.</summary>
internal sealed class JpegComponent
{
    /// <summary>Its name in the file.</summary>
    public int Id { get; set; }

    /// <summary>Blocks of an interleaved unit, horizontally.</summary>
    public int Horizontal { get; set; }

    /// <summary>Blocks of an interleaved unit, vertically.</summary>
    public int Vertical { get; set; }

    /// <summary>The number of its quantisation table.</summary>
    public int Quantisation { get; set; }

    /// <summary>Its samples per row of the picture, those of incomplete blocks left out.</summary>
    public int Width { get; set; }

    /// <summary>Its rows of samples, those of incomplete blocks left out.</summary>
    public int Height { get; set; }

    /// <summary>From one row of <see cref="Samples"/> to the next.</summary>
    public int Stride { get; set; }

    /// <summary>Its samples, in whole blocks.</summary>
    public byte[] Samples { get; private set; } = [];

    /// <summary>The code of the scan's lowest frequencies.</summary>
    public JpegHuffmanTable Dc { get; set; } = null!;

    /// <summary>The code of the scan's other frequencies.</summary>
    public JpegHuffmanTable Ac { get; set; } = null!;

    /// <summary>The lowest frequency of the block before.</summary>
    public int Prediction { get; set; }

    /// <summary>Whether a scan has brought it.</summary>
    public bool IsDecoded { get; set; }

    /// <summary>Makes room.</summary>
    public void Allocate(int stride, int rows)
    {
        Stride = stride;
        IsDecoded = false;
        if (Samples.Length < stride * rows)
            Samples = new byte[stride * rows];
    }
}

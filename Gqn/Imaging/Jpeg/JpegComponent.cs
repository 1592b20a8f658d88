namespace Gqn.Native.Imaging;

/// <summary>One of the colour components of a JPEG image.</summary>
internal sealed class JpegComponent
{
    /// <summary>The component's identifier in the file.</summary>
    public int Id { get; set; }

    /// <summary>Horizontal sampling factor: blocks per interleaved unit (MCU) in a row.</summary>
    public int Horizontal { get; set; }

    /// <summary>Vertical sampling factor: blocks per interleaved unit (MCU) in a column.</summary>
    public int Vertical { get; set; }

    /// <summary>The number of the component's quantisation table.</summary>
    public int Quantisation { get; set; }

    /// <summary>The number of samples per row, without the padding of incomplete blocks.</summary>
    public int Width { get; set; }

    /// <summary>The number of rows of samples, without the padding of incomplete blocks.</summary>
    public int Height { get; set; }

    /// <summary>The distance from one row of <see cref="Samples"/> to the next.</summary>
    public int Stride { get; set; }

    /// <summary>The samples, in whole blocks.</summary>
    public byte[] Samples { get; private set; } = [];

    /// <summary>The Huffman code of the scan's DC coefficients.</summary>
    public JpegHuffmanTable Dc { get; set; } = null!;

    /// <summary>The Huffman code of the scan's AC coefficients.</summary>
    public JpegHuffmanTable Ac { get; set; } = null!;

    /// <summary>The DC coefficient of the previous block, which predicts the next.</summary>
    public int Prediction { get; set; }

    /// <summary>Whether a scan has decoded the component.</summary>
    public bool IsDecoded { get; set; }

    /// <summary>Allocates the samples, or reuses their memory, and marks the component as not decoded.</summary>
    public void Allocate(int stride, int rows)
    {
        Stride = stride;
        IsDecoded = false;
        if (Samples.Length < stride * rows)
            Samples = new byte[stride * rows];
    }
}

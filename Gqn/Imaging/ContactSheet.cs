namespace Gqn.Native.Imaging;

/// <summary>A table of small pictures, one scene per row: such as contexts, truth, prediction and samples.</summary>
/// <remarks>Small pictures are enlarged without interpolation, so that their pixels can be seen.</remarks>
public sealed class ContactSheet
{
    private const int Gap = 4;
    private const int HeaderHeight = PixelFont.Height + Gap + (Gap / 2);

    private static readonly Rgb Background = new(24, 24, 28);
    private static readonly Rgb Frame = new(96, 96, 104);
    private static readonly Rgb Ink = new(232, 232, 232);

    private readonly string[] _labels;
    private readonly int _width;
    private readonly int _height;
    private readonly int _scale;
    private readonly List<RgbImage?[]> _rows = [];

    /// <summary>Creates a sheet without rows.</summary>
    /// <param name="labels">The headings of the columns; one that is too long for its column is truncated.</param>
    /// <param name="width">Width of each picture, in pixels.</param>
    /// <param name="height">Height of each picture, in pixels.</param>
    /// <exception cref="ArgumentException">There is no column, or a size is not positive.</exception>
    public ContactSheet(IReadOnlyList<string> labels, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (labels.Count == 0)
            throw new ArgumentException("A contact sheet needs a column.", nameof(labels));
        _labels = [.. labels];
        _width = width;
        _height = height;
        _scale = Math.Max(width, height) switch { <= 16 => 6, <= 32 => 3, <= 64 => 2, _ => 1 };
    }

    private int CellWidth => (_width * _scale) + Gap;

    private int CellHeight => (_height * _scale) + Gap;

    /// <summary>Adds a row of pictures with values in [0, 1], height × width × 3 each.</summary>
    /// <param name="pictures">One for each column; an empty or missing one leaves its cell blank.</param>
    /// <exception cref="ArgumentException">There are more pictures than columns, or a size differs.</exception>
    public void AddRow(IReadOnlyList<ReadOnlyMemory<float>> pictures)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        if (pictures.Count > _labels.Length)
        {
            throw new ArgumentException(
                $"A row of {pictures.Count} pictures does not fit {_labels.Length} columns.", nameof(pictures));
        }

        var row = new RgbImage?[pictures.Count];
        for (int i = 0; i < row.Length; i++)
        {
            if (!pictures[i].IsEmpty)
                row[i] = RgbImage.FromUnit(pictures[i].Span, _width, _height).Enlarged(_scale);
        }

        _rows.Add(row);
    }

    /// <summary>Draws the headings and all rows.</summary>
    public RgbImage Render()
    {
        var sheet = new RgbImage(Gap + (_labels.Length * CellWidth), HeaderHeight + (_rows.Count * CellHeight));
        sheet.Fill(Background);
        int longest = CellWidth / PixelFont.Advance;
        for (int column = 0; column < _labels.Length; column++)
        {
            string label = _labels[column];
            if (label.Length > longest)
                label = label[..longest];
            sheet.DrawText(Gap + (column * CellWidth), Gap, label, Ink);
        }

        for (int row = 0; row < _rows.Count; row++)
        {
            for (int column = 0; column < _rows[row].Length; column++)
            {
                if (_rows[row][column] is not { } picture)
                    continue;
                int x = Gap + (column * CellWidth);
                int y = HeaderHeight + (row * CellHeight);
                sheet.Draw(picture, x, y);
                sheet.DrawFrame(x - 1, y - 1, picture.Width + 2, picture.Height + 2, Frame);
            }
        }

        return sheet;
    }
}

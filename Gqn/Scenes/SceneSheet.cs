using System.Globalization;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>A contact sheet of scenes: in each row a scene's numbered views, in two lines, and beside them its floor
/// plan with the cameras numbered alike.</summary>
public sealed class SceneSheet
{
    /// <summary>Small views are enlarged, without interpolation, to at most this many pixels per side.</summary>
    private const int ShownSide = 128;

    private const int Lines = 2, Gap = 4, Strip = PixelFont.Height + 3;

    private static readonly Rgb Background = new(24, 24, 28), Ink = new(232, 232, 232);

    private readonly string _title;
    private readonly int _scale;
    private readonly int _columns;
    private readonly List<Row> _rows = [];

    /// <summary>Creates a sheet without scenes.</summary>
    /// <param name="title">The title at the top of the sheet.</param>
    /// <param name="views">The number of views that fit each row.</param>
    /// <param name="size">Height and width of a view, in pixels.</param>
    public SceneSheet(string title, int views, int size)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(views);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        (_title, ViewSize) = (title, size);
        _scale = Math.Max(ShownSide / size, 1);
        _columns = (views + Lines - 1) / Lines;
        PlanSize = Math.Clamp((Lines * CellHeight) - Strip - Gap, Scene.MinImageSize, Scene.MaxImageSize);
    }

    /// <summary>Height and width of a view, in pixels.</summary>
    public int ViewSize { get; }

    /// <summary>The side of a plan that fills a row, in pixels.</summary>
    public int PlanSize { get; }

    private int CellWidth => (ViewSize * _scale) + Gap;

    private int CellHeight => Strip + (ViewSize * _scale) + Gap;

    /// <summary>Adds a scene.</summary>
    /// <param name="title">The title above the plan.</param>
    /// <param name="views">The views, numbered from 1; at most as many as fit the row.</param>
    /// <param name="plan">The floor plan, with a side of <see cref="PlanSize"/>.</param>
    /// <exception cref="ArgumentException">There are too many views, or a view or the plan differs in size.</exception>
    public void Add(string title, IReadOnlyList<RgbImage> views, RgbImage plan)
    {
        ArgumentNullException.ThrowIfNull(views);
        ArgumentNullException.ThrowIfNull(plan);
        if (views.Count > _columns * Lines)
            throw new ArgumentException($"{views.Count} views do not fit a row of {_columns * Lines}.", nameof(views));
        foreach (var view in views)
        {
            if (view.Width != ViewSize || view.Height != ViewSize)
            {
                throw new ArgumentException(
                    $"A view has {view.Width}x{view.Height} pixels, not {ViewSize}x{ViewSize}.", nameof(views));
            }
        }

        if (plan.Width != PlanSize || plan.Height != PlanSize)
            throw new ArgumentException($"The plan has {plan.Width}x{plan.Height} pixels, not {PlanSize}x{PlanSize}.");
        _rows.Add(new Row(title, [.. views], plan));
    }

    /// <summary>Draws all scenes.</summary>
    public RgbImage Render()
    {
        int rowHeight = Math.Max(Lines * CellHeight, Strip + PlanSize + Gap) + Gap;
        int planLeft = Gap + (_columns * CellWidth);
        var sheet = new RgbImage(planLeft + PlanSize + Gap, Strip + (2 * Gap) + (_rows.Count * rowHeight));
        sheet.Fill(Background);
        sheet.DrawText(Gap, Gap, _title, Ink);
        for (int i = 0; i < _rows.Count; i++)
        {
            int top = Strip + (2 * Gap) + (i * rowHeight);
            var row = _rows[i];
            sheet.DrawText(planLeft, top, row.Title, Ink);
            sheet.Draw(row.Plan, planLeft, top + Strip);
            for (int view = 0; view < row.Views.Length; view++)
            {
                int x = Gap + (view % _columns * CellWidth), y = top + (view / _columns * CellHeight);
                sheet.DrawText(x, y, (view + 1).ToString(CultureInfo.InvariantCulture), Ink);
                sheet.Draw(row.Views[view].Enlarged(_scale), x, y + Strip);
            }
        }

        return sheet;
    }

    private sealed record Row(string Title, RgbImage[] Views, RgbImage Plan);
}

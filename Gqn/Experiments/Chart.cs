using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Gqn.Native.Experiments;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points: a position and an estimate, whose interval is drawn as a band.</param>
public sealed record Curve(string Name, IReadOnlyList<(double X, Estimate Y)> Points);

/// <summary>Charts as SVG documents.</summary>
public static class Chart
{
    private const double Width = 640, Height = 400;
    private const byte BandOpacity = 48;
    private static readonly OxyColor[] Colours =
        [OxyColor.FromRgb(31, 95, 168), OxyColor.FromRgb(200, 80, 20), OxyColor.FromRgb(90, 90, 90)];

    /// <summary>Draws curves with their 95 % intervals as bands; points that are not finite are left out.</summary>
    /// <param name="title">The title of the chart.</param>
    /// <param name="across">What is drawn from left to right, with its unit.</param>
    /// <param name="up">What is drawn upwards, with its unit.</param>
    /// <param name="curves">The curves, at most as many as there are colours: three.</param>
    public static string Curves(string title, string across, string up, IReadOnlyList<Curve> curves)
    {
        ArgumentNullException.ThrowIfNull(curves);
        var model = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White };
        model.Axes.Add(Axis(AxisPosition.Bottom, across));
        model.Axes.Add(Axis(AxisPosition.Left, up));
        model.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop });
        for (int i = 0; i < curves.Count; i++)
        {
            var colour = Colours[i];
            var band = new AreaSeries { Fill = OxyColor.FromAColor(BandOpacity, colour), StrokeThickness = 0 };
            var line = new LineSeries
            {
                Title = curves[i].Name,
                Color = colour,
                MarkerType = MarkerType.Circle,
                MarkerFill = colour,
            };
            foreach (var (x, y) in curves[i].Points)
            {
                if (!double.IsFinite(y.Low) || !double.IsFinite(y.High) || !double.IsFinite(y.Value))
                    continue;
                line.Points.Add(new DataPoint(x, y.Value));
                band.Points.Add(new DataPoint(x, y.Low));
                band.Points2.Add(new DataPoint(x, y.High));
            }

            model.Series.Add(band);
            model.Series.Add(line);
        }

        return new SvgExporter { Width = Width, Height = Height }.ExportToString(model);
    }

    private static LinearAxis Axis(AxisPosition position, string title) =>
        new() { Position = position, Title = title, MajorGridlineStyle = LineStyle.Dot };
}

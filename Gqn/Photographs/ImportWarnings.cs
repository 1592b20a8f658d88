using System.Globalization;
using System.Numerics;

namespace Gqn.Native.Photographs;

/// <summary>What may not be as the user of an import thinks.</summary>
internal static class ImportWarnings
{
    // A mean direction further from z than 45 degrees is no inaccuracy.
    private const float LeastUp = 0.7f;

    // In pixels; less is lost in resampling.
    private const double VisibleShift = 0.5;

    private const double NarrowShare = 0.8;
    // The cameras of the environments here are about 9 units apart.
    private const float LargeExtent = 40, SmallExtent = 0.4f;

    /// <summary>The warnings, a sentence each, without a final full stop.</summary>
    /// <param name="import">The planned import.</param>
    /// <param name="options">Its options.</param>
    /// <param name="leftOut">Sub-folders without poses.</param>
    /// <param name="tangent">The tangent of half the field of view of all views.</param>
    public static IEnumerable<string> Of(
        PhotographImport import, ImportOptions options, IReadOnlyList<string> leftOut, double tangent)
    {
        var photographs = import.Scenes.SelectMany(scene => scene.Photographs).ToArray();
        if (leftOut.Count > 0)
        {
            yield return $"{Several(leftOut.Count, "folder has", "folders have")} no poses and {Be(leftOut.Count)} "
                + $"left out, such as {leftOut[0]}";
        }

        int unused = photographs.Length - import.Views, views = import.Plan.Train[0].Views.Count;
        if (unused > 0)
        {
            yield return $"{unused} of {photographs.Length} pictures {Be(unused)} in no record, because records have "
                + $"{views} views each";
        }

        int least = Math.Min(views, import.Plan.Test[0].Views.Count);
        if (least < RecordPlan.UsefulViews)
        {
            yield return $"a record has only {least} views, one of them the query: train with --set "
                + $"training.maxContexts={least - 1}";
        }

        if (UpWarning(photographs) is { } up)
            yield return up;
        double[] tangents = [.. photographs.Select(photograph => photograph.Tangent).Order()];
        double usual = tangents[tangents.Length / 2];
        if (tangent < NarrowShare * usual)
        {
            var narrow = photographs.MinBy(photograph => photograph.Tangent)!;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"all views have the field of view of the narrowest picture, {narrow.File} (roll "
                + $"{Degrees(narrow.Lean):0.0} degrees); half of the pictures have {FieldOfView(usual):0.0} degrees or "
                + $"more: without its pose, views would show more");
        }

        double shift = photographs.Max(photograph => photograph.Distortion) / tangent * options.ImageSize / 2;
        if (shift > VisibleShift)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"lens distortion, up to {shift:0.0} pixels of a view, stays: undistort the pictures first (colmap "
                + $"image_undistorter)");
        }

        int enlarged = photographs.Count(photograph => photograph.SideOf(tangent) < options.ImageSize);
        if (enlarged > 0)
        {
            int smallest = photographs.Min(photograph => photograph.SideOf(tangent));
            yield return $"{enlarged} of {photographs.Length} pictures {Be(enlarged)} enlarged, the smallest from "
                + $"{smallest} pixels: --size {options.ImageSize} is more than they hold";
        }

        var size = ImportedScene.BoxOf(import.Scenes.SelectMany(scene => scene.Cameras)).Size;
        float extent = MathF.Max(MathF.Max(size.X, size.Y), size.Z);
        if (extent is > LargeExtent or < SmallExtent)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"cameras are up to {extent:0.###} units apart, and networks expect a few: give --fit or --scale");
        }
    }

    /// <summary>The angle, in degrees, of a tangent of half a field of view.</summary>
    private static double FieldOfView(double tangent) => Degrees(2 * Math.Atan(tangent));

    private static double Degrees(double radians) => radians * (180 / Math.PI);

    private static string? UpWarning(Photograph[] photographs)
    {
        var ups = photographs.Where(photograph => photograph.Up is not null)
            .Select(photograph => photograph.Up!.Value).ToArray();
        if (ups.Length == 0)
            return null;
        var mean = ups.Aggregate(Vector3.Zero, (sum, up) => sum + up) / ups.Length;
        // The horizontal parts cancel if cameras look all around; what is left is little, but it points upwards.
        if (mean.Z >= LeastUp * mean.Length())
            return null;
        return string.Create(CultureInfo.InvariantCulture,
            $"pictures are upright towards ({mean.X:0.00}, {mean.Y:0.00}, {mean.Z:0.00}) on average, where z should ")
            + "be up: " + (mean.Z <= -LeastUp * mean.Length()
                ? "they are upside down, as if the matrices had OpenCV's axes (the camera looks along its +z); negate "
                + "their second and third columns"
                : "give --up y if y is up in the poses, or z if --up y was given");
    }

    private static string Several(int count, string one, string more) => $"{count} {(count == 1 ? one : more)}";

    private static string Be(int count) => count == 1 ? "is" : "are";
}

using System.Numerics;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Geometry;

/// <summary>The points at which rays read the volume.</summary>
public sealed class RayMarchTests(ITestOutputHelper output)
{
    private const int Size = 8;

    public static TheoryData<string> Names => [.. Environments.Names];

    /// <summary>Trilinear interpolation is exact for linear functions: a volume that holds the places' coordinates
    /// reads as the coordinates of the points.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void AVolumeOfCoordinatesReadsAsTheCoordinatesOfThePoints(string name)
    {
        var (environment, options) = Setting(name);
        var bounds = environment.Bounds;
        var grid = new PlaceGrid(options, bounds);
        var half = bounds.Size / new Vector3(options.Across, options.Across, options.Up) / 2;
        int inside = 0, atBorder = 0, outside = 0;
        foreach (var camera in Cameras(environment))
        {
            var rows = March(grid, options, camera);
            for (int point = 0; point < rows.Length; point++)
            {
                var at = Point(camera, options, bounds, point);
                float weight = rows[point].Sum(entry => entry.Weight);
                // In units of half a place: fully inside from the middles of the outer places inwards.
                float beyond = Beyond(at, bounds, half);
                if (beyond < -1.001f)
                {
                    var read = rows[point].Aggregate(
                        Vector3.Zero, (sum, entry) => sum + (entry.Weight * grid.Place(entry.Cell)));
                    Assert.Equal(1f, weight, 1e-5);
                    Assert.True((read - at).Length() < 1e-4f * bounds.Radius, $"{read}, not {at}");
                    inside++;
                }
                else if (beyond > 1.001f)
                {
                    Assert.Empty(rows[point]);
                    outside++;
                }
                else
                {
                    Assert.InRange(weight, 0f, 1.0001f);
                    atBorder++;
                }
            }
        }

        output.WriteLine($"{name}: {inside} points inside, {atBorder} at the border, {outside} outside");
        Assert.True(inside > 500 && outside > 0, $"{inside} inside, {outside} outside");
    }

    /// <summary>A surface that the renderer shows between near and far is at most half a step from a point of the ray;
    /// beyond far are corners of rooms, which the last point comes near.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void APointIsNearWhatThePixelShows(string name)
    {
        var (environment, options) = Setting(name);
        var bounds = environment.Bounds;
        float edge = Math.Max(bounds.Size.X, bounds.Size.Y) / options.Across;
        double farthest = 0, sum = 0;
        int beyond = 0, all = 0;
        foreach (var seen in SeenSurfaces.Of(environment, Size * options.RaysPerCell, scenes: 3, cameras: 4))
        {
            var (near, far) = Reach(seen.Camera, bounds);
            var reference = new ReferenceCamera(seen.Camera, Size * options.RaysPerCell);
            double along = (seen.Point - reference.Origin).Length, step = (far - near) / options.RayPoints;
            double distance = RayOf(seen, options).Min(
                point => (Point(seen.Camera, options, bounds, point) - seen.Position).Length());
            bool reached = along >= near && along <= far;
            Assert.True(
                !reached || distance <= (.5 * step) + (1e-3 * bounds.Radius),
                $"{distance} of a step of {step}: {seen.Camera} at {seen.Position}");
            (all, beyond, sum) = (all + 1, beyond + (reached ? 0 : 1), sum + (distance / edge));
            farthest = Math.Max(farthest, distance / edge);
        }

        output.WriteLine(
            $"{name}: {beyond} of {all} beyond reach, {sum / all:F2} places away on average, {farthest:F2} at most");
        Assert.True(beyond <= .08 * all, $"{beyond} of {all} are beyond reach");
        Assert.True(sum / all < .5 && farthest < 3, $"{sum / all} places away on average, {farthest} at most");
    }

    // The indices of the points on the ray through a pixel.
    private static IEnumerable<int> RayOf(SeenSurface seen, VolumeOptions options)
    {
        int rays = options.RaysPerCell, cell = (seen.Row / rays * Size) + (seen.Column / rays);
        int ray = (seen.Row % rays * rays) + (seen.Column % rays);
        return Enumerable.Range(((cell * rays * rays) + ray) * options.RayPoints, options.RayPoints);
    }

    private static (SceneEnvironment Environment, VolumeOptions Options) Setting(string name)
    {
        var environment = Environments.Create(name);
        return (environment, new VolumeOptions().CompletedBy(environment.Bounds, environment.UsualGridWidth));
    }

    private static List<Camera> Cameras(SceneEnvironment environment)
    {
        var cameras = new List<Camera>();
        for (ulong index = 0; index < 2; index++)
        {
            var own = environment.Sample(SceneSplit.Test, index).Cameras[0];
            cameras.AddRange([own, own with { Pitch = .2f }, own with { Pitch = -.3f }]);
        }

        return cameras;
    }

    private static List<(int Cell, float Weight)>[] March(PlaceGrid grid, VolumeOptions options, Camera camera)
    {
        int points = Size * Size * (options.RaysPerCell * options.RaysPerCell * options.RayPoints);
        var rows = new SparseRowArrays(2, points, options.Places, PlaceGrid.PointTaps, transposed: true);
        grid.March(camera, Size, 1, rows);
        return SparseRowReader.Rows(rows, 1);
    }

    /// <summary>Point (cell, ray, point) by the formula of the documentation.</summary>
    private static Vector3 Point(Camera camera, VolumeOptions options, SceneBounds bounds, int index)
    {
        int rays = options.RaysPerCell, point = index % options.RayPoints, cell = index / (options.RaysPerCell * options.RaysPerCell * options.RayPoints),
            ray = index / options.RayPoints % (rays * rays);
        var reference = new ReferenceCamera(camera, Size * rays);
        var direction = reference.Ray(
            (cell % Size * rays) + (ray % rays) + .5, (cell / Size * rays) + (ray / rays) + .5).Unit;
        var (near, far) = Reach(camera, bounds);
        var at = reference.Origin + (direction * (near + ((point + .5) / options.RayPoints * (far - near))));
        return new Vector3((float)at.X, (float)at.Y, (float)at.Z);
    }

    private static (double Near, double Far) Reach(Camera camera, SceneBounds bounds)
    {
        double away = (new Point3(camera.X, camera.Y, camera.Z) - bounds.Centre).Length, radius = bounds.Radius;
        return (Math.Max(.05 * radius, away - (1.2 * radius)), away + (1.2 * radius));
    }

    /// <summary>How far outside the box a point is along the worst axis, in halves of places; negative
    /// inside.</summary>
    private static float Beyond(Vector3 point, SceneBounds bounds, Vector3 half)
    {
        var beyond = Vector3.Max(bounds.Low - point, point - bounds.High) / half;
        return Math.Max(beyond.X, Math.Max(beyond.Y, beyond.Z));
    }
}

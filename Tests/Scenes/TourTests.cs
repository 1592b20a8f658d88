using System.Numerics;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Every camera of a tour is one that its environment could draw, and the next one is near.</summary>
public sealed class TourTests
{
    public static TheoryData<string> Names => [.. Environments.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void AToursLengthIsAsAskedAndItIsTheSameEachTime(string name)
    {
        var scene = Environments.Create(name).Sample(SceneSplit.Test, 5);
        foreach (int count in (int[])[1, 2, 7, 360])
        {
            var tour = scene.Tour(count);
            Assert.Equal(count, tour.Length);
            Assert.Equal(tour, Environments.Create(name).Sample(SceneSplit.Test, 5).Tour(count));
            Assert.All(tour, camera =>
            {
                Assert.InRange(camera.Yaw, -MathF.PI, MathF.PI);
                Assert.Equal(scene.Cameras[0].FieldOfViewDegrees, camera.FieldOfViewDegrees);
            });
        }

        Assert.Equal(scene.Tour(9), Environments.Create(name).Where(_ => true).Sample(SceneSplit.Test, 5).Tour(9));
        Assert.Throws<ArgumentOutOfRangeException>(() => scene.Tour(0));
    }

    [Fact]
    public void RingCamerasGoOnceAroundTheRing()
    {
        var tour = Environments.Create("rooms-ring").Sample(SceneSplit.Test, 0).Tour(24);
        for (int i = 0; i < tour.Length; i++)
        {
            var camera = tour[i];
            Assert.Equal((.77f, 0f), (camera.Z, camera.Pitch));
            Assert.Equal(4.5, Math.Sqrt((camera.X * camera.X) + (camera.Y * camera.Y)), 1e-5);
            // The line of sight ends in the middle.
            Assert.Equal(0, camera.X + (4.5 * Math.Cos(camera.Yaw)), 1e-5);
            Assert.Equal(0, camera.Y + (4.5 * Math.Sin(camera.Yaw)), 1e-5);
            Assert.Equal(Math.Tau / 24, Math.Abs(Turn(camera, tour[(i + 1) % 24])), 1e-5);
        }
    }

    [Theory]
    [InlineData("rooms-free")]
    [InlineData("rooms-free-rotating")]
    public void FreeCamerasGoAroundARoomClearOfItsObjects(string name)
    {
        var options = new RoomOptions();
        double radii = 0;
        for (ulong index = 0; index < 60; index++)
        {
            var scene = Environments.Create(name).Sample(SceneSplit.Test, index);
            var objects = ((RoomFactors)scene.Factors).Objects;
            var tour = scene.Tour(72);
            for (int i = 0; i < tour.Length; i++)
            {
                Assert.True(Clearance(tour[i], objects) >= options.FreeClearance - 1e-5, $"scene {index}, camera {i}");
                Assert.True(Math.Max(Math.Abs(tour[i].X), Math.Abs(tour[i].Y)) <= options.FreeRange);
                Assert.Equal((options.CameraHeight, 0f), (tour[i].Z, tour[i].Pitch));
                var next = tour[(i + 1) % tour.Length];
                Assert.True(Apart(tour[i], next) < .5, $"scene {index}, camera {i}");
                Assert.True(Math.Abs(Turn(tour[i], next)) < 1, $"scene {index}, camera {i}");
                radii += Math.Sqrt((tour[i].X * tour[i].X) + (tour[i].Y * tour[i].Y)) / (60 * 72);
            }
        }

        Assert.InRange(radii, 2.3, 2.75);
    }

    [Fact]
    public void InAnEmptyRoomTheWayIsACircleThatLooksAtTheMiddle()
    {
        var environment = (Rooms)Environments.Create("rooms-free");
        var factors = (RoomFactors)environment.Sample(SceneSplit.Test, 0).Factors;
        var tour = environment.Compose(factors with { Objects = [] }, []).Tour(48);
        Assert.All(tour, camera =>
        {
            Assert.Equal(2.7, Math.Sqrt((camera.X * camera.X) + (camera.Y * camera.Y)), .06);
            double towards = Math.Atan2(-camera.Y, -camera.X);
            Assert.Equal(0, Math.IEEERemainder(camera.Yaw - towards, Math.Tau), .06);
        });
        // Once around: the turns add up to a circle.
        double turned = Enumerable.Range(0, 48).Sum(i => Turn(tour[i], tour[(i + 1) % 48]));
        Assert.Equal(Math.Tau, turned, 1e-4);
    }

    [Fact]
    public void InARoomDividedByObjectsTheWayStaysInTheLargerPart()
    {
        var environment = (Rooms)Environments.Create("rooms-free");
        var factors = (RoomFactors)environment.Sample(SceneSplit.Test, 0).Factors;
        RoomObject[] wall =
        [
            .. Enumerable.Range(-3, 7).Select(
                x => new RoomObject(RoomShape.Sphere, new HsvColour(0, 1, 1), 1, x, 1)),
        ];
        var tour = environment.Compose(factors with { Objects = wall }, []).Tour(72);
        Assert.All(tour, camera => Assert.True(camera.Y < 1 - .375f - .5f + .2f));
        Assert.All(tour, camera => Assert.True(Clearance(camera, wall) >= .5 - 1e-5));
        Assert.True(tour.Max(camera => camera.X) - tour.Min(camera => camera.X) > 4);
        for (int i = 0; i < tour.Length; i++)
            Assert.True(Apart(tour[i], tour[(i + 1) % tour.Length]) < .5);

        RoomObject[] all = [.. wall.Select(own => own with { Size = 3, Y = own.X, Shape = RoomShape.Box })];
        var full = environment.Compose(factors with { Objects = all }, []);
        Assert.NotEmpty(full.Tour(3));
        var crowded = new Rooms(RoomCameras.Free, options: new RoomOptions { FreeRange = .5f }).Compose(
            factors with { Objects = [all[3]] }, []);
        Assert.Contains(
            "is 0.5 clear of all objects", Assert.Throws<FactorException>(() => crowded.Tour(3)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MazeCamerasWalkThroughCorridorsAndRooms()
    {
        for (ulong index = 0; index < 40; index++)
        {
            var scene = Environments.Create("mazes").Sample(SceneSplit.Test, index);
            var layout = ((MazeFactors)scene.Factors).Layout;
            var first = MazeLayout.CellAt(scene.Cameras[0].X, scene.Cameras[0].Y);
            var tour = scene.Tour(24);
            Assert.Equal(
                (MazeLayout.CentreOf(first.X), MazeLayout.CentreOf(first.Y)), (tour[0].X, tour[0].Y));
            AssertWalk(layout, tour, .25 + 1e-5);
            // Six cells' worth of steps lead through at least four cells, even there and back.
            Assert.InRange(tour.Select(Cell).Distinct().Count(), 4, 7);

            // A long tour is one round through all cells.
            var round = scene.Tour(1000);
            AssertWalk(layout, round, .15);
            Assert.Equal(49, round.Select(Cell).Distinct().Count());
            Assert.True(Apart(round[^1], round[0]) < .15);
        }

        static (int, int) Cell(Camera camera) => MazeLayout.CellAt(camera.X, camera.Y);

        static void AssertWalk(MazeLayout layout, Camera[] tour, double longest)
        {
            for (int i = 0; i < tour.Length; i++)
            {
                Assert.Equal((.5f, 0f), (tour[i].Z, tour[i].Pitch));
                Assert.True(MazesTests.DistanceToWalls(layout, tour[i].X, tour[i].Y) >= .15 - 1e-5);
                if (i == 0)
                    continue;
                Assert.True(Apart(tour[i - 1], tour[i]) < longest);
                Assert.True(Math.Abs(Turn(tour[i - 1], tour[i])) < 1.1);
                // No wall between them either.
                var middle = (Place(tour[i - 1]) + Place(tour[i])) / 2;
                Assert.True(MazesTests.DistanceToWalls(layout, middle.X, middle.Y) >= .15 - 1e-5);
            }
        }
    }

    [Fact]
    public void MazeCamerasLookAlongTheirWay()
    {
        var scene = Environments.Create("mazes").Sample(SceneSplit.Test, 3);
        var tour = scene.Tour(1000);
        int ahead = 0;
        for (int i = 1; i < tour.Length; i++)
        {
            var step = Place(tour[i]) - Place(tour[i - 1]);
            double way = Math.Atan2(step.Y, step.X);
            ahead += Math.Abs(Math.IEEERemainder(tour[i].Yaw - way, Math.Tau)) < 1 ? 1 : 0;
        }

        // Only where the way turns back does a camera look aside.
        Assert.True(ahead > 800, $"{ahead} of 1000");
    }

    [Fact]
    public void MazeCamerasHaveTheHeadingsThatTheOptionsAllow()
    {
        var environment = new Mazes(new MazeOptions { Headings = 8 });
        var headings = environment.Sample(SceneSplit.Train, 2).Tour(300)
            .Select(camera => Math.Round(camera.Yaw / (Math.PI / 4), 4)).Distinct().ToList();
        Assert.All(headings, heading => Assert.Equal(Math.Round(heading), heading));
        Assert.Equal(8, headings.Count);
    }

    [Fact]
    public void ArmCamerasGoAroundTheDome()
    {
        var options = new JacoOptions();
        var tour = Environments.Create("jaco").Sample(SceneSplit.Test, 0).Tour(30);
        var target = new Vector3(0, 0, options.LookAtHeight * options.Scale);
        for (int i = 0; i < tour.Length; i++)
        {
            var from = new Vector3(tour[i].X, tour[i].Y, tour[i].Z) - target;
            Assert.InRange(
                from.Length() / options.Scale, options.MinCameraDistance, options.MaxCameraDistance);
            double elevation = Math.Asin(from.Z / from.Length()) * (180 / Math.PI);
            Assert.InRange(elevation, options.MinElevationDegrees, options.MaxElevationDegrees);
            Assert.True((from + (Sight(tour[i]) * from.Length())).Length() < 1e-4f);
            Assert.Equal(Math.Tau / 30, Math.Abs(Turn(tour[i], tour[(i + 1) % 30])), 1e-5);
        }
    }

    [Theory]
    [InlineData("shepard-metzler-5")]
    [InlineData("shepard-metzler-7")]
    public void ObjectCamerasGoAroundTheSphere(string name)
    {
        var tour = Environments.Create(name).Sample(SceneSplit.Test, 0).Tour(6);
        Assert.Equal(6, tour.Distinct().Count());
        Assert.All(tour, camera =>
        {
            Assert.Equal(tour[0].Z, camera.Z);
            Assert.True(camera.Z > 0);
            // The line of sight ends in the origin after the scene's camera distance.
            var end = new Vector3(camera.X, camera.Y, camera.Z) + (Sight(camera) * ShepardMetzler.CameraDistance);
            Assert.True(end.Length() < 1e-5f);
        });
    }

    private static Vector2 Place(Camera camera) => new(camera.X, camera.Y);

    private static double Apart(Camera a, Camera b) => Vector2.Distance(Place(a), Place(b));

    private static double Turn(Camera from, Camera to) => Math.IEEERemainder(to.Yaw - (double)from.Yaw, Math.Tau);

    private static Vector3 Sight(Camera camera)
    {
        (float sinYaw, float cosYaw) = MathF.SinCos(camera.Yaw);
        (float sinPitch, float cosPitch) = MathF.SinCos(camera.Pitch);
        return new Vector3(cosPitch * cosYaw, cosPitch * sinYaw, sinPitch);
    }

    /// <summary>The distance from the nearest bounding circle of an object.</summary>
    private static double Clearance(Camera camera, IEnumerable<RoomObject> objects) => objects.Min(own =>
        Vector2.Distance(Place(camera), new Vector2(own.X, own.Y))
        - (own.Size * new RoomShapeOptions().BoundingRadius(own.Shape)));
}

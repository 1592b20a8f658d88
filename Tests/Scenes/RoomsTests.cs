using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>The contents of rooms, and their frequencies.</summary>
public sealed class RoomsTests
{
    private const int Scenes = 4000;

    public static TheoryData<string> Names => ["rooms-ring", "rooms-free", "rooms-free-rotating"];

    [Theory]
    [MemberData(nameof(Names))]
    public void CausesHaveTheirRangesAndAreUniform(string name)
    {
        var environment = (Rooms)Environments.Create(name);
        RoomFactors[] factors = [.. Sampled(environment, SceneSplit.Train, Scenes)];
        RoomObject[] objects = [.. factors.SelectMany(f => f.Objects)];
        AssertUniform(factors.Select(f => (int)f.Wall), 5);
        AssertUniform(factors.Select(f => (int)f.Floor), 3);
        AssertUniform(factors.Select(f => f.Objects.Count - 1), 3);
        AssertUniform(objects.Select(o => (int)o.Shape), 7);
        AssertSpread(factors.Select(f => f.Light.X), -2.5, 2.5);
        AssertSpread(factors.Select(f => f.Light.Y), -2.5, 2.5);
        Assert.All(factors, f => Assert.Equal(3, f.Light.Z));
        AssertSpread(objects.Select(o => o.Colour.Hue), 0, 1);
        AssertSpread(objects.Select(o => o.Colour.Saturation), .75, 1);
        AssertSpread(objects.Select(o => o.Colour.Value), .85, 1);
        AssertSpread(objects.Select(o => o.Size), .6, 1.4);
        // The first object always gets its first place; the others give way.
        AssertSpread(factors.Select(f => f.Objects[0].X), -2.2, 2.2);
        AssertSpread(factors.Select(f => f.Objects[0].Y), -2.2, 2.2);
        Assert.All(objects, o => Assert.True(MathF.Abs(o.X) <= 2.2f && MathF.Abs(o.Y) <= 2.2f));
        if (name.EndsWith("rotating", StringComparison.Ordinal))
            AssertSpread(objects.Select(o => o.Yaw), 0, Math.Tau);
        else
            Assert.All(objects, o => Assert.Equal(0, o.Yaw));
    }

    [Fact]
    public void CausesAreIndependent()
    {
        RoomFactors[] factors = [.. Sampled((Rooms)Environments.Create("rooms-ring"), SceneSplit.Train, Scenes)];
        Func<RoomFactors, double>[] causes =
        [
            f => (int)f.Wall, f => (int)f.Floor, f => f.Objects.Count, f => f.Light.X, f => f.Light.Y,
            f => (int)f.Objects[0].Shape, f => f.Objects[0].Colour.Hue, f => f.Objects[0].Size, f => f.Objects[0].X,
            f => f.Objects[0].Y, f => (int)f.Objects[^1].Shape, f => f.Objects[^1].Colour.Hue,
        ];
        for (int a = 0; a < causes.Length; a++)
        {
            for (int b = 0; b < a; b++)
            {
                // In a third of the scenes the last object is the first.
                if (a >= 10 && b is 5 or 6)
                    continue;
                double correlation = Correlation(factors.Select(causes[a]), factors.Select(causes[b]));
                Assert.True(Math.Abs(correlation) < 4.5 / Math.Sqrt(Scenes), $"{a} and {b}: {correlation:F3}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ObjectsStandApartAndCamerasKeepClear(string name)
    {
        var environment = new Rooms(name == "rooms-ring" ? RoomCameras.Ring : RoomCameras.Free,
            name == "rooms-free-rotating", new RoomOptions { MaxObjects = 5 });
        Assert.Equal(name, environment.Name);
        for (ulong index = 0; index < 500; index++)
        {
            var scene = environment.Sample(SceneSplit.Test, index);
            var objects = ((RoomFactors)scene.Factors).Objects;
            for (int k = 0; k < objects.Count; k++)
            {
                for (int j = 0; j < k; j++)
                {
                    double apart = Math.Sqrt(
                        Math.Pow(objects[k].X - objects[j].X, 2) + Math.Pow(objects[k].Y - objects[j].Y, 2));
                    Assert.True(apart >= Radius(objects[k]) + Radius(objects[j]) + .15 - 1e-5);
                }
            }

            Assert.Equal(10, scene.Cameras.Length);
            Assert.Equal(10, scene.Cameras.ToArray().Distinct().Count());
            foreach (var camera in scene.Cameras)
            {
                Assert.Equal((.77f, 0f, 45f), (camera.Z, camera.Pitch, camera.FieldOfViewDegrees));
                if (name == "rooms-ring")
                {
                    Assert.Equal(4.5, Math.Sqrt((camera.X * camera.X) + (camera.Y * camera.Y)), 1e-5);
                    Assert.Equal(-1, Math.Cos(camera.Yaw - Math.Atan2(camera.Y, camera.X)), 1e-5);
                    continue;
                }

                Assert.True(MathF.Abs(camera.X) <= 3 && MathF.Abs(camera.Y) <= 3);
                Assert.All(objects, o => Assert.True(
                    Math.Sqrt(Math.Pow(o.X - camera.X, 2) + Math.Pow(o.Y - camera.Y, 2)) >= Radius(o) + .5 - 1e-5));
            }
        }

        AssertUniform(Sampled(environment, SceneSplit.Train, 3000).Select(f => f.Objects.Count - 1), 5);
    }

    [Fact]
    public void CamerasAreSpread()
    {
        Camera[] ring = [.. Cameras("rooms-ring")], free = [.. Cameras("rooms-free")];
        AssertSpread(ring.Select(c => c.Yaw), -Math.PI, Math.PI);
        AssertSpread(free.Select(c => c.Yaw), -Math.PI, Math.PI);
        Assert.InRange(free.Average(c => c.X), -.1, .1);
        Assert.InRange(free.Average(c => c.X * c.X), 2.7, 3.6);
        // They look towards the middle more often than away from it.
        int inwards = free.Count(c => (Math.Cos(c.Yaw) * c.X) + (Math.Sin(c.Yaw) * c.Y) < 0);
        Assert.InRange(inwards / (double)free.Length, .6, .9);

        static IEnumerable<Camera> Cameras(string name) => Enumerable.Range(0, 500).SelectMany(
            i => Environments.Create(name).Sample(SceneSplit.Train, (ulong)i).Cameras.ToArray());
    }

    /// <summary>Changing the distribution of one cause leaves all others as they were.</summary>
    [Fact]
    public void OneCausesDistributionMovesNoOther()
    {
        var usual = new Rooms(RoomCameras.Free, rotating: true);
        Compare(new RoomOptions { PaletteHues = 8 }, p => p.EndsWith("colour", StringComparison.Ordinal));
        Compare(new RoomOptions { MinSaturation = .1f }, p => p.EndsWith("colour", StringComparison.Ordinal));
        Compare(new RoomOptions { Light = new RoomLightOptions { Range = 1 } }, p => p == "light");
        // Smaller objects fit where the larger ones did, and cameras that kept clear of those also keep clear of these;
        // only a place that was refused before may now be accepted.
        var smaller = new Rooms(RoomCameras.Free, true, new RoomOptions { MinSize = .3f, MaxSize = .4f });
        int moved = 0;
        for (ulong index = 0; index < 300; index++)
        {
            (var a, var b) = (usual.Sample(SceneSplit.Train, index), smaller.Sample(SceneSplit.Train, index));
            (var own, var other) = ((RoomFactors)a.Factors, (RoomFactors)b.Factors);
            Assert.Equal(own.Objects.Select(o => (o.Shape, o.Colour, o.Yaw)),
                other.Objects.Select(o => (o.Shape, o.Colour, o.Yaw)));
            Assert.Equal((own.Wall, own.Floor, own.Light), (other.Wall, other.Floor, other.Light));
            moved += own.Objects.Zip(other.Objects).Count(p => p.First.X != p.Second.X);
        }

        Assert.InRange(moved, 1, 200);

        void Compare(RoomOptions options, Func<string, bool> mayDiffer)
        {
            var changed = new Rooms(RoomCameras.Free, rotating: true, options);
            for (ulong index = 0; index < 100; index++)
            {
                (var a, var b) = (usual.Sample(SceneSplit.Train, index), changed.Sample(SceneSplit.Train, index));
                Assert.Equal(a.Cameras.ToArray(), b.Cameras.ToArray());
                Assert.All(a.Factors.Properties, p => Assert.Equal(!mayDiffer(p), a.Factors[p].Equals(b.Factors[p])));
            }
        }
    }

    [Fact]
    public void AChangedSceneKeepsItsOtherCausesAndItsCameras()
    {
        var environment = Environments.Create("rooms-free-rotating");
        for (ulong index = 0; index < 50; index++)
        {
            (var scene, var other) = (
                environment.Sample(SceneSplit.Train, index), environment.Sample(SceneSplit.Train, index + 1));
            foreach (string property in scene.Factors.Properties.Intersect(other.Factors.Properties))
            {
                var changed = scene.With(property, other.Factors[property]);
                Assert.Equal(scene.Cameras.ToArray(), changed.Cameras.ToArray());
                Assert.Equal((scene.Split, scene.Index), (changed.Split, changed.Index));
                Assert.All(scene.Factors.Properties, p => Assert.Equal(
                    (p == property ? other : scene).Factors[p], changed.Factors[p]));
            }
        }
    }

    [Fact]
    public void HeldOutPairsNeverOccurAndTheirMembersDo()
    {
        var held = new Rooms(RoomCameras.Ring).Where(
            f => ((RoomFactors)f).Objects.All(o => !IsHeldOut(o)));
        var shapes = new HashSet<RoomShape>();
        var hues = new HashSet<int>();
        for (ulong index = 0; index < 100_000; index++)
        {
            foreach (var own in ((RoomFactors)held.Sample(SceneSplit.Train, index).Factors).Objects)
            {
                Assert.False(IsHeldOut(own));
                shapes.Add(own.Shape);
                hues.Add(Bin(own));
            }
        }

        Assert.Equal((7, 8), (shapes.Count, hues.Count));

        static int Bin(RoomObject own) => Math.Min((int)(own.Colour.Hue * 8), 7);
        static bool IsHeldOut(RoomObject own) =>
            (own.Shape, Bin(own)) is (RoomShape.Sphere, 0) or (RoomShape.Cone, 5) or (RoomShape.Box, 2 or 3);
    }

    [Fact]
    public void TrainAndTestShareNoScene()
    {
        var environment = (Rooms)Environments.Create("rooms-free");
        var train = Sampled(environment, SceneSplit.Train, Scenes).Select(f => f.Light).ToHashSet();
        Assert.Equal(Scenes, train.Count);
        Assert.Empty(train.Intersect(Sampled(environment, SceneSplit.Test, Scenes).Select(f => f.Light)));
    }

    [Fact]
    public void PalettesHaveEvenlySpacedHues()
    {
        var environment = new Rooms(RoomCameras.Ring, options: new RoomOptions { PaletteHues = 8 });
        AssertUniform(Sampled(environment, SceneSplit.Train, 2000).SelectMany(f => f.Objects).Select(
            o => o.Colour.Hue * 8 % 1 == 0 ? (int)(o.Colour.Hue * 8) : -1), 8);
    }

    [Fact]
    public void ImpossibleRoomsAreRefused()
    {
        var rooms = new Rooms(RoomCameras.Ring);
        var scene = rooms.Sample(SceneSplit.Train, 0);
        var factors = (RoomFactors)scene.Factors;
        Assert.Throws<FactorException>(() => scene.With("wall", (RoomWall)5));
        Assert.Throws<FactorException>(() => scene.With("floor", (RoomFloor)3));
        Assert.Throws<FactorException>(() => scene.With("light", new WorldPoint(0, 0, 0)));
        Assert.Throws<FactorException>(() => scene.With("light", new WorldPoint(float.NaN, 0, 2)));
        Assert.Throws<FactorException>(() => scene.With("objects[0].size", 0f));
        Assert.Throws<FactorException>(() => scene.With("objects[0].size", 1.0));
        Assert.Throws<FactorException>(() => scene.With("objects[0].yaw", float.NaN));
        Assert.Throws<FactorException>(() => scene.With("objects[0].shape", (RoomShape)7));
        Assert.Throws<FactorException>(() => scene.With("objects[0].colour", new HsvColour(0, 2, 1)));
        Assert.Throws<FactorException>(() => scene.With("objects[0].position", new FloorPoint(4, 0)));
        Assert.Throws<FactorException>(() => scene.With("objects[9].size", 1f));
        Assert.Throws<FactorException>(() => factors["objects[0]"]);
        Assert.Throws<FactorException>(() => factors["objects[0].weight"]);
        Assert.Throws<FactorException>(
            () => scene.With(factors with { Objects = [.. Enumerable.Repeat(factors.Objects[0], 9)] }));
        Assert.Throws<ArgumentException>(
            () => new Rooms(RoomCameras.Ring, options: new RoomOptions { MaxObjects = 9 }));
        Assert.Throws<ArgumentException>(() => new Rooms(RoomCameras.Ring, options: new RoomOptions { MinSize = 2 }));
        Assert.Throws<ArgumentException>(
            () => new Rooms(RoomCameras.Ring, options: new RoomOptions { PlacementRange = 9 }));
        var crowded = new Rooms(RoomCameras.Ring, options: new RoomOptions { MinObjects = 2, PlacementRange = 0 });
        Assert.Contains("RoomOptions", Assert.Throws<FactorException>(
            () => crowded.Sample(SceneSplit.Train, 0)).Message, StringComparison.Ordinal);
    }

    private static double Radius(RoomObject own) => own.Size * new RoomShapeOptions().BoundingRadius(own.Shape);

    private static IEnumerable<RoomFactors> Sampled(Rooms environment, SceneSplit split, int count) =>
        Enumerable.Range(0, count).Select(i => (RoomFactors)environment.Sample(split, (ulong)i).Factors);

    /// <summary>χ² of the counts is below what one draw in ten thousand would exceed.</summary>
    private static void AssertUniform(IEnumerable<int> values, int kinds)
    {
        int[] all = [.. values];
        Assert.All(all, v => Assert.InRange(v, 0, kinds - 1));
        double expected = all.Length / (double)kinds;
        double chi = Enumerable.Range(0, kinds).Sum(k => Math.Pow(all.Count(v => v == k) - expected, 2) / expected);
        double freedom = kinds - 1, spread = 2 / (9 * freedom);
        Assert.True(chi < freedom * Math.Pow(1 - spread + (3.72 * Math.Sqrt(spread)), 3), $"χ² is {chi:F1}");
    }

    /// <summary>Kolmogorov's distance from the uniform distribution.</summary>
    private static void AssertSpread(IEnumerable<float> values, double low, double high)
    {
        double[] sorted = [.. values.Select(v => (v - low) / (high - low)).Order()];
        Assert.InRange(sorted[0], -1e-6, .02);
        Assert.InRange(sorted[^1], .98, 1 + 1e-6);
        double distance = sorted.Select((v, i) => Math.Abs(v - ((i + .5) / sorted.Length))).Max();
        Assert.True(distance < 2.3 / Math.Sqrt(sorted.Length), $"Kolmogorov's distance is {distance:F4}");
    }

    private static double Correlation(IEnumerable<double> first, IEnumerable<double> second)
    {
        (double[] a, double[] b) = ([.. first], [.. second]);
        (double meanA, double meanB) = (a.Average(), b.Average());
        double both = a.Zip(b).Sum(p => (p.First - meanA) * (p.Second - meanB));
        return both / Math.Sqrt(a.Sum(v => (v - meanA) * (v - meanA)) * b.Sum(v => (v - meanB) * (v - meanB)));
    }
}

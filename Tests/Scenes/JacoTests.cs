using System.Numerics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Poses, targets, cameras and causes of the arm's scenes.</summary>
public sealed class JacoTests
{
    private static readonly JacoArm Arm = (JacoArm)Environments.Create("jaco");

    /// <summary>Balls with the links' radii, strung along links placed by products of 4×4 matrices, touch neither the
    /// floor nor the balls of another link.</summary>
    [Fact]
    public void NoLinkIsUnderTheFloorOrInsideAnother()
    {
        for (ulong index = 0; index < 400; index++)
        {
            var split = index % 2 == 0 ? SceneSplit.Train : SceneSplit.Test;
            var limbs = BallLimbs.Of(Factors(Arm.Sample(split, index)).Joints);
            Assert.True(limbs.LeastHeight > .014, $"{limbs.LeastHeight} m above the floor");
            Assert.True(limbs.LeastGap > .014, $"{limbs.LeastGap} m between links");
            Assert.True(limbs.LeastFingerGap > -1e-4, $"{limbs.LeastFingerGap} m between fingers");
        }
    }

    /// <summary>The converse: a refused pose is too near the floor or to itself.</summary>
    [Fact]
    public void SensiblePosesAreThoseWithRoom()
    {
        var random = new RandomStream(3, 0);
        int sensible = 0, low = 0, crossed = 0, fingers = 0;
        for (int trial = 0; trial < 1500; trial++)
        {
            float[] angles = [.. JacoKinematics.Joints.Select(j => random.NextSingle(j.Lower, j.Upper))];
            var limbs = BallLimbs.Of(angles);
            double margin = Math.Min(Math.Min(limbs.LeastHeight - .015, limbs.LeastGap - .015), limbs.LeastFingerGap);
            // Balls at every hundredth of a link miss the nearest points by less than this.
            if (Math.Abs(margin) < 1e-4)
                continue;
            Assert.Equal(margin > 0, Arm.IsSensible(angles));
            if (margin > 0)
                sensible++;
            if (limbs.LeastHeight < .015)
                low++;
            if (limbs.LeastGap < .015)
                crossed++;
            if (limbs.LeastFingerGap < 0)
                fingers++;
        }

        Assert.True(sensible > 700 && low > 200 && crossed > 100 && fingers > 30,
            $"{sensible} sensible, {low} too low, {crossed} crossed, {fingers} with crossed fingers");
    }

    /// <summary>The wrist's links are exempt from the clearance; their axes stay a link's length apart.</summary>
    [Fact]
    public void TheWristsBendsKeepItsLinksApart()
    {
        var random = new RandomStream(4, 0);
        var limbs = new Limb[JacoBody.LimbCount];
        for (int trial = 0; trial < 2000; trial++)
        {
            float[] angles = [.. JacoKinematics.Joints.Select(j => random.NextSingle(j.Lower, j.Upper))];
            JacoBody.Place(JacoKinematics.Forward(angles), Arm.Options, limbs);
            foreach ((int a, int b) in new[] { (2, 4), (3, 5) })
                Assert.Equal(.07406, JacoBody.Distance(limbs[a], limbs[b]) + limbs[a].Radius + limbs[b].Radius, 1e-5);
        }
    }

    [Fact]
    public void DistancesOfLimbsAreTheLeastBetweenTheirPoints()
    {
        var random = new RandomStream(5, 0);
        const int Steps = 200;
        for (int trial = 0; trial < 200; trial++)
        {
            // Includes points instead of segments, and parallel segments.
            Vector3 from = Draw(), to = trial % 10 == 1 ? from : Draw(), other = Draw();
            var a = new Limb(from, to, .1f);
            var b = new Limb(other, trial % 10 == 2 ? other : trial % 10 == 3 ? other + to - from : Draw(), .2f);
            double least = double.MaxValue;
            for (int i = 0; i <= Steps; i++)
            {
                for (int j = 0; j <= Steps; j++)
                {
                    least = Math.Min(least, Vector3.Distance(
                        Vector3.Lerp(a.From, a.To, i / (float)Steps), Vector3.Lerp(b.From, b.To, j / (float)Steps)));
                }
            }
            // Near its minimum, the distance of points grows with the square of a step, unless segments cross.
            double distance = JacoBody.Distance(a, b);
            Assert.InRange(distance, least - .3 - .02, least - .3 + 1e-6);
            Assert.Equal(distance, JacoBody.Distance(b, a), 1e-9);
        }

        Vector3 Draw() => new(random.NextSingle(-1, 1), random.NextSingle(-1, 1), random.NextSingle(-1, 1));
    }

    [Fact]
    public void JointsAreWithinTheirLimitsAndReachThem()
    {
        const int Count = 4000, Bins = 10;
        int[,] histogram = new int[JacoKinematics.JointCount, Bins];
        foreach (var factors in Sampled(Arm, Count))
        {
            Assert.Equal(JacoKinematics.JointCount, factors.Joints.Count);
            for (int i = 0; i < JacoKinematics.JointCount; i++)
            {
                var joint = JacoKinematics.Joints[i];
                Assert.InRange(factors.Joints[i], joint.Lower, joint.Upper);
                double share = (factors.Joints[i] - joint.Lower) / (joint.Upper - joint.Lower);
                histogram[i, Math.Min((int)(share * Bins), Bins - 1)]++;
            }
        }

        for (int i = 0; i < JacoKinematics.JointCount; i++)
        {
            // The first joint's angle obstructs nothing; the others' ranges are thinned out where they fold the arm or
            // lay it on the floor.
            (int least, int most) = i switch
            {
                0 => (320, 480),
                1 => (40, 900),
                2 => (150, 560),
                _ => (250, 550),
            };
            for (int bin = 0; bin < Bins; bin++)
                Assert.InRange(histogram[i, bin], least, most);
        }
    }

    [Fact]
    public void TargetsFillTheirRingAndStayOutsideTheArm()
    {
        const int Count = 4000;
        double squared = 0, height = 0, x = 0, y = 0;
        foreach ((int i, var factors) in Sampled(Arm, Count).Index())
        {
            var target = factors.Target;
            double distance = Math.Sqrt((target.X * target.X) + (target.Y * target.Y));
            Assert.InRange(distance, .25 - 1e-6, .75 + 1e-6);
            Assert.InRange(target.Z, .08f, .6f);
            squared += distance * distance / Count;
            height += target.Z / Count;
            x += target.X / Count;
            y += target.Y / Count;
            if (i >= 200)
                continue;
            double gap = BallLimbs.Of(factors.Joints).GapTo(target.X, target.Y, target.Z, .08);
            Assert.True(gap > .014, $"{gap} m from the arm");
        }
        // Uniform in area: r² uniform from .0625 to .5625; the arm occupies a little of the inside.
        Assert.InRange(squared, .305, .335);
        Assert.InRange(height, .32, .36);
        Assert.InRange(x, -.03, .03);
        Assert.InRange(y, -.03, .03);
    }

    [Fact]
    public void TargetsCanLieOnTheFloor()
    {
        var arm = new JacoArm(new JacoOptions { TargetOnFloor = true });
        foreach ((int index, var factors) in Sampled(arm, 100).Index())
        {
            Assert.Equal(.08f, factors.Target.Z);
            Assert.Equal(Factors(Arm.Sample(SceneSplit.Train, (ulong)index)).Joints, factors.Joints);
        }
    }

    /// <summary>A random search over sensible poses, from several starts, brings the tip to any target.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TargetsCanBeReached(bool onFloor)
    {
        const int Starts = 8, Steps = 4000;
        var arm = new JacoArm(new JacoOptions { TargetOnFloor = onFloor });
        JacoFactors[] scenes = [.. Sampled(arm, 40 + Starts)];
        for (int scene = 0; scene < 40; scene++)
        {
            float least = float.MaxValue;
            for (int start = 0; start < Starts && least > .03f; start++)
            {
                var from = scenes[scene] with { Joints = scenes[scene + start].Joints };
                least = Math.Min(least, Approach(arm, from, new RandomStream((ulong)scene, (uint)start), Steps));
            }

            Assert.True(least < .05f, $"target {scenes[scene].Target} stays {least} m away");
        }

        static float Approach(JacoArm arm, JacoFactors best, RandomStream random, int steps)
        {
            for (int step = 0; step < steps && best.Distance > .02f; step++)
            {
                float[] angles = [.. best.Joints];
                float width = random.NextSingle() * (step % 50 == 0 ? 2 : .5f);
                for (int i = 0; i < JacoKinematics.ArmJoints; i++)
                {
                    var joint = JacoKinematics.Joints[i];
                    angles[i] += width * random.NextNormal();
                    if (!joint.IsFree)
                        angles[i] = Math.Clamp(angles[i], joint.Lower, joint.Upper);
                }

                var moved = best with { Joints = angles };
                if (moved.Distance < best.Distance && arm.IsSensible(angles))
                    best = moved;
            }

            return best.Distance;
        }
    }

    [Fact]
    public void TheTipIsBetweenTheFingers()
    {
        foreach (var factors in Sampled(Arm, 50))
        {
            double[,] tip = PublishedArm.Point(PublishedArm.At([.. factors.Joints]).Frames[5], 0, -.0001, -.159);
            Assert.Equal(tip[0, 3], factors.Tip.X, 2e-7);
            Assert.Equal(tip[1, 3], factors.Tip.Y, 2e-7);
            Assert.Equal(tip[2, 3], factors.Tip.Z, 2e-7);
            (double x, double y, double z) =
                (tip[0, 3] - factors.Target.X, tip[1, 3] - factors.Target.Y, tip[2, 3] - factors.Target.Z);
            Assert.Equal(Math.Sqrt((x * x) + (y * y) + (z * z)), factors.Distance, 1e-6);
            Assert.All(factors.Pose.Fingertips.ToArray(),
                fingertip => Assert.InRange(Vector3.Distance(fingertip, factors.Tip), .02f, .1f));
        }
    }

    [Fact]
    public void CamerasAreOnTheDomeAndLookAtItsMiddle()
    {
        const float Scale = 2.2f;
        double azimuths = 0, elevations = 0, count = 0;
        var cameras = Enumerable.Range(0, 300)
            .SelectMany(i => Arm.Sample(SceneSplit.Train, (ulong)i).Cameras.ToArray());
        foreach (var camera in cameras.Concat(Arm.FixedViews(50)))
        {
            var centre = new Vector3(0, 0, .4f * Scale);
            var offset = new Vector3(camera.X, camera.Y, camera.Z) - centre;
            Assert.InRange(offset.Length() / Scale, 1.6f - 1e-5f, 2 + 1e-5f);
            double elevation = Math.Asin(offset.Z / offset.Length()) * 180 / Math.PI;
            Assert.InRange(elevation, 10 - 1e-3, 60 + 1e-3);
            Assert.Equal(45, camera.FieldOfViewDegrees);
            Assert.InRange(camera.Yaw, -MathF.PI, MathF.PI);
            var forward = new Vector3(
                MathF.Cos(camera.Pitch) * MathF.Cos(camera.Yaw), MathF.Cos(camera.Pitch) * MathF.Sin(camera.Yaw),
                MathF.Sin(camera.Pitch));
            Assert.True((offset + (offset.Length() * forward)).Length() < 1e-5f);
            azimuths += camera.Yaw;
            elevations += elevation;
            count++;
        }

        Assert.Equal(300 * 11 + 50, count);
        Assert.Equal(0, azimuths / count, .1);
        Assert.Equal(35, elevations / count, .8);
    }

    [Fact]
    public void OtherCausesAreUniform()
    {
        const int Count = 4000;
        int[] hues = new int[10];
        var walls = new Dictionary<RoomWall, int>();
        var floors = new Dictionary<RoomFloor, int>();
        foreach (var factors in Sampled(Arm, Count))
        {
            hues[Math.Min((int)(factors.TargetHue * 10), 9)]++;
            walls[factors.Wall] = walls.GetValueOrDefault(factors.Wall) + 1;
            floors[factors.Floor] = floors.GetValueOrDefault(factors.Floor) + 1;
        }

        Assert.All(hues, n => Assert.InRange(n, 320, 480));
        Assert.Equal(5, walls.Count);
        Assert.All(walls.Values, n => Assert.InRange(n, 700, 900));
        Assert.Equal(3, floors.Count);
        Assert.All(floors.Values, n => Assert.InRange(n, 1200, 1470));
    }

    [Fact]
    public void OneCauseChangesAlone()
    {
        var scene = Arm.Sample(SceneSplit.Train, 3);
        var factors = Factors(scene);
        var turned = Factors(scene.With("joints[0]", factors.Joints[0] + 1));
        Assert.Equal(factors.Joints[0] + 1, turned.Joints[0]);
        Assert.Equal(factors.Joints.Skip(1), turned.Joints.Skip(1));
        Assert.Equal(factors, turned with { Joints = factors.Joints });
        Assert.Equal(scene.Cameras.ToArray(), scene.With("joints[0]", 1f).Cameras.ToArray());
        Assert.Equal(
            [.. Enumerable.Range(0, 9).Select(k => $"joints[{k}]"), "target.position", "target.colour", "wall", "floor",
                "light"],
            factors.Properties);
        Assert.Equal(factors.TargetHue, factors["target.colour"]);
        Assert.Equal(factors.Target, factors["target.position"]);
    }

    [Fact]
    public void ImpossibleCausesAndOptionsAreRefused()
    {
        var scene = Arm.Sample(SceneSplit.Train, 0);
        var factors = Factors(scene);
        scene.With("joints[0]", 20f);
        Refuses("joints[1]", () => scene.With("joints[1]", .5f));
        Refuses("joints[6]", () => scene.With("joints[6]", 1.4f));
        Refuses("joints[3]", () => scene.With("joints[3]", float.NaN));
        Refuses("joints[9]", () => factors.With("joints[9]", 0f));
        Refuses("9 angles, not 8", () => scene.With(factors with { Joints = [.. factors.Joints.Skip(1)] }));
        Refuses("target.colour", () => scene.With("target.colour", 1.5f));
        Refuses("target.position", () => scene.With("target.position", new WorldPoint(0, float.NaN, 0)));
        Refuses("light", () => scene.With("light", new WorldPoint(0, 0, float.PositiveInfinity)));
        Refuses("wall", () => scene.With("wall", (RoomWall)5));
        Refuses("floor", () => scene.With("floor", (RoomFloor)3));
        Refuses("radii", () => new JacoArm(new JacoOptions { Clearance = .4f }).Sample(SceneSplit.Train, 0));
        Refuses("ring", () => new JacoArm(new JacoOptions { TargetRadius = .9f }).Sample(SceneSplit.Train, 0));

        Assert.Throws<ArgumentException>(() => new JacoArm(new JacoOptions { LinkRadii = [.1f] }));
        Assert.Throws<ArgumentException>(() => new JacoArm(new JacoOptions { MinTargetHeight = .7f }));
        Assert.Throws<ArgumentException>(() => new JacoArm(new JacoOptions { Scale = float.NaN }));

        static void Refuses(string name, Action action) =>
            Assert.Contains(name, Assert.Throws<FactorException>(action).Message, StringComparison.Ordinal);
    }

    private static JacoFactors Factors(Scene scene) => (JacoFactors)scene.Factors;

    private static IEnumerable<JacoFactors> Sampled(JacoArm arm, int count) =>
        Enumerable.Range(0, count).Select(i => Factors(arm.Sample(SceneSplit.Train, (ulong)i)));
}

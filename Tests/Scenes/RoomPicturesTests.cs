using System.Diagnostics;
using System.Security.Cryptography;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>What cameras see of rooms.</summary>
public sealed class RoomPicturesTests
{
    public static TheoryData<string> Names => ["rooms-ring", "rooms-free", "rooms-free-rotating"];

    /// <summary>At pixel centres without an adjacent edge: the same part, depth and colour; a misplaced shadow would be
    /// a difference of tens of levels.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void PixelCentresAgreeWithTheReference(string name)
    {
        const int Size = 40;
        var environment = (Rooms)Environments.Create(name);
        int[] shadows = new int[2];
        int compared = 0, otherwise = 0, edges = 0;
        for (ulong index = 0; index < 12; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            var camera = scene.Cameras[(int)index % 10];
            if (index % 2 == 1)
            {
                // From above, with the light beside an object: here shadows are in full view.
                var first = ((RoomFactors)scene.Factors).Objects[0];
                scene = scene.With("light", new WorldPoint(first.X + .7f, first.Y - .4f, 2.2f));
                camera = new Camera(.2f, -3.3f, 2.6f, MathF.PI / 2, -.7f, 60);
            }

            var reference = new ReferenceRoom(scene, environment.Options);
            byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
            float[] depth = new float[Size * Size];
            scene.Render(camera, Size, rgb, parts, depth);
            var seen = new ReferenceRoom.Seen[Size * Size];
            for (int i = 0; i < seen.Length; i++)
                seen[i] = reference.Look(camera, Size, (i % Size) + .5, (i / Size) + .5);
            for (int i = 0; i < seen.Length; i++)
            {
                if (IsEdge(seen, Size, i))
                {
                    edges++;
                    continue;
                }

                compared++;
                shadows[seen[i].Shadowed ? 1 : 0]++;
                Assert.Equal(seen[i].Part, parts[i]);
                if (seen[i].Surface == 0)
                    Assert.Equal(float.PositiveInfinity, depth[i]);
                else
                    Assert.InRange(depth[i] - seen[i].Depth, -1e-4, 1e-4);
                if (Difference(rgb, i, seen[i].Colour) > 1.1)
                    otherwise++;
            }
        }

        Assert.True(compared > 4 * edges && shadows[1] > 100, $"{compared}, {edges} edges, {shadows[1]} in shadow");
        // Faces of one primitive are edges only to the fast renderer, and the mean of a packet differs a little.
        Assert.True(otherwise < compared / 50, $"{otherwise} of {compared} colours differ");
    }

    /// <summary>Against the mean of 8×8 rays per pixel: the error of one ray per pixel, with filtered textures and a
    /// packet at edges, is small.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void PicturesAgreeWithDenseSupersampling(string name)
    {
        const int Size = 24, Grid = 8;
        var environment = (Rooms)Environments.Create(name);
        double error = 0;
        int count = 0, far = 0;
        for (ulong index = 20; index < 26; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            var reference = new ReferenceRoom(scene, environment.Options);
            var camera = scene.Cameras[(int)index % 10];
            byte[] rgb = scene.Render(camera, Size).Bytes.ToArray();
            for (int i = 0; i < Size * Size; i++)
            {
                Point3 mean = default;
                for (int k = 0; k < Grid * Grid; k++)
                {
                    double column = (i % Size) + (((k % Grid) + .5) / Grid);
                    double row = (i / Size) + (((k / Grid) + .5) / Grid);
                    mean += reference.Look(camera, Size, column, row).Colour * (1.0 / (Grid * Grid));
                }

                double difference = Difference(rgb, i, mean);
                error += difference;
                count++;
                if (difference > 32)
                    far++;
            }
        }

        Assert.True(error / count < 1.5, $"mean error {error / count:F3} levels");
        Assert.True(far < count / 200, $"{far} of {count} pixels differ by more than 32 levels");
    }

    /// <summary>A picture changes only together with <see cref="SceneEnvironment.Version"/>.</summary>
    [Theory]
    [InlineData("rooms-ring", SceneSplit.Train, 0ul, 0, 64,
        "fcff790f219cb28d05e7469a7b572a247b4cc0bef9ef074211ce2fcbdf805915")]
    [InlineData("rooms-ring", SceneSplit.Test, 12345ul, 9, 45,
        "6212a9dbd5304e1ceff5bb6232468c02ae7f473c839822e706eb0e9c36dfb83c")]
    [InlineData("rooms-free", SceneSplit.Train, 7ul, 3, 64,
        "c5f92bfa93d8f4a79b84581f95702cfc374aabdfd655a826ee56acc9f2d1423c")]
    [InlineData("rooms-free", SceneSplit.Test, ulong.MaxValue, 5, 84,
        "0255d49a34e2efbb5bbc40355df6b3d07cef45a8cdfde22ca03b320759e63755")]
    [InlineData("rooms-free-rotating", SceneSplit.Train, 3ul, 1, 128,
        "062f9665e6860961db0784de18e597ab6dd9a9d6a312696373589cdc9880355f")]
    [InlineData("rooms-free-rotating", SceneSplit.Test, 99ul, 8, 64,
        "083458f0846e1c4f8823df93252d684f2f0a2d42cbb39d236289a9616341bd34")]
    public void PicturesKeepTheirBytes(string name, SceneSplit split, ulong index, int view, int size, string sha256)
    {
        var environment = Environments.Create(name);
        Assert.Equal(1, environment.Version);
        var scene = environment.Sample(split, index);
        byte[] rgb = scene.Render(scene.Cameras[view], size).Bytes.ToArray();
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(rgb)));
    }

    /// <summary>The bytes of all environments, in other processes with fewer of this processor's
    /// instructions.</summary>
    [Theory]
    [InlineData("DOTNET_EnableAVX512F")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task BytesAreTheSameOnOlderProcessors(string feature)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "Gqn.Native.Tests.dll"),
            "--filter-method", $"*.{nameof(PicturesKeepTheirBytes)}",
        ])
        { RedirectStandardOutput = true };
        start.Environment[feature] = "0";
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
    }

    [Fact]
    public void RenderingAllocatesNothing()
    {
        var scene = Environments.Create("rooms-ring").Sample(SceneSplit.Train, 0);
        byte[] rgb = new byte[64 * 64 * 3], parts = new byte[64 * 64];
        float[] depth = new float[64 * 64];
        // Tables of shapes and textures are made on first use.
        RenderAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        RenderAll();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void RenderAll()
        {
            foreach (var camera in scene.Cameras)
                scene.Render(camera, 64, rgb, parts, depth);
        }
    }

    /// <summary>Includes corners, the seams between walls and floor, and cameras outside.</summary>
    [Fact]
    public void RoomsHaveNoCracksAndWallsHaveNoBacks()
    {
        var environment = (Rooms)Environments.Create("rooms-ring");
        var scene = environment.Sample(SceneSplit.Train, 0);
        scene = scene.With((RoomFactors)scene.Factors with { Objects = [] });
        float[] depth = new float[96 * 96];
        byte[] rgb = new byte[96 * 96 * 3];
        for (int i = 0; i < 24; i++)
        {
            var inside = new Camera(.1f * i, 1.5f - (.07f * i), .77f, i * (MathF.Tau / 24), -.2f, 60);
            scene.Render(inside, 96, rgb, default, depth);
            for (int column = 0; column < 96; column++)
            {
                int sky = 0;
                while (sky < 96 && float.IsInfinity(depth[(sky * 96) + column]))
                    sky++;
                Assert.InRange(sky, 0, 48);
                Assert.All(Enumerable.Range(sky, 96 - sky),
                    row => Assert.True(float.IsFinite(depth[(row * 96) + column]), $"crack at {row}, {column}"));
            }
        }
        // Through the near wall to the far wall; and nothing when looking away from the room.
        float[] far = new float[65 * 65];
        scene.Render(new Camera(-4.5f, 0, .77f, 0, 0, 45), 65, new byte[65 * 65 * 3], default, far);
        Assert.Equal(8, far[(32 * 65) + 32], 1e-4);
        scene.Render(new Camera(-4.5f, 0, .77f, MathF.PI, 0, 45), 96, rgb, default, depth);
        Assert.All(depth, d => Assert.Equal(float.PositiveInfinity, d));
        Assert.Equal([154, 226, 250], rgb.AsSpan(0, 3).ToArray());
    }

    /// <summary>Light has no colour of its own and objects do not light each other: if no ray of a pixel sees an
    /// object, its colour does not matter.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void AnObjectsColourChangesOnlyItsOwnPixels(string name)
    {
        const int Size = 32, Fine = 8;
        var environment = Environments.Create(name);
        int changed = 0;
        for (ulong index = 0; index < 20; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            var factors = (RoomFactors)scene.Factors;
            int last = factors.Objects.Count - 1;
            var colour = factors.Objects[last].Colour;
            var recoloured = scene.With($"objects[{last}].colour", colour with { Hue = (colour.Hue + .5f) % 1 });
            foreach (var camera in scene.Cameras[..3])
            {
                byte[] before = scene.Render(camera, Size).Bytes.ToArray();
                byte[] after = recoloured.Render(camera, Size).Bytes.ToArray();
                byte[] fine = new byte[Size * Size * Fine * Fine];
                scene.Render(camera, Size * Fine, new byte[fine.Length * 3], fine);
                for (int i = 0; i < Size * Size; i++)
                {
                    bool same = before.AsSpan(i * 3, 3).SequenceEqual(after.AsSpan(i * 3, 3));
                    int corner = (i / Size * Fine * Size * Fine) + (i % Size * Fine);
                    // The rays of an edge pixel go through the centres of some of its fine pixels.
                    int shown = Enumerable.Range(0, Fine * Fine).Count(
                        k => fine[corner + (k / Fine * Size * Fine) + (k % Fine)] == last + 1);
                    if (!same)
                        changed++;
                    Assert.True(same || shown > 0, $"pixel {i} changed");
                    Assert.True(!same || shown < Fine * Fine, $"pixel {i} did not change");
                }
            }
        }

        Assert.True(changed > 200);
    }

    private static bool IsEdge(ReferenceRoom.Seen[] seen, int size, int i)
    {
        (int x, int y) = (i % size, i / size);
        return Differs(x - 1, y) || Differs(x + 1, y) || Differs(x, y - 1) || Differs(x, y + 1);

        bool Differs(int column, int row) => column >= 0 && column < size && row >= 0 && row < size
            && (seen[(row * size) + column].Surface, seen[(row * size) + column].Shadowed)
                != (seen[i].Surface, seen[i].Shadowed);
    }

    /// <summary>The largest difference of a channel, in levels.</summary>
    private static double Difference(byte[] rgb, int pixel, Point3 colour) => Math.Max(
        Math.Abs(rgb[pixel * 3] - (255 * colour.X)), Math.Max(
            Math.Abs(rgb[(pixel * 3) + 1] - (255 * colour.Y)), Math.Abs(rgb[(pixel * 3) + 2] - (255 * colour.Z))));
}

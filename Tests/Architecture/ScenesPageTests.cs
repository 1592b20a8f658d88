using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Cli;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The code on the page about scenes is the code below, and its tables show the options' defaults.</summary>
public sealed class ScenesPageTests
{
    private const string Page = "docs/scenes.md";

    [Fact]
    public void FactorsExampleChangesOneCause()
    {
        // example: factors
        var environment = Environments.Create("rooms-ring");
        var scene = environment.Sample(SceneSplit.Train, index: 7);
        foreach (string property in scene.Factors.Properties)
            Console.WriteLine($"{property} = {scene.Factors[property]}");
        var blue = scene.With("objects[0].colour", new HsvColour(2 / 3f, 1, 1));
        RgbImage before = scene.Render(scene.Cameras[0], 64), after = blue.Render(scene.Cameras[0], 64);
        // end
        Assert.False(before.Bytes.SequenceEqual(after.Bytes));
        Assert.All(scene.Factors.Properties, property => Assert.Equal(
            property != "objects[0].colour", scene.Factors[property].Equals(blue.Factors[property])));
        PageExample.AssertOn(Page, "factors");
    }

    [Fact]
    public void ConditionExampleHoldsOut()
    {
        // example: condition
        var withoutRedCones = Environments.Create("rooms-ring").Where(factors =>
            !((RoomFactors)factors).Objects.Any(o => o.Shape == RoomShape.Cone && o.Colour.Hue < .05f));
        var views = withoutRedCones.FixedViews(count: 8);
        RgbImage[] pictures = [.. views.Select(view => withoutRedCones.Sample(SceneSplit.Train, 7).Render(view, 64))];
        // end
        Assert.Equal(8, pictures.Length);
        for (ulong i = 0; i < 500; i++)
        {
            Assert.DoesNotContain(((RoomFactors)withoutRedCones.Sample(SceneSplit.Train, i).Factors).Objects,
                o => o.Shape == RoomShape.Cone && o.Colour.Hue < .05f);
        }

        PageExample.AssertOn(Page, "condition");
    }

    [Fact]
    public void MirrorExampleMakesPairs()
    {
        // example: mirror
        var original = Environments.Create("shepard-metzler-7").Sample(SceneSplit.Test, index: 3);
        var factors = (ShepardMetzlerFactors)original.Factors;
        var mirrored = original.With(factors.Mirror());
        bool canBeTurnedIntoEachOther = !factors.IsChiral;
        // end
        Assert.Equal(canBeTurnedIntoEachOther, factors.CanonicalForm == factors.MirrorForm);
        Assert.Equal(factors.MirrorForm, ((ShepardMetzlerFactors)mirrored.Factors).CanonicalForm);
        PageExample.AssertOn(Page, "mirror");
    }

    [Fact]
    public void MazeExampleIsAMap()
    {
        // example: maze
        var maze = Environments.Create("mazes").Sample(SceneSplit.Test, index: 0);
        var layout = (MazeLayout)maze.Factors["layout"];
        Console.WriteLine(layout);
        var same = MazeLayout.Parse(layout.ToString());
        var plan = Mazes.RenderTopDown(maze, size: 64);
        var everywhere = Mazes.GridViews(maze, headings: 3);
        // end
        Assert.Equal(layout, same);
        Assert.Equal((64, 147), (plan.Width, everywhere.Length));
        Assert.Contains("```\n" + layout + "\n```", PageExample.Read(Page), StringComparison.Ordinal);
        PageExample.AssertOn(Page, "maze");
    }

    [Fact]
    public async Task ExampleOfPicturesOfOnesOwnMakesADataSet()
    {
        using var temporary = new TemporaryFolder();
        string folder = temporary["data"];
        var world = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 0);
        var photographs = new List<(string Path, Vector3 At, Vector3 Ahead)[]>();
        for (int scene = 0; scene < 3; scene++)
        {
            photographs.Add([.. world.Cameras[..4].ToArray().Select((camera, view) =>
            {
                string path = temporary[$"{scene}-{view}.png"];
                Png.Write(path, world.Render(camera, 32));
                var at = new Vector3(camera.X, camera.Y, camera.Z);
                return (path, at, -at);
            })]);
        }
        // example: own
        var writer = new GqnDatasetWriter(folder, "garden", SceneSplit.Train, photographs.Count);
        for (int file = 0; file < writer.Layout.Files; file++)
        {
            writer.WriteFile(file, photographs.Chunk(writer.Layout.ScenesPerFile).ElementAt(file).Select(scene =>
                new SceneRecord(
                    [.. scene.Select(view => (ReadOnlyMemory<byte>)File.ReadAllBytes(view.Path))],
                    [.. scene.SelectMany(view => new[]
                    {
                        view.At.X, view.At.Y, view.At.Z,
                        MathF.Atan2(view.Ahead.Y, view.Ahead.X), MathF.Asin(view.Ahead.Z / view.Ahead.Length()),
                    })])));
        }
        // end
        var record = GqnDataset.Open(folder, null, SceneSplit.Train).ReadFile(0).First();
        for (int view = 0; view < 4; view++)
        {
            Camera expected = world.Cameras[view], actual = record.Camera(view);
            Assert.Equal(expected.Yaw, actual.Yaw, 1e-4f);
            Assert.Equal(expected.Pitch, actual.Pitch, 1e-4f);
            Assert.Equal(world.Render(expected, 32).Bytes, record.Decode(view).Bytes);
        }

        string output = (await CommandRun.Of("data check", folder)).Succeeded().Output;
        Assert.Contains("garden, train: 3 scenes", output, StringComparison.Ordinal);
        PageExample.AssertOn(Page, "own");
    }

    /// <summary>A table under "Options of `RoomOptions`" has a row for each option, with its default.</summary>
    [Theory]
    [InlineData(typeof(RoomOptions))]
    [InlineData(typeof(RoomShapeOptions))]
    [InlineData(typeof(RoomLightOptions))]
    [InlineData(typeof(MazeOptions))]
    [InlineData(typeof(JacoOptions))]
    public void TablesListAllOptionsWithTheirDefaults(Type options)
    {
        string[] lines = PageExample.Read(Page).Split('\n');
        int start = Array.FindIndex(lines, line => line.Contains($"`{options.Name}`:", StringComparison.Ordinal)) + 1;
        Assert.True(start > 0, $"{Page} has no table of {options.Name}");
        var rows = lines.Skip(start).SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|'))
            .Skip(2).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'), cells => cells[2]);
        object defaults = Activator.CreateInstance(options)!;
        PropertyInfo[] properties = [.. options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => !property.PropertyType.IsClass || property.PropertyType == typeof(string))];
        Assert.Equal(properties.Select(property => property.Name).Order(), rows.Keys.Order());
        Assert.All(properties, property => Assert.Equal(Written(property.GetValue(defaults)!), rows[property.Name]));
    }

    private static string Written(object value) => value switch
    {
        bool flag => flag ? "yes" : "no",
        Rgb colour => $"({colour.R}, {colour.G}, {colour.B})",
        IEnumerable list => string.Join(", ", list.Cast<object>().Select(Written)),
        _ => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
    };
}

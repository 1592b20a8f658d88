using System.Text.RegularExpressions;
using Gqn.Native.Photographs;
using Gqn.Native.Tests.Cli;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The two files of poses on the page about photographs are read, and are of the camera that it says.</summary>
public sealed partial class PhotographsPageTests
{
    private const string Page = "docs/photographs.md";

    [Theory]
    [InlineData("```json\n")]
    [InlineData("```\nfile,x,y,z")]
    public void BothExamplesOfPosesAreOneCamera(string start)
    {
        string page = PageExample.Read(Page);
        int first = page.IndexOf(start, StringComparison.Ordinal);
        first = page.IndexOf('\n', first) + 1;
        string example = page[first..page.IndexOf("```", first, StringComparison.Ordinal)];
        using var folder = new TemporaryFolder();
        string path = folder["poses"];
        File.WriteAllText(path, example);
        var picture = Assert.Single(start.Contains("json", StringComparison.Ordinal)
            ? TransformsFile.Read(path, new PoseConventions())
            : PosesTable.Read(path, new PoseConventions { FieldOfView = 1 }));
        Assert.Contains("This camera is at (0.5, −2, 1.6) and looks along y.", page, StringComparison.Ordinal);
        Assert.Equal(("images/0001.jpg", 0.5, -2, 1.6), (picture.File, picture.Pose.X, picture.Pose.Y, picture.Pose.Z));
        Assert.Equal(Math.PI / 2, picture.Pose.Yaw, 1e-4);
        Assert.Equal((0, 0), (Math.Round(picture.Pose.Pitch, 6), Math.Round(picture.Pose.Roll, 6)));
    }

    /// <summary>Every option that the page names is one of the command's.</summary>
    [Fact]
    public async Task OptionsOnThePageExist()
    {
        string help = (await CommandRun.Of("data import --help")).Succeeded().Output;
        string[] named = [.. Option().Matches(PageExample.Read(Page)).Select(match => match.Value).Distinct()];
        Assert.InRange(named.Length, 10, 40);
        string[] ofOthers = ["--images", "--run_colmap", "--colmap_matcher", "--project", "--set", "--data", "--help"];
        Assert.All(named.Except(ofOthers), option => Assert.Contains(option, help, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"--[a-z][a-z_-]+")]
    private static partial Regex Option();
}

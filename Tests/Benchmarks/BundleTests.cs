using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gqn.Native.Benchmarks;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Report;
using Gqn.Native.Tests.Architecture;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>What the scripts of the bundle and the peer in PyTorch take for granted of the programs.</summary>
public sealed partial class BundleTests
{
    private const string Maker = "scripts/gpu-bundle.sh", Starter = "scripts/gpu-bundle/gqn.sh";
    private const string Runner = "scripts/gpu-bundle/run-all.sh", Peer = "Benchmarks/Peers/pytorch_gqn.py";

    public static TheoryData<string> Presets => ["tiny", "small", "paper"];

    [Theory]
    [InlineData(Programs.Gqn)]
    [InlineData(Programs.Tests)]
    [InlineData(Programs.Benchmarks)]
    public void ProgramsLieTogetherAndEachIsStarted(string program)
    {
        string name = Path.GetFileNameWithoutExtension(program);
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, program)));
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, name + ".runtimeconfig.json")));
        Assert.Contains($"program={name} ;;", PageExample.Read(Starter), StringComparison.Ordinal);
        Assert.Contains(name, PageExample.Read(Maker), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Maker)]
    [InlineData(Starter)]
    [InlineData(Runner)]
    public void ScriptsAreReadByTheirShell(string script)
    {
        if (OperatingSystem.IsWindows())
            return;
        string text = PageExample.Read(script);
        string shell = text.StartsWith("#!/bin/sh\n", StringComparison.Ordinal) ? "sh" : "bash";
        using var log = new StringWriter();
        var run = ChildProcess.Run(
            "/usr/bin/env", [shell, "-n", "-c", text], new Dictionary<string, string>(), TimeSpan.FromMinutes(1), log);
        Assert.True(run.Succeeded, log.ToString());
    }

    [Fact]
    public void FilesThatTheBundleIsMadeOfExist()
    {
        var named = RepositoryFile().Matches(PageExample.Read(Maker)).Select(match =>
            match.Groups["root"].Value == "here" ? "scripts/" + match.Groups["path"].Value : match.Groups["path"].Value);
        string[] files = [.. named.Where(path => path.Contains('.', StringComparison.Ordinal))];
        Assert.Contains(Peer, files);
        Assert.Contains(Runner, files);
        Assert.All(files, file => Assert.NotEmpty(PageExample.Read(file)));
    }

    [Fact]
    public void HelpOfTheBundleNamesWhatTheReportKnows()
    {
        using var help = new StringWriter();
        Assert.Equal(0, BenchmarkCommands.Run(["report", "--help"], help, TextWriter.Null));
        string runner = PageExample.Read(Runner);
        foreach (Match option in Option().Matches(runner))
            Assert.Contains(option.Value.Trim(), help.ToString() + " --help", StringComparison.Ordinal);
        string parts = Regex.Match(help.ToString(), "Parts to run: (.*)").Groups[1].Value;
        Assert.All(parts.Split(", "), part => Assert.Matches($@"\n  {part.Trim()} +[a-z]", runner));
    }

    [Fact]
    public void PeerMeasuresTheSameLayersAndProducts()
    {
        string peer = PageExample.Read(Peer);
        foreach (var layer in GpuLayerBenchmarks.Layers)
        {
            Assert.Contains(
                $"(\"{layer.Name}\", {layer.N}, {layer.C}, {layer.K}, {layer.Size}, {layer.Kernel}, {layer.Stride}),",
                peer, StringComparison.Ordinal);
        }

        var products = GpuMatrixProductBenchmarks.Sizes.Select(size => $"({size.Rows}, {size.Columns}, {size.Inner})");
        Assert.Contains($"PRODUCTS = [{string.Join(", ", products)}]", peer, StringComparison.Ordinal);
    }

    [Fact]
    public void BundleTrackedFilesAndWeightsStaySmallTogether()
    {
        const long MostBytes = 62L << 20;
        // The script refuses a larger bundle, and continuous integration runs the script.
        long bundle = 1_000_000 * long.Parse(
            BundleLimit().Match(PageExample.Read(Maker)).Groups["megabytes"].Value, CultureInfo.InvariantCulture);
        Assert.InRange(bundle, 1, 48_000_000);
        Assert.Contains($"\nstep bundle {Maker} ", PageExample.Read(".ci/run"), StringComparison.Ordinal);
        string root = PageExample.Root();
        using var log = new StringWriter();
        var run = ChildProcess.Run(
            "git", ["-C", root, "ls-files"], new Dictionary<string, string>(), TimeSpan.FromMinutes(1), log);
        Assert.SkipUnless(run.Succeeded, "This is no checkout of git.");
        // Names with odd characters come in quotes; there are none.
        Assert.DoesNotContain(run.Output, name => name.StartsWith('"'));
        var files = run.Output.Select(name => new FileInfo(Path.Combine(root, name)))
            .Where(file => file.Exists).ToList();
        Assert.Contains(files, file => file.Extension == ".safetensors");
        Assert.InRange(bundle + files.Sum(file => file.Length), bundle + 1_000_000, MostBytes);
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void PeerHasTheSameSizes(string preset)
    {
        var model = StepCommand.Configure(preset, null, 1).Model;
        Assert.Contains(
            $"\"{preset}\": dict(size={model.ImageSize}, representation={model.RepresentationChannels}, "
            + $"layers={model.Layers}, hidden={model.Hidden}, latent={model.LatentChannels}, kernel={model.Kernel}),",
            PageExample.Read(Peer), StringComparison.Ordinal);
    }

    [Fact]
    public void PeerHasTheSameParameters()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The peer runs where PyTorch's GPUs are: on Linux.");
        using var log = new StringWriter();
        var none = new Dictionary<string, string>();
        var run = ChildProcess.Run("python3", ["--version"], none, TimeSpan.FromMinutes(1), log);
        Assert.SkipUnless(run.Succeeded, "There is no python3.");
        run = ChildProcess.Run(
            "python3", ["-c", PageExample.Read(Peer), "parameters"], none, TimeSpan.FromMinutes(1), log);
        var counted = run.Output.Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(
            line => line.GetProperty("preset").GetString()!, line => line.GetProperty("parameters").GetInt64());
        Assert.Equal(3, counted.Count);
        Assert.All(counted, entry => Assert.Equal(
            ModelPlan.Create(StepCommand.Configure(entry.Key, null, 1), 1).Parameters, entry.Value));
    }

    [Fact]
    public void PeerRefusesModesThatItDoesNotHave()
    {
        var run = RunPeer("options", "import sys\nsys.argv = ['peer', 'steps', '--modes', 'eager,fast']\npeer.main()");
        string reason = run.Errors[^1];
        Assert.Contains("'fast'", reason, StringComparison.Ordinal);
        Assert.Contains("eager, graph, compiled, compiled-graph", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void PeerSurvivesEachOfItsCases()
    {
        var run = RunPeer(
            "cases",
            """
            import os, time
            def fail():
                raise ValueError("it cannot be captured\nand more")
            def print_and_hang():
                peer.write(kind="step", preset="tiny")
                time.sleep(300)
            peer.attempt("hangs", 2, print_and_hang)
            peer.attempt("crashes", 60, os.abort)
            peer.attempt("fails", 60, fail)
            peer.write(kind="result", result=peer.attempt("works", 60, lambda: 42))
            """);
        Assert.True(run.Succeeded, string.Join('\n', run.Errors));
        Assert.Equal(
            [
                """{"kind": "step", "preset": "tiny"}""",
                """{"kind": "leftOut", "what": "hangs", "reason": "it was ended after 2 s, its share of the time."}""",
                """{"kind": "leftOut", "what": "crashes", "reason": "its process ended with code -6."}""",
                """{"kind": "leftOut", "what": "fails", "reason": "ValueError: it cannot be captured"}""",
                """{"kind": "result", "result": 42}""",
            ],
            run.Output);
    }

    // The peer as a module of a program, without the folder of compiled files that Python would put beside it.
    private static ChildRun RunPeer(string name, string program)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The peer runs where PyTorch's GPUs are: on Linux.");
        using var folder = new TemporaryFolder();
        using var log = new StringWriter();
        var none = new Dictionary<string, string>();
        var run = ChildProcess.Run("python3", ["--version"], none, TimeSpan.FromMinutes(1), log);
        Assert.SkipUnless(run.Succeeded, "There is no python3.");
        File.WriteAllText(folder["peer.py"], PageExample.Read(Peer));
        File.WriteAllText(folder[name + ".py"], "import peer\n" + program);
        return ChildProcess.Run("python3", [folder[name + ".py"]], none, TimeSpan.FromMinutes(2), log);
    }

    [GeneratedRegex(@"^limit_megabytes=(?<megabytes>\d+)$", RegexOptions.Multiline)]
    private static partial Regex BundleLimit();

    [GeneratedRegex(@"""\$(?<root>here|repository)/(?<path>[\w./-]+)""")]
    private static partial Regex RepositoryFile();

    [GeneratedRegex(@"(?<=[\s\[])--[a-z]+")]
    private static partial Regex Option();
}

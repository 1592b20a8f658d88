using System.Diagnostics;
using Gqn.Native.Model;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>A run belongs to one process at a time.</summary>
public sealed class RunClaimTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AClaimExcludesOthersUntilItsLastPartEnds()
    {
        var mine = new RunDirectory(_folder["run"]);
        var first = mine.Claim();
        using (mine.Claim())
        {
            first.Dispose();
            first.Dispose();
            var error = Assert.Throws<OptionException>(() => new RunDirectory(_folder["run"]).Claim());
            Assert.Contains($"{_folder["run"]} is being trained by another process", error.Message, StringComparison.Ordinal);
        }

        using (new RunDirectory(_folder["run"]).Claim())
            Assert.Throws<OptionException>(mine.Claim);
    }

    [Fact]
    public void AFolderThatStayedEmptyIsRemovedIfTheClaimMadeIt()
    {
        Directory.CreateDirectory(_folder["old"]);
        new RunDirectory(_folder["old"]).Claim().Dispose();
        new RunDirectory(_folder["new"]).Claim().Dispose();
        using (new RunDirectory(_folder["filled"]).Claim())
            File.WriteAllText(Path.Combine(_folder["filled"], "config.json"), "{}");
        Assert.Equal(["filled", "old"], _folder.FileNames);
    }

    [Fact]
    public void EachOfManyGetsAFolderOfItsOwn()
    {
        Directory.CreateDirectory(Path.Combine(_folder["run-2"], "something"));
        File.WriteAllText(_folder["run-4"], "a file");
        using var start = new Barrier(8);
        string[] found = new string[8];
        var threads = Enumerable.Range(0, 8).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            found[i] = RunDirectory.ClaimFirst(n => _folder[$"run-{n}"]).Path;
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        int[] numbers = [1, 3, 5, 6, 7, 8, 9, 10];
        Assert.Equal(numbers.Select(n => _folder[$"run-{n}"]).Order(), found.Order());
    }

    [Fact]
    public async Task OfTwoProcessesThatResumeARunOneIsRefusedAndTheRunStaysWhole()
    {
        string run = _folder["run"];
        using var first = Train("--preset", "tiny", "--steps", "100000", "--log-every", "1", "--out", run);
        // The first line of numbers: from now on the run is written.
        string? line;
        do
            line = await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line is not null && !line.Contains("-ELBO", StringComparison.Ordinal));
        Assert.NotNull(line);
        using (var second = Train("--resume", run))
        {
            string error = await second.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await second.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(2, second.ExitCode);
            Assert.Contains("is being trained by another process", error, StringComparison.Ordinal);
        }

        // The claim of a killed process ends with it.
        first.Kill();
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var claim = new RunDirectory(run).Claim();
    }

    private static Process Train(params string[] arguments)
    {
        string name = OperatingSystem.IsWindows() ? "Gqn.Native.exe" : "Gqn.Native";
        return Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, name), ["train", "--threads", "1", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}

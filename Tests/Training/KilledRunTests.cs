using System.Diagnostics;
using Gqn.Native.Engine;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>The program itself, killed without warning at random moments.</summary>
public sealed class KilledRunTests
{
    private const int Kills = 10;

    [Fact]
    public void RunKilledTenTimesEqualsAnUninterruptedOne()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"];
        Assert.Equal(0, Finish(Start(whole)));
        byte[] expected = File.ReadAllBytes(new RunDirectory(whole).LatestCheckpoint()!);
        var expectedMetrics = TrainerTests.Metrics(whole);
        var random = new RandomStream(3, 0);
        int kills = 0;
        for (int run = 0; kills < Kills; run++)
        {
            string path = folder[$"killed-{run}"];
            var process = Start(path);
            while (kills < Kills && !process.WaitForExit((int)random.NextSingle(50, 1500)))
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
                kills++;
                process = Start(path);
            }

            Assert.Equal(0, Finish(process));
            Assert.Equal(expected, File.ReadAllBytes(new RunDirectory(path).LatestCheckpoint()!));
            Assert.Equal(expectedMetrics, TrainerTests.Metrics(path));
        }
    }

    private static Process Start(string run)
    {
        // A run killed before it wrote its configuration starts anew, as a user would.
        string[] target = File.Exists(new RunDirectory(run).ConfigurationPath)
            ? ["--resume", run]
            : ["--preset", "tiny", "--out", run];
        string program = Path.Combine(
            AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Gqn.Native.exe" : "Gqn.Native");
        return Process.Start(new ProcessStartInfo(
            program,
            [
                "train", .. target, "--steps", "300", "--log-every", "1", "--sample-every", "40",
                "--checkpoint-every", "7", "--set", "reporting.evaluationScenes=4",
                "--set", "training.learningRate.steps=300", "--set", "training.averageDecay=0.99", "--threads", "1",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static int Finish(Process process)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(string.Empty, error.Result);
            return process.ExitCode;
        }
    }
}

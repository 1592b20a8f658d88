using Gqn.Native.Cli;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>The outcome of a command run in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <param name="words">The command line's first words, separated by spaces.</param>
    /// <param name="more">Further words, such as paths.</param>
    public static async Task<CommandRun> Of(string words, params string[] more)
    {
        string[] args = [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. more];
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Fails the test unless the command succeeded without complaint.</summary>
    public CommandRun Succeeded()
    {
        Assert.Equal((CommandLine.Success, string.Empty), (ExitCode, Error));
        return this;
    }

    /// <summary>Fails the test unless the command refused bad input in one sentence with the fragment.</summary>
    public CommandRun Refused(string fragment)
    {
        Assert.Contains(fragment, Error, StringComparison.Ordinal);
        Assert.StartsWith("error: ", Error, StringComparison.Ordinal);
        Assert.Single(Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.Equal(CommandLine.BadInput, ExitCode);
        return this;
    }
}

/// <summary>A run of six steps, trained once for the tests that only read it.</summary>
public sealed class TrainedRun : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>A folder for everything else that a test writes.</summary>
    public string Path => _folder.Path;

    public string Run => this["run"];

    public string Output { get; private set; } = string.Empty;

    public string this[string name] => _folder[name];

    public async ValueTask InitializeAsync()
    {
        var run = await CommandRun.Of("train --preset tiny --steps 6 --threads 1 --log-every 2 --out", Run);
        Output = run.Succeeded().Output;
    }

    /// <summary>A copy that a test may damage.</summary>
    public string Copy(string name)
    {
        string copy = this[name];
        foreach (string file in Directory.EnumerateFiles(Run, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(copy, System.IO.Path.GetRelativePath(Run, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    /// <summary>The newest checkpoint of a run.</summary>
    public static string Checkpoint(string run)
    {
        string folder = System.IO.Path.Combine(run, "checkpoints");
        return System.IO.Path.Combine(folder, File.ReadAllText(System.IO.Path.Combine(folder, "latest")).Trim());
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

using Gqn.Native.Cli;
using Gqn.Native.Training;
using Spectre.Console;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Hints are meant to be copied.</summary>
public sealed class TerminalTests
{
    [Theory]
    [InlineData("runs/quick-1", "runs/quick-1")]
    [InlineData("größe/x", "größe/x")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(rm)", "'$(rm)'")]
    [InlineData("-x", "./-x")]
    [InlineData("~", "'~'")]
    [InlineData("", "''")]
    public void PathsAreWordsForTheShell(string path, string word)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(word, Shell.Quote(path));
    }

    [Fact]
    public void ALineIsNotWrappedAtTheWidthOfTheWindow()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        console.Profile.Width = 40;
        string path = string.Join('/', Enumerable.Repeat("folder [of] runs", 20));
        new Terminal(console, TimeProvider.System).WriteField("next", $"gqn render {path} --out x.png");
        Assert.Equal($"next       gqn render {path} --out x.png\n", output.ToString().ReplaceLineEndings("\n"));
    }
}

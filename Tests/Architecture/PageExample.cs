using System.Runtime.CompilerServices;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>Code printed on a page: a test compiles and runs it, and compares the page with its own source.</summary>
internal static class PageExample
{
    /// <summary>The text of a page.</summary>
    /// <param name="page">Its path from the root of the repository.</param>
    /// <param name="source">The test's file.</param>
    public static string Read(string page, [CallerFilePath] string source = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", page)).ReplaceLineEndings("\n");

    /// <summary>The root of the repository.</summary>
    /// <param name="source">A test's file, in a folder of the tests.</param>
    public static string Root([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", ".."));

    /// <summary>Fails unless the lines of the test between "// example: name" and "// end" are on the page.</summary>
    public static void AssertOn(string page, string example, [CallerFilePath] string source = "") =>
        AssertCodeOn(page, Code(File.ReadAllLines(source), $"// example: {example}"), source);

    /// <summary>Fails unless the page shows the program in a file beside the test: its usings, and its lines between
    /// "// example" and "// end".</summary>
    public static void AssertProgramOn(string page, string file, [CallerFilePath] string source = "")
    {
        string[] lines = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(source)!, file));
        var usings = lines.Where(line => line.StartsWith("using Gqn.", StringComparison.Ordinal));
        AssertCodeOn(page, string.Join('\n', usings) + "\n\n" + Code(lines, "// example"), source);
    }

    private static string Code(string[] lines, string mark)
    {
        int first = Array.FindIndex(lines, line => line.Trim() == mark) + 1;
        int last = Array.FindIndex(lines, first, line => line.Trim() == "// end");
        return string.Join('\n', lines[first..last].Select(line => line.Length > 8 ? line[8..] : string.Empty)).Trim();
    }

    private static void AssertCodeOn(string page, string code, string source) =>
        Assert.Contains("```csharp\n" + code + "\n```", Read(page, source), StringComparison.Ordinal);
}

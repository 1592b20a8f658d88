using System.Runtime.CompilerServices;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>Code on a page that is also in a test: compiled, run, and compared.</summary>
internal static class PageExample
{
    /// <summary>The text of a page.</summary>
    /// <param name="page">Its path from the root of the repository.</param>
    /// <param name="source">The test's file.</param>
    public static string Read(string page, [CallerFilePath] string source = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", page)).ReplaceLineEndings("\n");

    /// <summary>Fails unless the lines of the test between "// example: name" and "// end" are on the page.</summary>
    public static void AssertOn(string page, string example, [CallerFilePath] string source = "")
    {
        string[] lines = File.ReadAllLines(source);
        int first = Array.FindIndex(lines, line => line.Trim() == $"// example: {example}") + 1;
        int last = Array.FindIndex(lines, first, line => line.Trim() == "// end");
        var dedented = lines[first..last].Select(line => line.Length > 8 ? line[8..] : string.Empty);
        string code = string.Join('\n', dedented).Trim();
        Assert.Contains("```csharp\n" + code + "\n```", Read(page, source), StringComparison.Ordinal);
    }
}

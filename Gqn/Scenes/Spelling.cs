namespace Gqn.Native.Scenes;

/// <summary>Finds what a misspelt name may have meant.</summary>
internal static class Spelling
{
    /// <summary>The known name that takes the fewest edits; the first of several.</summary>
    public static string Nearest(string word, IEnumerable<string> known) => known.MinBy(name => Distance(word, name))!;

    /// <summary>The Levenshtein distance: the fewest insertions, deletions and substitutions, ignoring case.</summary>
    public static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + change));
            }
        }

        return row[^1];
    }
}

using System.Globalization;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The words after the verb on the command line; options are taken, and whatever remains is unknown.</summary>
internal sealed class Arguments(string verb, IEnumerable<string> words)
{
    private readonly List<string> _words = [.. words];

    /// <summary>True if the option is present.</summary>
    public bool TakeFlag(string name) => _words.Remove(name);

    /// <summary>The word after the option; null if the option is absent.</summary>
    /// <exception cref="ArgumentException">The option is the last word.</exception>
    public string? TakeText(string name)
    {
        int at = _words.IndexOf(name);
        if (at < 0)
            return null;
        if (at + 1 == _words.Count)
            throw new ArgumentException($"{name} needs a value.");
        string text = _words[at + 1];
        _words.RemoveRange(at, 2);
        return text;
    }

    /// <summary>A positive whole number.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public int TakeNumber(string name, int fallback)
    {
        if (TakeText(name) is not { } text)
            return fallback;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new FormatException($"{name} {text} is not a positive whole number.");
    }

    /// <summary>A value of an enumeration by its name in lower case; null if the option is absent.</summary>
    /// <exception cref="FormatException">There is no such value; the message lists the valid ones.</exception>
    public T? TakeChoice<T>(string name) where T : struct, Enum
    {
        if (TakeText(name) is not { } text)
            return null;
        foreach (var value in Enum.GetValues<T>())
        {
            if (Lower(value) == text)
                return value;
        }

        throw new FormatException($"{name} {text} is none of {string.Join(", ", Enum.GetValues<T>().Select(Lower))}.");
    }

    /// <summary>Refuses words that no option has taken.</summary>
    /// <exception cref="ArgumentException">Some words are left.</exception>
    public void RequireEmpty()
    {
        if (_words.Count > 0)
            throw new ArgumentException($"{verb} has no option '{_words[0]}'.");
    }

    private static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}

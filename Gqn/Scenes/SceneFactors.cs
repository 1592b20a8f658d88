using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The true causes of a scene's pictures, as its environment drew them; serialisable with
/// <see cref="System.Text.Json.JsonSerializer"/>.</summary>
/// <remarks>
/// Besides the typed members of each environment's factors there is a view by name, the same for all environments, which
/// experiments use: "objects[0].colour", "light". Factors never change; <see cref="With"/> makes others.
/// </remarks>
[JsonDerivedType(typeof(JacoFactors), "jaco")]
[JsonDerivedType(typeof(RoomFactors), "rooms")]
[JsonDerivedType(typeof(ShepardMetzlerFactors), "shepard-metzler")]
[JsonDerivedType(typeof(MazeFactors), "mazes")]
public abstract record SceneFactors
{
    /// <summary>The names of all causes that can be changed one at a time.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<string> Properties { get; }

    /// <summary>The value of one cause.</summary>
    /// <param name="property">One of <see cref="Properties"/>.</param>
    /// <exception cref="FactorException">There is no such property.</exception>
    public abstract object this[string property] { get; }

    /// <summary>The same causes but one.</summary>
    /// <param name="property">One of <see cref="Properties"/>.</param>
    /// <param name="value">Its new value, of the type that the indexer gives.</param>
    /// <exception cref="FactorException">There is no such property, or it cannot have this value.</exception>
    public abstract SceneFactors With(string property, object value);

    /// <summary>A value of the type that a property has.</summary>
    /// <exception cref="FactorException">It has another type.</exception>
    private protected static T Cast<T>(string property, object value) => value is T typed
        ? typed
        : throw new FactorException(
            $"'{property}' is a {typeof(T).Name}, which {value?.GetType().Name ?? "null"} is not.");

    /// <summary>The error for a property that does not exist.</summary>
    private protected FactorException Unknown(string property) =>
        new($"There is no property '{property}' here; there are {string.Join(", ", Properties)}.");

    /// <summary>Takes "name[index].field" apart.</summary>
    /// <returns>Whether it has that form, with the given name and an index below <paramref name="count"/>.</returns>
    private protected static bool TryElement(
        string property, string name, int count, out int index, out ReadOnlySpan<char> field)
    {
        index = 0;
        field = default;
        ReadOnlySpan<char> rest = property;
        if (!rest.StartsWith(name) || rest.Length <= name.Length || rest[name.Length] != '[')
            return false;
        rest = rest[(name.Length + 1)..];
        int end = rest.IndexOf(']');
        if (end < 1 || !int.TryParse(rest[..end], System.Globalization.NumberStyles.None, null, out index)
            || index >= count)
        {
            return false;
        }

        rest = rest[(end + 1)..];
        if (rest.Length > 0 && rest[0] != '.')
            return false;
        field = rest.Length > 0 ? rest[1..] : default;
        return true;
    }
}

/// <summary>Causes that no scene of the environment can have.</summary>
public sealed class FactorException : ArgumentException
{
    /// <summary>An error with its explanation.</summary>
    public FactorException(string message) : base(message)
    {
    }
}

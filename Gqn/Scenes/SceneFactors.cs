using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The true generative factors of a scene, as its environment drew them; serialisable with
/// <see cref="System.Text.Json.JsonSerializer"/>.</summary>
/// <remarks>
/// Besides typed members, each environment's factors have access by name, uniform across environments, for use in
/// experiments: "objects[0].colour", "light". Factors are immutable; <see cref="With"/> makes changed copies.
/// </remarks>
[JsonDerivedType(typeof(JacoFactors), "jaco")]
[JsonDerivedType(typeof(RoomFactors), "rooms")]
[JsonDerivedType(typeof(ShepardMetzlerFactors), "shepard-metzler")]
[JsonDerivedType(typeof(MazeFactors), "mazes")]
public abstract record SceneFactors
{
    /// <summary>The names of all factors that can be changed individually.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<string> Properties { get; }

    /// <summary>The value of one factor.</summary>
    /// <param name="property">One of <see cref="Properties"/>.</param>
    /// <exception cref="FactorException">There is no such property.</exception>
    public abstract object this[string property] { get; }

    /// <summary>A copy with one factor changed.</summary>
    /// <param name="property">One of <see cref="Properties"/>.</param>
    /// <param name="value">The new value, of the type that the indexer returns.</param>
    /// <exception cref="FactorException">There is no such property, or it cannot have this value.</exception>
    public abstract SceneFactors With(string property, object value);

    /// <summary>Casts a value to the type of a property.</summary>
    /// <exception cref="FactorException">The value has a different type.</exception>
    private protected static T Cast<T>(string property, object value) => value is T typed
        ? typed
        : throw new FactorException(
            $"'{property}' is a {typeof(T).Name}, which {value?.GetType().Name ?? "null"} is not.");

    /// <summary>Creates the error for a property that does not exist.</summary>
    private protected FactorException Unknown(string property) =>
        new($"There is no property '{property}' here; there are {string.Join(", ", Properties)}.");

    /// <summary>Parses "name[index].field".</summary>
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

/// <summary>Factors are invalid for a scene of the environment.</summary>
public sealed class FactorException : ArgumentException
{
    /// <summary>Creates an error with the given message.</summary>
    public FactorException(string message) : base(message)
    {
    }
}

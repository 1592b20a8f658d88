using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Changes single values of a configuration by their key, as "--set model.layers=8" does.</summary>
public static class ConfigurationOverrides
{
    /// <summary>The notation for an absent value.</summary>
    private const string None = "none";

    /// <summary>Applies assignments to a configuration, in order.</summary>
    /// <param name="configuration">The configuration to start from.</param>
    /// <param name="assignments">Assignments "key=value". A key is a path such as model.layers, or the end of one if
    /// that is unambiguous.</param>
    /// <exception cref="OptionException">A key is unknown or ambiguous, or a value is invalid for it.</exception>
    public static RunConfiguration Apply(RunConfiguration configuration, IEnumerable<string> assignments)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(assignments);
        var root = JsonSerializer.SerializeToNode(configuration, RunConfiguration.JsonOptions)!.AsObject();
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
                throw new OptionException($"--set {assignment}: write key=value, for example model.layers=8.");
            Assign(root, assignment[..equals].Trim(), assignment[(equals + 1)..].Trim());
        }

        return RunConfiguration.Parse(root.ToJsonString(), "--set");
    }

    /// <summary>Lists all keys with their values, in order: "model.layers" = "12".</summary>
    public static IReadOnlyList<(string Key, string Value)> List(RunConfiguration configuration)
    {
        var root = JsonSerializer.SerializeToNode(configuration, RunConfiguration.JsonOptions)!.AsObject();
        return [.. Leaves(root, string.Empty).Select(leaf => (leaf.Path, leaf.Parent[leaf.Name]?.ToString() ?? None))];
    }

    private static void Assign(JsonObject root, string key, string value)
    {
        var leaves = Leaves(root, string.Empty).ToList();
        var exact = leaves.Where(leaf => Same(leaf.Path, key)).ToList();
        var matches = exact.Count > 0
            ? exact
            : leaves.Where(leaf => leaf.Path.EndsWith("." + key, StringComparison.OrdinalIgnoreCase)).ToList();
        if (matches.Count == 0)
        {
            string nearest = leaves.Select(leaf => leaf.Path)
                .MinBy(path => Math.Min(
                    Spelling.Distance(path, key), Spelling.Distance(path[(path.LastIndexOf('.') + 1)..], key)))!;
            throw new OptionException(
                $"--set: there is no key '{key}'; did you mean '{nearest}'? 'gqn info --preset NAME' lists all keys.");
        }

        if (matches.Count > 1)
        {
            throw new OptionException(
                $"--set: '{key}' may be {string.Join(" or ", matches.Select(leaf => $"'{leaf.Path}'"))}; "
                + "write the whole key.");
        }

        var (path, parent, name) = matches[0];
        parent[name] = Convert(path, parent[name], value);
    }

    private static JsonNode? Convert(string path, JsonNode? current, string value)
    {
        var property = PropertyOf(path);
        bool isText = property.PropertyType == typeof(string);
        bool optional = isText ? property.IsSetNullable : Nullable.GetUnderlyingType(property.PropertyType) is not null;
        if (optional && Same(value, None))
            return null;
        var kind = current?.GetValueKind() ?? (isText ? JsonValueKind.String : JsonValueKind.Number);
        try
        {
            switch (kind)
            {
                case JsonValueKind.Number:
                    var number = JsonNode.Parse(value);
                    if (number?.GetValueKind() == JsonValueKind.Number)
                        return number;
                    break;
                case JsonValueKind.True or JsonValueKind.False when bool.TryParse(value, out bool flag):
                    return JsonValue.Create(flag);
                case JsonValueKind.String:
                    return JsonValue.Create(value);
            }
        }
        catch (JsonException)
        {
            // Not JSON at all: reported below like any other value of the wrong type.
        }

        throw new OptionException(
            $"--set {path}: '{value}' is not {(kind == JsonValueKind.Number ? "a number" : "true or false")}.");
    }

    /// <summary>The property that a path such as training.data refers to.</summary>
    private static JsonPropertyInfo PropertyOf(string path)
    {
        var type = typeof(RunConfiguration);
        JsonPropertyInfo property = null!;
        foreach (string name in path.Split('.'))
        {
            property = RunConfiguration.JsonOptions.GetTypeInfo(type).Properties.Single(known => known.Name == name);
            type = property.PropertyType;
        }

        return property;
    }

    private static IEnumerable<(string Path, JsonObject Parent, string Name)> Leaves(JsonObject node, string prefix)
    {
        foreach (var (name, child) in node)
        {
            string path = prefix.Length == 0 ? name : prefix + "." + name;
            if (child is JsonObject inner)
            {
                foreach (var leaf in Leaves(inner, path))
                    yield return leaf;
            }
            else
            {
                yield return (path, node, name);
            }
        }
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}

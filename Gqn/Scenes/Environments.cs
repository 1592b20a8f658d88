namespace Gqn.Native.Scenes;

/// <summary>Creates the available environments by name.</summary>
public static class Environments
{
    /// <summary>The names that <see cref="Create"/> accepts.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "rooms-ring", "rooms-free", "rooms-free-rotating", "jaco", "shepard-metzler-5", "shepard-metzler-7", "mazes",
    ];

    /// <summary>Creates the environment of this name.</summary>
    /// <exception cref="UnknownSceneException">There is no environment of that name.</exception>
    public static SceneEnvironment Create(string name) => name switch
    {
        "rooms-ring" => new Rooms(RoomCameras.Ring),
        "rooms-free" => new Rooms(RoomCameras.Free),
        "rooms-free-rotating" => new Rooms(RoomCameras.Free, rotating: true),
        "jaco" => new JacoArm(),
        "shepard-metzler-5" => new ShepardMetzler(5),
        "shepard-metzler-7" => new ShepardMetzler(7),
        "mazes" => new Mazes(),
        null => throw new ArgumentNullException(nameof(name)),
        _ => throw new UnknownSceneException(name, Names),
    };
}

/// <summary>There is no environment of the requested name.</summary>
public sealed class UnknownSceneException : ArgumentException
{
    internal UnknownSceneException(string name, IReadOnlyList<string> known)
        : this(name, known, Spelling.Nearest(name, known))
    {
    }

    private UnknownSceneException(string name, IReadOnlyList<string> known, string nearest)
        : base($"No scene environment is called '{name}'; did you mean '{nearest}'"
            + $" (known: {string.Join(", ", known)})?")
    {
        Name = name;
        Suggestion = nearest;
    }

    /// <summary>The requested name.</summary>
    public string Name { get; }

    /// <summary>The known name with the smallest edit distance.</summary>
    public string Suggestion { get; }
}

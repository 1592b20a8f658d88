using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>The location of a model's weights.</summary>
/// <param name="Path">The folder of a run, or a weights file.</param>
/// <param name="IsRun">Whether the path is the folder of a run.</param>
public readonly record struct ModelLocation(string Path, bool IsRun);

/// <summary>The trained models in a folder, each a <see cref="WeightsFile"/> named after its model.</summary>
/// <param name="folder">The folder; a missing one has no models.</param>
public sealed class ShippedModels(string folder)
{
    /// <summary>The models shipped with the program, in the folder Weights beside it.</summary>
    public static ShippedModels Installed { get; } = new(Path.Combine(AppContext.BaseDirectory, "Weights"));

    /// <summary>The names of the models, sorted.</summary>
    public IReadOnlyList<string> Names => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*" + WeightsFile.Extension)
            .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The path of a model's weights file.</summary>
    public string FileOf(string name) => Path.Combine(folder, name + WeightsFile.Extension);

    /// <summary>Resolves a name: to an existing folder, else a file, else a model of this folder.</summary>
    /// <param name="name">Path of a run's folder or of a weights file, or a model's name.</param>
    /// <exception cref="OptionException">None of them; the message lists the models and the nearest name.</exception>
    public ModelLocation Locate(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Directory.Exists(name))
            return new ModelLocation(name, IsRun: true);
        if (File.Exists(name))
            return new ModelLocation(name, IsRun: false);
        var names = Names;
        if (names.Contains(name))
            return new ModelLocation(FileOf(name), IsRun: false);
        throw new OptionException(
            $"There is no run's folder, weights file or shipped model '{name}'" + (names.Count == 0
                ? "; no models are shipped with this program."
                : $"; did you mean '{Spelling.Nearest(name, names)}'? "
                + $"Shipped are {string.Join(", ", names)}."));
    }
}

using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>Where a model's weights are.</summary>
/// <param name="Path">A run's folder, or a file of weights.</param>
/// <param name="IsRun">Whether it is a run's folder.</param>
public readonly record struct ModelLocation(string Path, bool IsRun);

/// <summary>The trained models of a folder, each a <see cref="WeightsFile"/> that is called as its model.</summary>
/// <param name="folder">The folder; one that is not there has no models.</param>
public sealed class ShippedModels(string folder)
{
    /// <summary>Those that came with the program, in the folder Weights beside it.</summary>
    public static ShippedModels Installed { get; } = new(Path.Combine(AppContext.BaseDirectory, "Weights"));

    /// <summary>The models' names, in order.</summary>
    public IReadOnlyList<string> Names => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*" + WeightsFile.Extension)
            .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The file of a model.</summary>
    public string FileOf(string name) => Path.Combine(folder, name + WeightsFile.Extension);

    /// <summary>What a name stands for: a folder that is there, else a file, else a model of this folder.</summary>
    /// <param name="name">Path of a run's folder or of a file of weights, or a model's name.</param>
    /// <exception cref="OptionException">None of them; the message lists the models and the nearest.</exception>
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
                : $"; did you mean '{names.MinBy(known => ConfigurationOverrides.Distance(known, name))}'? "
                + $"Shipped are {string.Join(", ", names)}."));
    }
}

using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>The options that choose the scenes that a trained model is shown: those of its run, of another environment,
/// or of a data set.</summary>
internal sealed class SceneOptions
{
    private readonly Option<string?> _scenes = CommandOptions.Word(
        "--scenes", "ENV",
        $"Scenes of an environment instead of the run's own: {string.Join(", ", Environments.Names)}");

    private readonly Option<string?> _data = CommandOptions.Data(
        "Scenes of a folder of data sets instead; also where the run's own data set is now, if it has moved");

    private readonly Option<string?> _dataset = CommandOptions.Word(
        "--dataset", "NAME", "Which data set of --data [default: the one of the run's name, or the only one]");

    public SceneOptions()
    {
        _scenes.CompletionSources.Add([.. Environments.Names]);
        _dataset.CompletionSources.Add([.. GqnDatasetInfo.All.Select(info => info.Name)]);
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_scenes);
        command.Options.Add(_data);
        command.Options.Add(_dataset);
    }

    /// <summary>The name of an option that was given; null if none was.</summary>
    public string? Given(ParseResult parsed) =>
        new[] { _scenes, _data, _dataset }.FirstOrDefault(option => parsed.GetValue(option) is not null)?.Name;

    /// <summary>Checks the options without opening anything.</summary>
    /// <exception cref="OptionException">Options exclude each other, or one needs another.</exception>
    /// <exception cref="UnknownSceneException">There is no environment of that name.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_scenes) is { } scenes)
        {
            Environments.Create(scenes);
            if (parsed.GetValue(_data) is not null)
                throw new OptionException("--scenes renders scenes, --data reads them from files: name one of both.");
        }

        if (parsed.GetValue(_dataset) is { } name && parsed.GetValue(_data) is null)
            throw new OptionException($"--dataset {name} needs --data, the folder that the data set is in.");
    }

    /// <summary>A run's configuration with the chosen scenes in place of its own; the model stays as it is.</summary>
    /// <remarks>If scenes have fewer views than the run's, so are the contexts that are usual for them.</remarks>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    /// <exception cref="OptionException">Scenes have one view, or do not show the model's box.</exception>
    public RunConfiguration Apply(ParseResult parsed, RunConfiguration own)
    {
        var training = Choose(parsed, own.Training);
        if (ReferenceEquals(training, own.Training))
            return own;
        var source = Open(training, SceneSplit.Test);
        if (source.ViewsPerScene < 2)
        {
            throw new OptionException(
                $"A scene of {source.Name} has one view: there must be one to show the model and one to predict.");
        }

        RequireSight(source, own.Model);
        return own with
        {
            Training = training with { MaxContexts = Math.Min(training.MaxContexts, source.ViewsPerScene - 1) },
        };
    }

    /// <summary>The training options of a run with the chosen scenes; the same object if these are its own.</summary>
    /// <exception cref="DatasetException">The data set is missing, or there are several to choose from.</exception>
    public TrainingOptions Choose(ParseResult parsed, TrainingOptions own)
    {
        Check(parsed);
        if (parsed.GetValue(_data) is { } folder)
        {
            string? name = parsed.GetValue(_dataset);
            if (name is null && own.Dataset is { } before && Directory.Exists(folder)
                && GqnDataset.Below(folder).Contains(before))
            {
                name = before;
            }

            GqnDataset.Locate(folder, name, out string found);
            return own with { Data = folder, Dataset = found, TrainScenes = null, TestScenes = null };
        }

        bool isOwn = parsed.GetValue(_scenes) is not { } scenes || (own.Data is null && scenes == own.Scenes);
        return isOwn
            ? own
            : own with
            {
                Scenes = parsed.GetValue(_scenes)!,
                Data = null,
                Dataset = null,
                TrainScenes = null,
                TestScenes = null,
            };
    }

    /// <summary>Opens all scenes of a split, whether or not their number was limited in training.</summary>
    /// <exception cref="DatasetException">The data set is missing or damaged.</exception>
    public static SceneSource Open(TrainingOptions training, SceneSplit split) => training.Data is { } folder
        ? new RecordedScenes(GqnDataset.Open(folder, training.Dataset, split))
        : new RenderedScenes(Environments.Create(training.Scenes), split);

    /// <summary>Refuses scenes of which a model with a bounded volume would see nothing.</summary>
    /// <exception cref="OptionException">The cameras of the scenes see nothing of the model's box.</exception>
    public static void RequireSight(SceneSource source, ModelOptions model)
    {
        if (ViewGeometry.Of(model) is not { } geometry || SceneSight.Sees(source, geometry))
            return;
        throw new OptionException(
            $"The model knows the box from {geometry.Bounds.Low} to {geometry.Bounds.High} alone, and no camera of the "
            + $"first {SceneSight.Scenes} scenes of {source.Name} sees anything of it: these scenes are elsewhere, or "
            + "in other units.");
    }
}

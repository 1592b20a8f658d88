using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Experiments;

/// <summary>An experiment of the article: a claim, and the measurement that tests it on a trained model.</summary>
public abstract class Experiment
{
    /// <summary>All experiments, in the order of the article's figures.</summary>
    public static IReadOnlyList<Experiment> All { get; } =
        [new HeldOutPrediction(), new HiddenPixelSpread(), new BayesianSurprise(), new TrainTestLikelihood()];

    /// <summary>The word for the command line; files are named after it.</summary>
    public abstract string Name { get; }

    /// <summary>The figure or section of the article.</summary>
    public abstract string Figure { get; }

    /// <summary>The claim in our words, a sentence without its full stop.</summary>
    public abstract string Claim { get; }

    /// <summary>The model that it needs, a noun phrase.</summary>
    public abstract string Needs { get; }

    /// <summary>The number of scenes unless another is asked for.</summary>
    public abstract int UsualScenes { get; }

    /// <summary>Finds an experiment by its name.</summary>
    /// <exception cref="OptionException">There is none of that name; the message names the nearest.</exception>
    public static Experiment Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] names = [.. All.Select(experiment => experiment.Name)];
        return All.FirstOrDefault(experiment => experiment.Name == name) ?? throw new OptionException(
            $"There is no experiment '{name}'; did you mean '{Spelling.Nearest(name, names)}'? "
            + $"There are {string.Join(", ", names)}.");
    }

    /// <summary>Checks that the model will do, and plans the work.</summary>
    /// <param name="subject">The model and its scenes.</param>
    /// <param name="scenes">The number of scenes, at least 2.</param>
    /// <returns>The amount of work that <see cref="Run"/> will report.</returns>
    /// <exception cref="OptionException">The model or its scenes will not do; the message says what would.</exception>
    public abstract long Plan(ExperimentSubject subject, int scenes);

    /// <summary>Measures.</summary>
    /// <param name="subject">The model and its scenes.</param>
    /// <param name="scenes">The number of scenes, at least 2.</param>
    /// <param name="advance">Called with each amount of work that is done.</param>
    /// <param name="cancellation">Requests a stop before the next batch.</param>
    /// <exception cref="OperationCanceledException">A stop was requested.</exception>
    /// <exception cref="Data.DatasetException">A scene is damaged or cannot be read.</exception>
    public abstract ExperimentReport Run(
        ExperimentSubject subject, int scenes, Action<long> advance, CancellationToken cancellation);

    /// <summary>The frame of the result.</summary>
    private protected ExperimentResult Result(
        ExperimentSubject subject, int count, IReadOnlyList<ResultRow> rows, IReadOnlyList<Finding> findings,
        IReadOnlyList<string> notes) =>
        new(Name, Figure, Claim, subject.Measured, count, subject.Seed, rows, findings, notes);
}

/// <summary>What an experiment found, and pictures of it.</summary>
/// <param name="Result">The numbers and the verdict.</param>
/// <param name="Pictures">Sheets of images by what they show, "" for the main one.</param>
/// <param name="Charts">Charts as SVG documents by what they show.</param>
public sealed record ExperimentReport(
    ExperimentResult Result, IReadOnlyDictionary<string, RgbImage> Pictures,
    IReadOnlyDictionary<string, string> Charts);

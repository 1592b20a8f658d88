using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>Options that verbs share, and options that report an invalid value in a clear sentence.</summary>
internal static class CommandOptions
{
    private const int MaxThreads = 1024;

    /// <summary>The names of all presets, comma-separated, for option descriptions.</summary>
    public static string PresetNames { get; } = string.Join(", ", Presets.All.Select(entry => entry.Name));

    /// <summary>An option that takes an integer; null if not given.</summary>
    public static Option<T?> Whole<T>(string name, string description, T least, T most)
        where T : struct, IBinaryInteger<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => ParseWhole(result, name, least, most),
        };

    /// <summary>An option that takes an integer of at least 1; null if not given.</summary>
    public static Option<int?> Positive(string name, string description) => Whole(name, description, 1, int.MaxValue);

    /// <summary>An option that takes a share, above 0 and below 1; null if not given.</summary>
    public static Option<double?> Share(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SHARE",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share);
            if (isNumber && share is > 0 and < 1)
                return share;
            result.AddError($"{name} {text}: write a number above 0 and below 1, such as 0.05");
            return null;
        },
    };

    /// <summary>An option that takes a word or a path; null if not given.</summary>
    public static Option<string?> Word(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => ParseWord(result, name),
    };

    /// <summary>An option that takes a number between two others, which are not included; null if not given.</summary>
    public static Option<double?> Between(string name, string helpName, string description, double low, double high) =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => ParseBetween(result, name, low, high),
        };

    /// <summary>An option that names a file to write; null if not given.</summary>
    public static Option<string?> OutputFile(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FILE",
        CustomParser = result =>
        {
            string? path = ParseWord(result, name);
            if (path is null || !AtomicFile.IsDevice(path))
                return path;
            result.AddError($"{name} {path}: that is a device; only files can be written");
            return null;
        },
    };

    /// <summary>An option that takes a duration; null if not given.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (Duration.TryParse(text, out var duration))
                return duration;
            result.AddError($"{name} {text}: write a time above 0 such as 90s, 10m, 1h30m, or only seconds");
            return null;
        },
    };

    /// <summary>The option <c>--set key=value</c>, which changes single configuration values.</summary>
    public static Option<string[]> Set() => new("--set")
    {
        Description = "Change any value of the configuration ('gqn info' lists the keys); may be repeated, wins over "
            + "all other options",
        HelpName = "key=value",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
    };

    /// <summary>The number of processor threads to use.</summary>
    public static Option<int?> Threads() =>
        Whole("--threads", "Processor threads [default: one per processor]", 1, MaxThreads);

    /// <summary>A folder of data sets; null if not given.</summary>
    public static Option<string?> Data(string description) => Word("--data", "DIR", description);

    /// <summary>The folder of a training run.</summary>
    public static Argument<string> Run() => new("RUN")
    {
        Description = "Folder of a run, such as runs/quick-rooms-ring-1",
    };

    /// <summary>A trained model: a shipped name, a weights file or a run's folder.</summary>
    public static Argument<string> Model()
    {
        var model = new Argument<string>("MODEL")
        {
            Description = "A shipped model ('gqn models' lists them), a file of weights, or the folder of a run",
        };
        model.CompletionSources.Add(_ => ShippedModels.Installed.Names.Select(name => new CompletionItem(name)));
        return model;
    }

    /// <summary>An option that takes one of a fixed set of words; null if not given.</summary>
    public static Option<T?> OneOf<T>(string name, string description, params (string Word, T Value)[] choices)
    {
        string[] words = [.. choices.Select(choice => choice.Word)];
        var option = new Option<T?>(name)
        {
            Description = description,
            HelpName = string.Join('|', words),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                int choice = Array.IndexOf(words, text);
                if (choice >= 0)
                    return choices[choice].Value;
                result.AddError($"{name} {text}: write {string.Join(" or ", words)}");
                return default;
            },
        };
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>The train or the test split of scenes; null if not given.</summary>
    /// <param name="usual">The split if the option is not given, for the description.</param>
    public static Option<SceneSplit?> Split(SceneSplit usual = SceneSplit.Train) => OneOf<SceneSplit?>(
        "--split",
        $"Which of the two disjoint sets of scenes [default: {(usual == SceneSplit.Train ? "train" : "test")}]",
        ("train", SceneSplit.Train), ("test", SceneSplit.Test));

    /// <summary>Which of a run's weights to use, raw or averaged; null if not given.</summary>
    public static Option<WeightKind?> Weights() => OneOf<WeightKind?>(
        "--weights", "Weights of the last step, or their moving average [default: the average where there is one]",
        ("raw", WeightKind.Raw), ("average", WeightKind.Average));

    /// <summary>The side length of a square image, in pixels; null if not given.</summary>
    public static Option<int?> ImageSize(string description) =>
        Whole("--size", description, Scene.MinImageSize, Scene.MaxImageSize);

    private static T? ParseWhole<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, IBinaryInteger<T>
    {
        string text = result.Tokens[0].Value;
        bool whole = T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
        if (whole && number >= least && number <= most)
            return number;
        result.AddError($"{name} {text}: write a whole number from {least} to {most}");
        return null;
    }

    private static double? ParseBetween(ArgumentResult result, string name, double low, double high)
    {
        string text = result.Tokens[0].Value;
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        if (isNumber && number > low && number < high)
            return number;
        string below = double.IsFinite(high)
            ? string.Create(CultureInfo.InvariantCulture, $" and below {high}")
            : string.Empty;
        result.AddError(string.Create(
            CultureInfo.InvariantCulture, $"{name} {text}: write a number above {low}{below}"));
        return null;
    }

    private static string? ParseWord(ArgumentResult result, string name)
    {
        string text = result.Tokens[0].Value;
        if (text.Length > 0)
            return text;
        result.AddError($"{name} needs a value that is not empty");
        return null;
    }
}

using System.CommandLine;
using System.Globalization;
using Gqn.Native.Training;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary><c>gqn models</c>: lists the trained models shipped with the program.</summary>
internal static class ModelsCommand
{
    /// <summary>The number of contexts whose figures are shown.</summary>
    private const int Contexts = 3;

    public static Command Create(Terminal terminal)
    {
        var command = new Command("models", "List the trained models that come with the program.");
        command.SetAction(_ => Write(terminal, ShippedModels.Installed));
        return command;
    }

    /// <summary>Prints a row for each model, or a sentence if there is none.</summary>
    internal static void Write(Terminal terminal, ShippedModels models)
    {
        var names = models.Names;
        if (names.Count == 0)
        {
            terminal.WriteLine($"No models come with this program; to train one: {Terminal.Program} train");
            return;
        }

        var table = Terminal.Table(
            2, "model", "scenes", "pixels", "size", "step", "MSE", "mean image", "object MSE", "mean image");
        foreach (string name in names)
            AddModel(table, name, models.FileOf(name));
        terminal.Console.Write(table);
        terminal.WriteLine($"MSE and object MSE: predictions from {Contexts} contexts, beside the mean image.");
        terminal.WriteLine($"To look at one: {Terminal.Program} render {names[0]}");
    }

    private static void AddModel(Table table, string name, string path)
    {
        var description = WeightsFile.Describe(path);
        int size = description.Configuration.Model.ImageSize;
        var prediction = description.Figures?.Contexts.FirstOrDefault(entry => entry.Contexts == Contexts)?.Prediction;
        var mean = prediction is null ? null : description.Figures?.MeanImage;
        Terminal.AddRow(
            table, name, description.Configuration.Training.SceneName, $"{size}x{size}",
            Terminal.Bytes(new FileInfo(path).Length), Terminal.Count(description.Step),
            Fixed(prediction?.MeanSquaredError), Fixed(mean?.MeanSquaredError),
            Fixed(prediction?.ObjectMeanSquaredError), Fixed(mean?.ObjectMeanSquaredError));
    }

    private static string Fixed(double? value) => value?.ToString("F5", CultureInfo.InvariantCulture) ?? "-";
}

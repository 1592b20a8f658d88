using System.Globalization;
using Gqn.Native.Peers.Libtorch;

const string Usage = """
    The network in libtorch, as a check and as a yardstick.
      parity [--preset tiny] [--threads 2]      loss, gradients and Adam of every variant; exit code 1 where they differ
      step   [--preset small] [--rounds 15] [--warmup 5] [--threads 2] [--batch 8] [--contexts 3] [--cputime]
                                                training steps of both engines in turns; a ratio above 1: we are faster
    """;

try
{
    string verb = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "parity";
    var options = new Queue<string>(args.Length > 0 && args[0] == verb ? args[1..] : args);
    if (verb is not ("parity" or "step") || options.Contains("--help"))
    {
        Console.WriteLine(Usage);
        return verb == "help" || options.Contains("--help") ? 0 : 2;
    }

    var step = Parse(verb, options);
    ElfPatch.ApplyToOutput();
    if (verb == "parity")
        return Parity.Run(step.Preset, step.Threads) ? 0 : 1;
    TrainingStep.Run(step);
    return 0;
}
catch (Exception exception) when (exception is ArgumentException or FormatException or Gqn.Native.Model.OptionException)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

static StepOptions Parse(string verb, Queue<string> arguments)
{
    var options = verb == "parity" ? new StepOptions { Preset = "tiny" } : new StepOptions();
    while (arguments.TryDequeue(out string? name))
    {
        options = (verb, name) switch
        {
            (_, "--preset") => options with { Preset = Text(name) },
            (_, "--threads") => options with { Threads = Number(name) },
            ("step", "--rounds") => options with { Rounds = Number(name) },
            ("step", "--warmup") => options with { Warmup = Number(name) },
            ("step", "--batch") => options with { Batch = Number(name) },
            ("step", "--contexts") => options with { Contexts = Number(name) },
            ("step", "--cputime") => options with { CpuTime = true },
            _ => throw new ArgumentException($"{verb} has no option '{name}'."),
        };
    }

    return options;

    string Text(string name) =>
        arguments.TryDequeue(out string? text) ? text : throw new ArgumentException($"{name} needs a value.");

    int Number(string name)
    {
        string text = Text(name);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new ArgumentException($"{name} {text} is not a positive whole number.");
    }
}

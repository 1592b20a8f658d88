using Gqn.Native.Model;
using Gqn.Native.Peers.Libtorch;

const string Usage = """
    This engine beside libtorch, as a check and as a yardstick. A ratio is libtorch / Gqn.Native: above 1 we are faster.
      parity [--preset tiny] [--threads 2]      loss, gradients and Adam of every variant; exit code 1 where they differ
      ops    [--filter TEXT] [--rounds 15]      ops of the model in turns, after comparing both engines' results with
                                                libtorch's in float64; exit code 1 where one of ours is wrong
      step   [--preset small] [--representation tower|pool|pyramid|volume] [--shared] [--prior] [--batch 8]
             [--contexts 3] [--rounds 15] [--warmup 5]
                                                training steps of both engines in turns; --prior: without a posterior
      query  [--preset small] [--rounds 30]     one image from a representation that is ready; all presets: small, paper
      memory [--preset paper] [--batch 2] [--representation tower|pool|pyramid|volume] [--shared] [--contexts 3]
                                                peak memory of training, one process per engine
      suite  [--quick] [--filter TEXT] [--date TEXT]
                                                all of it, for docs/performance.md; exit code 1 where a case fails
    All but parity: [--report FILE] writes the tables in Markdown; [--threads 2]; all but memory: [--cputime] takes
    processor time.
    """;

try
{
    string verb = args.Length > 0 ? args[0] : "help";
    if (verb is "help" or "--help" || args.Contains("--help"))
    {
        Console.WriteLine(Usage);
        return 0;
    }

    var arguments = new Arguments(verb, args[1..]);
    var report = new Report(verb == "parity" ? null : arguments.TakeText("--report"));
    var run = Prepare(verb, arguments, report);
    arguments.RequireEmpty();
    ElfPatch.ApplyToOutput();
    bool passed = run();
    report.Save();
    return passed ? 0 : 1;
}
catch (Exception exception) when (exception is ArgumentException or FormatException or OptionException or IOException)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

// Reads the verb's options; the returned function runs the verb, and is true if all is well.
static Func<bool> Prepare(string verb, Arguments arguments, Report report)
{
    int threads = arguments.TakeNumber("--threads", 2);
    var clock = new Clock(verb is not ("parity" or "memory") && arguments.TakeFlag("--cputime"));
    switch (verb)
    {
        case "parity":
            string tested = arguments.TakeText("--preset") ?? "tiny";
            return () => Parity.Run(tested, threads);
        case "ops":
            var operations = Operations();
            return () => OperationComparison.Run(operations, report);
        case "step":
            var step = Step("small", 0) with
            {
                Rounds = arguments.TakeNumber("--rounds", 15),
                Warmup = arguments.TakeNumber("--warmup", 5),
                Prior = arguments.TakeFlag("--prior"),
            };
            return () =>
            {
                StepComparison.Head(threads, clock, report);
                StepComparison.Rows(step, report);
                return true;
            };
        case "query":
            int rounds = arguments.TakeNumber("--rounds", 30);
            string[] presets = arguments.TakeText("--preset") is { } preset ? [preset] : ["small", "paper"];
            return () =>
            {
                QueryComparison.Head(threads, clock, report);
                bool passed = true;
                foreach (string name in presets)
                {
                    passed &= QueryComparison.Row(
                        new StepOptions { Preset = name, Rounds = rounds, Threads = threads, Clock = clock }, report);
                }

                return passed;
            };
        case "memory":
            string? alone = arguments.TakeText("--alone");
            var memory = Step("paper", 2);
            return () =>
            {
                if (alone is not null)
                    MemoryComparison.RunAlone(alone, memory);
                else
                    MemoryComparison.Run(memory, report);
                return true;
            };
        case "suite":
            bool quick = arguments.TakeFlag("--quick");
            string? date = arguments.TakeText("--date");
            var all = Operations();
            return () => Suite.Run(all, quick, date, report);
        default:
            throw new ArgumentException($"There is no verb '{verb}'; see --help.");
    }

    OperationOptions Operations() => new()
    {
        Filter = arguments.TakeText("--filter") ?? string.Empty,
        Rounds = arguments.TakeNumber("--rounds", 15),
        Threads = threads,
        Clock = clock,
    };

    StepOptions Step(string preset, int batch) => new()
    {
        Preset = arguments.TakeText("--preset") ?? preset,
        Representation = arguments.TakeChoice<RepresentationKind>("--representation"),
        Shared = arguments.TakeFlag("--shared"),
        Batch = arguments.TakeNumber("--batch", batch),
        Contexts = arguments.TakeNumber("--contexts", 3),
        Threads = threads,
        Clock = clock,
    };
}

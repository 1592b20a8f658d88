using Gqn.Native.Model;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>All comparisons, one after another; a failed one does not stop the others.</summary>
internal static class Suite
{
    private const int PaperRounds = 5, PaperWarmup = 1, QueryRounds = 30, QuickRounds = 3;

    private static readonly StepOptions[] Steps =
    [
        new StepOptions(),
        new StepOptions { Batch = 16 },
        Paper,
        Paper with { Representation = RepresentationKind.Pool },
        new StepOptions { Representation = RepresentationKind.Pool },
        Paper with { Shared = true },
        new StepOptions { Shared = true },
        new StepOptions { Preset = "quick" },
        new StepOptions { Preset = "quick", Prior = true },
    ];

    private static readonly StepOptions[] Queries = [new StepOptions { Batch = 1 }, Paper with { Batch = 1 }];

    private static StepOptions Paper => new()
    {
        Preset = "paper",
        Batch = 2,
        Rounds = PaperRounds,
        Warmup = PaperWarmup,
    };

    /// <summary>Runs everything; true if all ran and agreed.</summary>
    /// <param name="operations">Rounds and threads; its filter chooses from all cases.</param>
    /// <param name="quick">A few rounds of each, and no network of the article's size.</param>
    /// <param name="date">For the heading; may be null.</param>
    /// <param name="report">Receives the results.</param>
    public static bool Run(OperationOptions operations, bool quick, string? date, Report report)
    {
        bool passed = true;
        report.Line($"## Beside libtorch{(date is null ? string.Empty : $", {date}")}");
        report.Line();
        report.Line("### Ops");
        if (OperationComparison.Cases.Any(op => IsChosen(op.Name)))
            Try("ops", () => OperationComparison.Run(operations with { Rounds = Rounds(operations.Rounds) }, report));
        report.Line();
        report.Line("### Training steps");
        StepComparison.Head(operations.Threads, operations.Clock, report);
        foreach (var step in Steps.Where(step => Includes(step) && IsChosen("step " + step.Title)))
        {
            Try(step.Title, () =>
            {
                StepComparison.Rows(Of(step, step.Rounds), report);
                return true;
            });
        }

        report.Line();
        report.Line("### One query");
        QueryComparison.Head(operations.Threads, operations.Clock, report);
        foreach (var query in Queries.Where(query => Includes(query) && IsChosen("query " + query.Title)))
            Try(query.Title, () => QueryComparison.Row(Of(query, QueryRounds), report));
        report.Line();
        report.Line("### Memory");
        var memory = quick ? new StepOptions() : Paper;
        if (IsChosen("memory " + memory.Title))
        {
            Try("memory", () =>
            {
                MemoryComparison.Run(Of(memory, 1), report);
                return true;
            });
        }

        return passed;

        bool IsChosen(string name) => name.Contains(operations.Filter, StringComparison.OrdinalIgnoreCase);

        bool Includes(StepOptions step) => !quick || step.Preset != "paper";

        int Rounds(int rounds) => quick ? Math.Min(rounds, QuickRounds) : rounds;

        StepOptions Of(StepOptions options, int rounds) => options with
        {
            Rounds = Rounds(rounds),
            Threads = operations.Threads,
            Clock = operations.Clock,
            Warmup = Math.Min(options.Warmup, Rounds(options.Warmup)),
        };

        void Try(string name, Func<bool> run)
        {
            try
            {
                passed &= run();
            }
            catch (Exception exception)
            {
                report.Failure(name, exception);
                passed = false;
            }
        }
    }
}

using Gqn.Native.Engine;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The options of a comparison of ops.</summary>
internal sealed record OperationOptions
{
    /// <summary>Only ops whose name contains this.</summary>
    public string Filter { get; init; } = string.Empty;

    /// <summary>Rounds that count, one turn of each engine.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>Threads of each engine.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>The time that is measured.</summary>
    public Clock Clock { get; init; }
}

/// <summary>Compares ops of the model: first their errors, then their times, alternating in one process.</summary>
internal static class OperationComparison
{
    private const double Tolerance = 1e-5, TurnMilliseconds = 10;
    private const int MostCallsPerTurn = 200;
    private const long Seed = 1;

    /// <summary>Every op, in the sizes of "small" and of the article.</summary>
    public static IReadOnlyList<OperationCase> Cases { get; } =
    [
        .. new ConvolutionShape[]
        {
            // Gates of the recurrent cells.
            new(4, [394], 512, 16, 5), new(2, [394], 512, 16, 5), new(2, [650], 512, 16, 5),
            new(16, [98], 128, 16, 5), new(16, [64], 256, 16, 5), new(16, [64], 256, 8, 5),
            new(8, [138], 256, 8, 5), new(8, [266], 256, 8, 5),
            // The same as sums, as the cells call them.
            new(2, [7, 256, 3, 128], 512, 16, 5), new(2, [3, 7, 256, 128, 128, 128], 512, 16, 5),
            new(8, [7, 64, 3, 64], 256, 8, 5), new(8, [3, 7, 64, 64, 64, 64], 256, 8, 5),
            // Heads of prior and posterior.
            new(8, [64], 6, 8, 5), new(2, [128], 6, 16, 5),
            // The tower, and the recurrent cells of "quick".
            new(6, [256], 128, 32, 3), new(6, [256], 256, 16, 3), new(24, [64], 32, 16, 3), new(24, [64], 64, 8, 3),
            new(8, [64], 256, 8, 3),
            new(6, [3], 256, 64, 2, 2, OfImages: true), new(6, [256], 256, 32, 2, 2), new(6, [128], 256, 32, 2, 2),
            new(6, [256], 256, 16, 1),
            new(24, [3], 64, 32, 2, 2, OfImages: true), new(24, [64], 64, 16, 2, 2), new(24, [32], 64, 16, 2, 2),
            new(24, [64], 64, 8, 1),
            // Canvas up and down.
            new(2, [128], 128, 16, 4, 4, IsTransposed: true), new(2, [128], 128, 64, 4, 4),
            new(8, [64], 64, 8, 4, 4, IsTransposed: true), new(8, [64], 64, 32, 4, 4),
        }.Select(shape => new OperationCase(shape.ToString(), device => new ConvolutionPair(shape, device))),
        LstmCellPair.Case(2, 128, 16), LstmCellPair.Case(8, 64, 8), LstmCellPair.Case(16, 128, 8),
        LstmCellPair.Case(8, 128, 16),
        AdamPair.Case("256 K", 1 << 18), AdamPair.Case("4 M", 1 << 22), AdamPair.Case("64 M", 1 << 26),
    ];

    /// <summary>Writes a table; true if every op ran and was right.</summary>
    /// <exception cref="ArgumentException">No op matches the filter.</exception>
    public static bool Run(OperationOptions options, Report report)
    {
        OperationCase[] cases =
            [.. Cases.Where(op => op.Name.Contains(options.Filter, StringComparison.OrdinalIgnoreCase))];
        if (cases.Length == 0)
            throw new ArgumentException($"No op is called like '{options.Filter}'.");
        torch.set_num_threads(options.Threads);
        using var device = new CpuDevice(options.Threads);
        report.Engines(options.Threads, options.Clock);
        report.Line(
            $"{options.Rounds} rounds. All taps of a convolution count as operations; of the other ops the bytes count "
            + "that must move. Errors: relative, in Euclidean norms, ours / libtorch's, against libtorch in float64; "
            + $"ours may be {Tolerance:0e-0}.");
        report.Table(
            [("op", 40), ("pass", 17), .. PairedTimes.Columns, ("ours", 11), ("libtorch", 11), ("errors", 50)]);
        bool passed = true;
        foreach (var op in cases)
        {
            try
            {
                torch.random.manual_seed(Seed);
                using var pair = op.Create(device);
                foreach (var pass in pair.Passes)
                    passed &= Compare(op.Name, pair, pass, options, report);
            }
            catch (Exception exception)
            {
                report.Failure(op.Name, exception);
                passed = false;
            }
        }

        return passed;
    }

    private static bool Compare(
        string name, OperationPair pair, OperationPass pass, OperationOptions options, Report report)
    {
        var errors = pair.Compare(pass);
        string described = string.Join(", ", errors);
        if (!errors.All(error => error.Engine <= Tolerance))
        {
            report.Row(name, $"FAILED: {described}");
            return false;
        }

        var engine = Turn(() => pair.RunEngine(pass, options.Clock));
        var libtorch = Turn(() => pair.RunLibtorch(pass, options.Clock));
        var times = new PairedTimes(PairedTimes.TakeTurns(0, options.Rounds, engine, libtorch));
        report.Row(
            [name, pass.Name, .. times.Cells, Rate(times.EngineMedian), Rate(times.LibtorchMedian), described]);
        return true;

        string Rate(double milliseconds) => $"{pass.Work / milliseconds * 1e-6:F0} {pass.Unit}";
    }

    /// <summary>
    /// A turn of several calls that returns the mean time of one: short ops would be lost in the clock's resolution.
    /// </summary>
    private static Func<double> Turn(Func<double> run)
    {
        int calls = (int)Math.Clamp(TurnMilliseconds / PairedTimes.WarmUp(run), 1, MostCallsPerTurn);
        return () =>
        {
            double sum = 0;
            for (int i = 0; i < calls; i++)
                sum += run();
            return sum / calls;
        };
    }
}

using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Times training steps of both engines, alternating in one process.</summary>
internal static class StepComparison
{
    private const ulong BatchSeed = 1;

    /// <summary>Writes the line about the engines and the head of the table.</summary>
    public static void Head(int threads, Clock clock, Report report)
    {
        report.Engines(threads, clock);
        report.Table([("training step", 48), ("part", 9), .. PairedTimes.Columns]);
    }

    /// <summary>Measures one configuration and adds its rows to the table.</summary>
    public static void Rows(StepOptions options, Report report)
    {
        torch.set_num_threads(options.Threads);
        using var batch = new RandomBatch(options.Model, options.Scenes, options.Contexts, BatchSeed);
        using var engine = new EngineStep(options, batch);
        using var libtorch = new LibtorchStep(options, engine.Network, batch);
        var rounds = PairedTimes.TakeTurns(
            options.Warmup, options.Rounds, () => engine.Run(options.Clock), () => libtorch.Run(options.Clock));
        Row("total", step => step.Total);
        Row("forward", step => step.Forward);
        Row("backward", step => step.Backward);
        Row("optimiser", step => step.Optimiser);

        void Row(string part, Func<StepTimes, double> time) => report.Row(
        [
            options.Title, part,
            .. new PairedTimes(rounds.Select(round => (time(round.Engine), time(round.Libtorch)))).Cells,
        ]);
    }
}

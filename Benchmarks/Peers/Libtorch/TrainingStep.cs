using System.Diagnostics;
using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Engine.Random;
using Gqn.Native.Model;
using Gqn.Native.Training;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>What a comparison of training steps runs.</summary>
internal sealed record StepOptions
{
    /// <summary>Name of the configuration: sizes of the model, batch.</summary>
    public string Preset { get; init; } = "small";

    /// <summary>Scenes per step; 0 for the preset's.</summary>
    public int Batch { get; init; }

    /// <summary>Context images per scene.</summary>
    public int Contexts { get; init; } = 3;

    /// <summary>Steps of each engine that count.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>Steps of each engine before those that count.</summary>
    public int Warmup { get; init; } = 5;

    /// <summary>Threads of each engine.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>
    /// Processor time of the process instead of wall time. With one thread it does not see what else the machine does.
    /// </summary>
    public bool CpuTime { get; init; }
}

/// <summary>Times training steps of both engines in turns, in one process: both meet the same machine.</summary>
internal sealed class TrainingStep : IDisposable
{
    // The worker threads of both engines spin for a few milliseconds after their last loop (libtorch's are OpenMP's).
    // Sleeping between two steps lets them park, so that neither engine runs beside the other's spinning.
    private const int PauseMilliseconds = 20;
    private const ulong Seed = 1;

    private readonly StepOptions _options;
    private readonly RunConfiguration _configuration;
    private readonly CpuDevice _device;
    private readonly GenerativeQueryNetwork _network;
    private readonly Adam _adam;
    private readonly Tape _tape;
    private readonly RandomStream _noise = new(Seed, 1);
    private readonly RandomBatch _batch;
    private readonly TwinNetwork _twin;
    private readonly InPlaceAdam _twinAdam;
    private readonly float _sigma;

    private TrainingStep(StepOptions options)
    {
        _options = options;
        _configuration = Presets.Create(options.Preset);
        _sigma = (float)_configuration.Training.Sigma.Final;
        torch.set_num_threads(options.Threads);
        _device = new CpuDevice(options.Threads);
        _network = new GenerativeQueryNetwork(_configuration.Model, _device, Seed);
        _adam = new Adam(_network.Parameters);
        _tape = new Tape(_device);
        int scenes = options.Batch > 0 ? options.Batch : _configuration.Training.Batch;
        _batch = new RandomBatch(_configuration.Model, scenes, options.Contexts, Seed);
        _twin = new TwinNetwork(_network);
        _twinAdam = new InPlaceAdam(_twin.Weights);
    }

    /// <summary>Runs the rounds and prints medians, minima and ratios.</summary>
    public static void Run(StepOptions options)
    {
        using var step = new TrainingStep(options);
        step.Measure();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _twinAdam.Dispose();
        _twin.Dispose();
        _batch.Dispose();
        _tape.Dispose();
        _adam.Dispose();
        _network.Dispose();
        _device.Dispose();
    }

    private void Measure()
    {
        Console.WriteLine(
            $"preset {_options.Preset}, batch {_batch.Scenes}, {_batch.Contexts} contexts, "
            + $"{_network.Parameters.Count:N0} parameters, {_options.Rounds} rounds, "
            + $"{(_options.CpuTime ? "processor time" : "wall time")}; load {LoadAverage()}");
        Console.WriteLine($"{_device.Description}; libtorch {torch.__version__}, {torch.get_num_threads()} threads");
        var ours = new List<Phases>();
        var theirs = new List<Phases>();
        for (int round = -_options.Warmup; round < _options.Rounds; round++)
        {
            Thread.Sleep(PauseMilliseconds);
            var our = StepOurs();
            Thread.Sleep(PauseMilliseconds);
            var their = StepLibtorch();
            if (round < 0)
                continue;
            ours.Add(our);
            theirs.Add(their);
        }

        Console.WriteLine($"{"milliseconds",-18} {"total",9} {"forward",9} {"backward",9} {"optimiser",9}");
        Print("Gqn.Native median", ours, Median);
        Print("libtorch median", theirs, Median);
        Print("Gqn.Native minimum", ours, Enumerable.Min);
        Print("libtorch minimum", theirs, Enumerable.Min);
        PrintRatios("ratio of medians", ours, theirs, Median);
        PrintRatios("ratio of minima", ours, theirs, Enumerable.Min);
        var ratios = ours.Zip(theirs, (a, b) => b.Total / a.Total).Order().ToArray();
        Console.WriteLine(
            $"libtorch / Gqn.Native, round by round: median {Median(ratios):F2}, "
            + $"from {ratios[0]:F2} to {ratios[^1]:F2}");
        Console.WriteLine($"load {LoadAverage()}");
    }

    /// <summary>One update as the trainer makes it, gradient norm and reading of the losses included.</summary>
    private Phases StepOurs()
    {
        double start = Now();
        var elbo = _batch.EstimateElbo(_network, _tape, _sigma, _noise);
        double forward = Now();
        _tape.Backward(elbo.NegElbo);
        RequireFinite(elbo.NegElbo.Item(), "Gqn.Native");
        _tape.Reset();
        double backward = Now();
        double norm = _adam.GradientNorm();
        _adam.Step(_configuration.Training.LearningRate.Initial, norm);
        return new Phases(forward - start, backward - forward, Now() - backward);
    }

    private Phases StepLibtorch()
    {
        using var scope = torch.NewDisposeScope();
        double start = Now();
        _twin.ForgetGradients();
        var loss = _twin.NegElbo(_batch, _sigma, noise: null);
        double forward = Now();
        loss.backward();
        RequireFinite(loss.item<float>(), "libtorch");
        double backward = Now();
        _twinAdam.Step(_configuration.Training.LearningRate.Initial);
        return new Phases(forward - start, backward - forward, Now() - backward);
    }

    // A loss that is not a number would still be timed, and such arithmetic may run at another speed.
    private static void RequireFinite(float loss, string engine)
    {
        if (!float.IsFinite(loss))
            throw new InvalidOperationException($"The loss of {engine} is {loss}.");
    }

    private double Now() => _options.CpuTime
        ? Environment.CpuUsage.TotalTime.TotalMilliseconds
        : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    private static string LoadAverage() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return 0.5 * (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]);
    }

    private static void Print(string name, List<Phases> steps, Func<IEnumerable<double>, double> summary) =>
        Console.WriteLine(
            $"{name,-18} {summary(steps.Select(s => s.Total)),9:F1} {summary(steps.Select(s => s.Forward)),9:F1} "
            + $"{summary(steps.Select(s => s.Backward)),9:F1} {summary(steps.Select(s => s.Optimiser)),9:F1}");

    private static void PrintRatios(
        string name, List<Phases> ours, List<Phases> theirs, Func<IEnumerable<double>, double> summary)
    {
        Console.WriteLine(
            $"{name,-18} {Ratio(s => s.Total),9:F2} {Ratio(s => s.Forward),9:F2} "
            + $"{Ratio(s => s.Backward),9:F2} {Ratio(s => s.Optimiser),9:F2}");

        double Ratio(Func<Phases, double> phase) => summary(theirs.Select(phase)) / summary(ours.Select(phase));
    }

    private readonly record struct Phases(double Forward, double Backward, double Optimiser)
    {
        public double Total => Forward + Backward + Optimiser;
    }
}

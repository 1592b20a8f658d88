using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Trains a model and writes all files of its run: metrics, sheets, checkpoints, TensorBoard events.</summary>
/// <remarks>
/// Batch s of a run is a function of the seed and s, noise comes from a counter, and a checkpoint holds all other
/// state: an interrupted and resumed run gives the same bytes as an uninterrupted one.
/// </remarks>
public sealed class Trainer : IDisposable
{
    private const uint NoiseStream = 0x4E6F6973;
    private const int SheetRows = 6, SheetContexts = 3;

    private RunConfiguration _configuration;
    private SchedulePosition _position;
    private readonly RunDirectory _directory;
    private readonly TimeProvider _clock;
    private readonly Adam _adam;
    private readonly WeightAverage? _average;
    private readonly Tape _tape;
    private readonly RandomStream _noise;
    private readonly SceneBatches _batches;
    private readonly Evaluator _evaluator;
    private readonly SceneBatch _sampleScenes;
    private readonly MetricsLog _metrics;
    private readonly TensorBoardWriter _events;
    private readonly TrainingStep _step;
    private readonly SceneSource _scenes;
    private readonly IDisposable _claim;
    private StepInputs _inputs;
    private uint _noisePosition;
    private int _skipped;
    private bool _hasWarned;

    /// <summary>Starts a run, or resumes it from its newest checkpoint.</summary>
    /// <param name="configuration">A validated configuration; that of a resumed run may differ from its config.json in
    /// training and reporting.</param>
    /// <param name="directory">The folder of the run; its subfolders must exist.</param>
    /// <param name="device">The device to train on; it must outlive the trainer.</param>
    /// <param name="clock">The clock for durations and the time stamps of events.</param>
    /// <exception cref="IOException">A file cannot be read or written, or the checkpoint is damaged.</exception>
    /// <exception cref="OptionException">The checkpoint is of another model.</exception>
    public Trainer(RunConfiguration configuration, RunDirectory directory, Device device, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(directory);
        _configuration = configuration;
        _directory = directory;
        _clock = clock;
        var training = configuration.Training;
        _position = SchedulePosition.Parse(training.Refits);
        _scenes = training.OpenScenes(SceneSplit.Train);
        _claim = directory.Claim();
        try
        {
            Network = new GenerativeQueryNetwork(configuration.Model, device, training.Seed);
            _adam = new Adam(Network.Parameters, training.Adam);
            _average = training.CreateAverage(Network.Parameters);
            _tape = new Tape(device);
            _noise = new RandomStream(training.Seed, NoiseStream);
            _step = new TrainingStep(Network, _tape, _adam, _noise, _average, training.FreeBits);
            if (directory.LatestCheckpoint() is { } checkpoint)
            {
                var state = Checkpoint.Load(checkpoint, Network, _adam, _average);
                Step = state.Step;
                _noise.Position = state.NoisePosition;
                LastCheckpoint = checkpoint;
            }
            else if (training.From is { } weights)
            {
                InitialWeights.Load(weights, Network);
                _average?.Restart();
            }

            _noisePosition = _noise.Position;
            _evaluator = new Evaluator(Network, device, configuration);
            _sampleScenes = _evaluator.HeldOut(
                configuration.Reporting.SampleScenes, Math.Min(SheetContexts, training.MaxContexts));
            _metrics = MetricsLog.Open(directory.MetricsPath, Step);
            _events = new TensorBoardWriter(directory.Path, clock, firstStep: Step + 1);
            var workers = SceneWorkers.Beside(Environment.ProcessorCount, device.ProcessorThreads);
            _batches = new SceneBatches(
                _scenes, configuration.Model.ImageSize, training.Batch, training.MaxContexts,
                training.Seed, firstBatch: Step, workers: workers.Count, capacity: workers.Capacity,
                order: configuration.Model.ViewpointOrder, shuffleBuffer: training.ShuffleBuffer,
                geometry: ViewGeometry.Of(configuration.Model), repeatedQueries: training.RepeatedQueries,
                onDemand: workers.OnDemand);
        }
        catch
        {
            _claim.Dispose();
            throw;
        }
    }

    /// <summary>The network in training.</summary>
    public GenerativeQueryNetwork Network { get; }

    /// <summary>The number of updates made, including those before a resume.</summary>
    public long Step { get; private set; }

    /// <summary>The configuration as given, except for the length if that was changed during training.</summary>
    public RunConfiguration Configuration => _configuration;

    /// <summary>The number of context views per scene in the last update.</summary>
    internal int Contexts => _inputs.Contexts;

    /// <summary>Whether the last update had a posterior.</summary>
    internal bool HadPosterior => _inputs.HasPosterior;

    /// <summary>The newest complete checkpoint; null before the first.</summary>
    public string? LastCheckpoint { get; private set; }

    /// <summary>Whether the newest checkpoint holds the present state.</summary>
    public bool IsSaved => _directory.CheckpointPath(Step) == LastCheckpoint;

    /// <summary>
    /// True after resuming from a checkpoint without an average, so that averaging starts there; until the first step.
    /// </summary>
    public bool AverageStartsHere => Step > 0 && _average is { UpdateCount: 0 };

    /// <summary>
    /// Trains up to the last step, the time limit or cancellation; in each case the state is saved.
    /// </summary>
    /// <param name="observer">Receives the progress.</param>
    /// <param name="limit">The time limit of this call; null for none.</param>
    /// <param name="cancellation">Requests a stop after the current step.</param>
    /// <param name="deadline">Changes the length of the run, including its schedules, if it would end late or leave
    /// much time unused; null to keep its length.</param>
    /// <remarks>After any failure but a divergence, too, the state after the last good step is saved, if it
    /// can be.</remarks>
    /// <exception cref="TrainingException">The loss or a gradient is not finite.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public TrainingOutcome Run(
        ITrainingObserver observer, TimeSpan? limit, CancellationToken cancellation, Deadline? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(observer);
        try
        {
            return MakeSteps(observer, limit, deadline, cancellation);
        }
        catch (Exception failure) when (failure is not TrainingException)
        {
            SaveAfterFailure(observer);
            throw;
        }
    }

    private TrainingOutcome MakeSteps(
        ITrainingObserver observer, TimeSpan? limit, Deadline? deadline, CancellationToken cancellation)
    {
        var reporting = _configuration.Reporting;
        long start = _clock.GetTimestamp(), mark = start, markStep = Step;
        double waited = 0;
        var outcome = TrainingOutcome.Completed;
        while (Step < _configuration.Training.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                outcome = TrainingOutcome.Cancelled;
                break;
            }

            if (limit is { } time && _clock.GetElapsedTime(start) >= time)
            {
                outcome = TrainingOutcome.TimeLimit;
                break;
            }

            bool last = Step + 1 == _configuration.Training.Steps;
            bool sample = (Step + 1) % reporting.SampleEvery == 0 || last;
            bool save = (Step + 1) % reporting.CheckpointEvery == 0 || last;
            bool log = sample || (Step + 1) % reporting.LogEvery == 0;
            long asked = _clock.GetTimestamp();
            var batch = _batches.Next();
            waited += _clock.GetElapsedTime(asked).TotalSeconds;
            var metrics = Update(batch, log || save);
            Step++;
            _noisePosition = _noise.Position;
            ReportSkipped(observer);
            Warn(observer);
            if (log)
            {
                double seconds = _clock.GetElapsedTime(mark).TotalSeconds;
                metrics = metrics with
                {
                    SecondsPerStep = seconds / (Step - markStep),
                    SceneWait = seconds > 0 ? waited / seconds : 0,
                };
                Log(sample ? WithPredictions(metrics) : metrics, observer);
                if (sample)
                    WriteSheet(observer);
                (mark, markStep, waited) = (_clock.GetTimestamp(), Step, 0);
            }

            if (save)
                Save(observer);
            observer.Stepped(Step);
            if (deadline is not null)
                KeepWithin(deadline, observer);
        }

        if (outcome != TrainingOutcome.Completed && !IsSaved)
            Save(observer);
        _events.Flush();
        return outcome;
    }

    /// <summary>Runs the evaluation that ends a run: writes eval.json and the sheet of predictions.</summary>
    /// <param name="cancellation">Cancels the evaluation; nothing is written.</param>
    /// <exception cref="OperationCanceledException">The evaluation was cancelled.</exception>
    public EvaluationReport Evaluate(CancellationToken cancellation = default)
    {
        int most = _configuration.Training.MaxContexts;
        var report = Measure(() => _evaluator.Evaluate(
            Evaluator.UsualContexts(most), _configuration.Reporting.EvaluationScenes, Step, cancellation));
        report = report with { Weights = _average is null ? WeightKind.Raw : WeightKind.Average };
        AtomicFile.WriteText(_directory.EvaluationPath, report.ToJson() + "\n");
        Png.Write(
            _directory.PredictionsPath,
            Measure(() => PredictionSheet.Render(_evaluator, Math.Min(SheetContexts, most), 12, 2)));
        return report;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _batches.Dispose();
        _metrics.Dispose();
        _events.Dispose();
        _evaluator.Dispose();
        _tape.Dispose();
        _step.Dispose();
        _average?.Dispose();
        _adam.Dispose();
        Network.Dispose();
        _claim.Dispose();
    }

    /// <summary>Makes one update; metrics are not read if that would block and they are not requested.</summary>
    private TrainingMetrics Update(SceneBatch batch, bool read)
    {
        var (training, model) = (_configuration.Training, _configuration.Model);
        double position = _position.At(Step), sigma = training.Sigma.At(position);
        double warmth = Math.Min(1, (Step + 1) / (double)training.WarmupSteps);
        double learningRate = warmth * training.LearningRate.At(position);
        int images = training.Batch * batch.Contexts;
        // Upload before the computation, which may be captured and replayed.
        _inputs = new StepInputs(
            _tape.Constant(model.ImageShape(images), batch.ContextImages.AsSpan(0, images * model.ImageLength)),
            Views.Upload(
                _tape, batch.ContextViews.AsSpan(0, images * Viewpoint.Dimensions), batch.ContextGeometry),
            _tape.Constant(model.ImageShape(training.Batch), batch.QueryImages),
            Views.Upload(_tape, batch.QueryViews, batch.QueryGeometry), batch.Contexts)
        {
            Sigma = (float)sigma,
            LearningRate = learningRate,
            KlWeight = (float)training.KlWeightAt(position),
            HasPosterior = training.HasPosterior(Step, position),
        };
        if (_step.Run(_inputs, read) is not { } numbers)
            return default;
        if (!numbers.AreFinite)
            throw Divergence.Of(this, numbers.NegElbo);
        double floor = Elbo.Floor(model.ImageSize, sigma);
        return new TrainingMetrics(
            Step + 1, numbers.NegElbo, numbers.NegElbo - floor, numbers.Kl,
            2 * sigma * sigma * (numbers.Nll - floor) / model.ImageLength, double.NaN, double.NaN, double.NaN,
            learningRate, sigma, numbers.GradientNorm, (numbers.NegElbo / model.ImageLength) + Math.Log(256), 0);
    }

    private TrainingMetrics WithPredictions(in TrainingMetrics metrics)
    {
        var samples = Measure(() => _evaluator.Sample(_sampleScenes));
        return metrics with
        {
            PredictionMse = ImageMetrics.MeanSquaredError(samples.First, _sampleScenes.QueryImages),
            MeanOfSamplesMse = ImageMetrics.MeanSquaredError(samples.Mean, _sampleScenes.QueryImages),
            SampleVariance = samples.MeanVariance,
        };
    }

    /// <summary>Measures with the averaged weights, if any, then restores the raw ones.</summary>
    private T Measure<T>(Func<T> measure)
    {
        _average?.Exchange();
        try
        {
            return measure();
        }
        finally
        {
            _average?.Exchange();
        }
    }

    private void Log(in TrainingMetrics metrics, ITrainingObserver observer)
    {
        var values = metrics.Values();
        _metrics.Write(metrics.Step, values);
        foreach (var (name, value) in values)
            _events.Scalar(metrics.Step, "train/" + name, (float)value);
        // So that curves show the point at once.
        _events.Flush();
        observer.Logged(metrics);
    }

    /// <summary>Measures the prediction error and writes a sheet out of turn, so that it can be timed.</summary>
    internal void Sample(ITrainingObserver observer)
    {
        _evaluator.Sample(_sampleScenes);
        WriteSheet(observer);
    }

    private void KeepWithin(Deadline deadline, ITrainingObserver observer)
    {
        var training = _configuration.Training;
        double position = _position.At(Step), end = _position.At(training.Steps);
        double before = Math.Clamp((training.PosteriorFrom - position) / Math.Max(end - position, 1), 0, 1);
        long fitting = deadline.Fit(
            Step, training.Steps, HadPosterior, training.PosteriorShareOf(before));
        if (fitting == training.Steps)
            return;
        (_position, long steps) = _position.Refit(Step, training.Steps, fitting);
        _configuration = _configuration with
        {
            Training = training with { Steps = steps, Refits = _position.ToString() },
        };
        // Write at once, so that a run killed before its next checkpoint repeats the change here when resumed.
        _directory.WriteConfiguration(_configuration);
        observer.Refitted(Step, steps);
    }

    private void WriteSheet(ITrainingObserver observer)
    {
        var sheet = Measure(() => PredictionSheet.Render(
            _evaluator, Math.Min(SheetContexts, _configuration.Training.MaxContexts), SheetRows, 1));
        byte[] png = Png.Encode(sheet);
        string path = _directory.SamplePath(Step);
        AtomicFile.Write(path, stream => stream.Write(png));
        _events.Image(Step, "held-out", png, sheet.Width, sheet.Height);
        observer.Sampled(Step, path);
    }

    private void Save(ITrainingObserver observer)
    {
        // Steps whose numbers were not read may have diverged.
        if (!double.IsFinite(_adam.GradientNorm()))
            throw Divergence.Of(this, double.NaN);
        string path = _directory.CheckpointPath(Step);
        Checkpoint.Save(path, _configuration, Network, _adam, new TrainingState(Step, _noise.Position), _average);
        _directory.Commit(path, _configuration.Reporting.Keep);
        LastCheckpoint = path;
        _events.Flush();
        observer.Saved(Step, path);
    }
    /// <summary>Saves the state after the last whole step. The failure that led here is the one to report, so another
    /// is ignored: what was saved before is still there.</summary>
    private void SaveAfterFailure(ITrainingObserver observer)
    {
        if (Step == 0 || IsSaved)
            return;
        try
        {
            // An unfinished step may have drawn noise.
            _noise.Position = _noisePosition;
            Save(observer);
        }
        catch (Exception)
        {
        }
    }

    private void Warn(ITrainingObserver observer)
    {
        if (_hasWarned || _tape.Device.Warning is not { } warning)
            return;
        _hasWarned = true;
        observer.Warned(warning);
    }

    private void ReportSkipped(ITrainingObserver observer)
    {
        if (_scenes.Damaged is not { } damaged || damaged.Count == _skipped)
            return;
        foreach (string sentence in damaged.Sentences.Skip(_skipped))
            observer.Skipped(sentence);
        _skipped = damaged.Count;
    }
}

using Gqn.Native.Engine;

namespace Gqn.Native.Training;

/// <summary>The first steps of a run, made with a network that is thrown away, to learn how long they take.</summary>
/// <remarks>Nothing of it reaches the run: whatever it measures, equal lengths give equal weights.</remarks>
internal sealed class Rehearsal : ITrainingObserver
{
    private const int FewestTimed = 2;
    private const string FolderName = "rehearsal";
    private readonly List<(int Contexts, bool HasPosterior, double Seconds)> _times = [];
    private readonly TimeProvider _clock;
    private readonly double _seconds;
    private readonly CancellationTokenSource _enough;
    private readonly Trainer _trainer;
    private readonly long _start;
    private double _last;
    private double _checkpointSeconds;

    private Rehearsal(Trainer trainer, TimeProvider clock, TimeSpan time, CancellationTokenSource enough)
    {
        (_trainer, _clock, _seconds, _enough) = (trainer, clock, time.TotalSeconds, enough);
        _start = clock.GetTimestamp();
    }

    private double Now => _clock.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Measures the pace of a run.</summary>
    /// <param name="configuration">The run's; its length and schedules do not matter.</param>
    /// <param name="directory">The run's, which holds a folder for the rehearsal meanwhile.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="clock">For durations.</param>
    /// <param name="time">How long to look, which slow machines exceed: at least three steps are made.</param>
    /// <param name="cancellation">Gives it up; nothing stays then.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="TrainingException">The loss or a gradient is not finite.</exception>
    public static TrainingPace Measure(
        RunConfiguration configuration, RunDirectory directory, Device device, TimeProvider clock, TimeSpan time,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(directory);
        bool made = !Directory.Exists(directory.Path);
        var scratch = new RunDirectory(Path.Combine(directory.Path, FolderName));
        try
        {
            // One that was killed may have left a checkpoint.
            Remove(scratch.Path, true);
            scratch.CreateFolders();
            using var trainer = new Trainer(Endless(configuration), scratch, device, clock);
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            return new Rehearsal(trainer, clock, time, enough).Measure(configuration.Training, cancellation);
        }
        finally
        {
            Remove(scratch.Path, true);
            if (made && !Directory.EnumerateFileSystemEntries(directory.Path).Any())
                Remove(directory.Path, false);
        }
    }

    /// <inheritdoc />
    public void Stepped(long step)
    {
        double now = Now;
        // The first third compiles, fills caches and waits for the first batches.
        if (step > 1 && _last >= _seconds / 3)
            _times.Add((_trainer.Contexts, _trainer.HadPosterior, now - _last));
        _last = now;
        if (_times.Count >= FewestTimed && now >= _seconds)
            _enough.Cancel();
    }

    /// <inheritdoc />
    public void Logged(in TrainingMetrics metrics)
    {
    }

    /// <inheritdoc />
    public void Sampled(long step, string path)
    {
    }

    /// <inheritdoc />
    public void Saved(long step, string path) => _checkpointSeconds = Now - _last;

    /// <summary>
    /// Seconds per update at the mean number of contexts, without a posterior and with one: few steps draw few numbers of
    /// contexts, so a plane through the times, by least squares, says what the mean number takes.
    /// </summary>
    /// <param name="times">Contexts, posterior and seconds of each step; the two of a kind may be one.</param>
    /// <param name="maxContexts">K; a run's mean is (K + 1) / 2.</param>
    internal static (double Prior, double Posterior) StepSeconds(
        IReadOnlyCollection<(int Contexts, bool HasPosterior, double Seconds)> times, int maxContexts)
    {
        double contexts = times.Average(time => time.Contexts), seconds = times.Average(time => time.Seconds);
        double share = times.Average(time => time.HasPosterior ? 1.0 : 0);
        double cc = 0, cp = 0, pp = 0, cs = 0, ps = 0;
        foreach (var (m, hasPosterior, s) in times)
        {
            double c = m - contexts, p = (hasPosterior ? 1 : 0) - share;
            (cc, cp, pp) = (cc + (c * c), cp + (c * p), pp + (p * p));
            (cs, ps) = (cs + (c * (s - seconds)), ps + (p * (s - seconds)));
        }

        double determinant = (cc * pp) - (cp * cp);
        // Where the two cannot be told apart, contexts explain the times, if they differ.
        var (perContext, ofPosterior) = determinant > 1e-9 * cc * pp
            ? (((pp * cs) - (cp * ps)) / determinant, ((cc * ps) - (cp * cs)) / determinant)
            : cc > 0 ? (cs / cc, 0) : (0, pp > 0 ? ps / pp : 0);
        // More contexts are more work, at most in proportion; a posterior is more work.
        double mean = seconds + (Math.Clamp(perContext, 0, seconds / contexts) * (((maxContexts + 1) / 2.0) - contexts));
        double extra = Math.Clamp(ofPosterior, 0, share > 0 ? mean / share / 2 : 0);
        double prior = mean - (share * extra);
        return (prior, prior + extra);
    }

    private TrainingPace Measure(TrainingOptions training, CancellationToken cancellation)
    {
        _trainer.Run(this, null, _enough.Token);
        cancellation.ThrowIfCancellationRequested();
        double saved = Now;
        _trainer.Sample(this);
        var (prior, posterior) = StepSeconds(_times, training.MaxContexts);
        double mean = prior + (training.PosteriorShare * (posterior - prior));
        return new TrainingPace(mean, Now - saved, _checkpointSeconds, posterior / prior);
    }

    /// <summary>
    /// Every step is read, so that a device that works by itself is waited for; where a run has
    /// updates of both kinds, one in two to one in four has a posterior here, so that both are measured.
    /// </summary>
    private static RunConfiguration Endless(RunConfiguration configuration) => configuration with
    {
        Training = configuration.Training with
        {
            Steps = int.MaxValue,
            Refits = null,
            PosteriorEvery = configuration.Training.PosteriorShare == 1
                ? 1
                : Math.Clamp((int)(1 / configuration.Training.PosteriorShare), 2, 4),
            PosteriorFrom = long.MaxValue,
        },
        Reporting = configuration.Reporting with
        {
            LogEvery = 1,
            SampleEvery = int.MaxValue,
            CheckpointEvery = int.MaxValue,
        },
    };

    private static void Remove(string folder, bool recursive)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive);
    }
}

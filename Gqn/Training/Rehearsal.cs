using Gqn.Native.Engine;

namespace Gqn.Native.Training;

/// <summary>Makes the first steps of a run with a network that is discarded, to measure how long they take.</summary>
/// <remarks>It has no effect on the run but its length: runs of equal length give equal weights.</remarks>
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
    /// <param name="configuration">The configuration of the run; its length and schedules do not matter.</param>
    /// <param name="directory">The folder of the run, which temporarily holds a folder for the rehearsal.</param>
    /// <param name="device">The device to compute on.</param>
    /// <param name="clock">The clock that measures durations.</param>
    /// <param name="time">The time to measure for; slow machines exceed it, as at least three steps are made.</param>
    /// <param name="cancellation">Cancels the rehearsal; nothing is left behind.</param>
    /// <exception cref="OperationCanceledException">The rehearsal was cancelled.</exception>
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
            // A killed rehearsal may have left a checkpoint.
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
        // Skip the first third of the time: it compiles, fills caches and waits for the first batches.
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
    /// Seconds per update at the mean number of contexts, without and with a posterior: few steps draw only a few
    /// numbers of contexts, so a least-squares plane through the times gives the time at the mean number.
    /// </summary>
    /// <param name="times">Contexts, posterior and seconds of each step; the first two may be constant.</param>
    /// <param name="maxContexts">K; the mean number of contexts of a run is (K + 1) / 2.</param>
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
        // If the two effects cannot be separated, attribute the times to the contexts, if these differ.
        var (perContext, ofPosterior) = determinant > 1e-9 * cc * pp
            ? (((pp * cs) - (cp * ps)) / determinant, ((cc * ps) - (cp * cs)) / determinant)
            : cc > 0 ? (cs / cc, 0) : (0, pp > 0 ? ps / pp : 0);
        // More contexts take more time, at most proportionally; a posterior takes more time.
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
    /// Every step's numbers are read, so that an asynchronous device is waited for; if a run has updates of both kinds,
    /// one in two to one in four has a posterior here, so that both are measured.
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

namespace Gqn.Native.Training;

/// <summary>Why training stopped.</summary>
public enum TrainingOutcome
{
    /// <summary>All steps are done.</summary>
    Completed,

    /// <summary>The time limit was reached.</summary>
    TimeLimit,

    /// <summary>A stop was requested.</summary>
    Cancelled,
}

/// <summary>Receives notice of a run's progress, on the training thread.</summary>
public interface ITrainingObserver
{
    /// <summary>A step was made.</summary>
    /// <param name="step">The number of updates made.</param>
    void Stepped(long step);

    /// <summary>A line of metrics was written.</summary>
    void Logged(in TrainingMetrics metrics);

    /// <summary>A sheet of held-out predictions was written.</summary>
    void Sampled(long step, string path);

    /// <summary>A checkpoint was written.</summary>
    void Saved(long step, string path);

    /// <summary>A damaged record was passed over.</summary>
    /// <param name="sentence">The file, the byte and the fault.</param>
    void Skipped(string sentence)
    {
    }

    /// <summary>The device does less well than it was asked to; told once, and results are the same.</summary>
    /// <param name="sentence">What it does, and why.</param>
    void Warned(string sentence)
    {
    }

    /// <summary>The length of the run was changed, so that it ends in time without leaving much unused.</summary>
    /// <param name="step">The number of updates made.</param>
    /// <param name="steps">The new number of updates of the whole run.</param>
    void Refitted(long step, long steps)
    {
    }
}

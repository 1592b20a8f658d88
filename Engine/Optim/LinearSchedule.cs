namespace Gqn.Native.Engine;

/// <summary>What changes by equal amounts in each step of a schedule.</summary>
public enum ScheduleShape
{
    /// <summary>The value itself: it changes by equal differences.</summary>
    Linear,

    /// <summary>Its logarithm: it changes by equal ratios, as suits a change over orders of magnitude.</summary>
    Geometric,
}

/// <summary>
/// A value that changes linearly over the first steps and then stays: max(final + (initial − final)(1 − s/n), final)
/// when falling. With geometric shape, its logarithm does so: final · (initial / final)^(1 − s/n).
/// </summary>
/// <remarks>The learning rate μ and the pixel deviation σ of Eslami et al. 2018, table S1.</remarks>
/// <param name="Initial">Value at step 0.</param>
/// <param name="Final">Value from step <paramref name="Steps"/> on.</param>
/// <param name="Steps">n, the length of the change; 0 for none.</param>
/// <param name="Shape">How it gets there; if geometric, both values are above 0.</param>
public readonly record struct LinearSchedule(
    double Initial, double Final, long Steps, ScheduleShape Shape = ScheduleShape.Linear)
{
    /// <summary>The value at step <paramref name="step"/>, counted from 0; fractional steps lie on the curve.</summary>
    public double At(double step)
    {
        if (step >= Steps)
            return Final;
        double left = 1 - (step / Steps);
        return Shape == ScheduleShape.Geometric
            ? Final * Math.Pow(Initial / Final, left)
            : Final + ((Initial - Final) * left);
    }
}

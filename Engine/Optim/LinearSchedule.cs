namespace Gqn.Native.Engine.Optim;

/// <summary>
/// A value that changes linearly over the first steps and then stays: max(final + (initial − final)(1 − s/n), final)
/// when falling.
/// </summary>
/// <remarks>The learning rate μ and the pixel deviation σ of Eslami et al. 2018, table S1.</remarks>
/// <param name="Initial">Value at step 0.</param>
/// <param name="Final">Value from step <paramref name="Steps"/> on.</param>
/// <param name="Steps">n, the length of the change; 0 for none.</param>
public readonly record struct LinearSchedule(double Initial, double Final, long Steps)
{
    /// <summary>The value at step <paramref name="step"/>, counted from 0; between two steps on the line.</summary>
    public double At(double step) => step >= Steps ? Final : Final + ((Initial - Final) * (1 - (step / Steps)));
}

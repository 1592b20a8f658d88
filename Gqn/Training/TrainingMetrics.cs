namespace Gqn.Native.Training;

/// <summary>The metrics of one training step.</summary>
/// <param name="Step">The number of updates made, including this one.</param>
/// <param name="NegElbo">−ELBO in nats per image: the loss. With σ = 0.7 and 64-pixel images it cannot fall below
/// 6,909.</param>
/// <param name="Excess">−ELBO above its floor D·ln(σ√2π): SSE/2σ² + KL, the part that learning can change.</param>
/// <param name="Kl">KL(posterior ‖ prior) in nats per image: the information in the latents; below 1 at the final σ
/// they carry nothing.</param>
/// <param name="ReconstructionMse">Mean squared error of the posterior mean, which has seen the image.</param>
/// <param name="PredictionMse">Mean squared error of one prior sample on held-out scenes, the real test; NaN if not
/// measured.</param>
/// <param name="MeanOfSamplesMse">The same for the mean of <see cref="Evaluator.Samples"/> prior samples.</param>
/// <param name="SampleVariance">Variance of these samples about their mean, averaged over pixels and channels; near 0
/// the latents have no effect.</param>
/// <param name="LearningRate">μ of this step.</param>
/// <param name="Sigma">σ of this step.</param>
/// <param name="GradientNorm">Global norm of the gradient.</param>
/// <param name="NatsPerDimension">−ELBO/D + ln 256, the scale of the paper's figure S3.</param>
/// <param name="SecondsPerStep">Time per update since the last report.</param>
public readonly record struct TrainingMetrics(
    long Step, double NegElbo, double Excess, double Kl, double ReconstructionMse, double PredictionMse,
    double MeanOfSamplesMse, double SampleVariance, double LearningRate, double Sigma, double GradientNorm,
    double NatsPerDimension, double SecondsPerStep)
{
    /// <summary>The share of the time since the last report that training waited for scenes, 0 to 1.</summary>
    public double SceneWait { get; init; }

    /// <summary>The names and values of a line of metrics.jsonl; those of predictions only if they were
    /// measured.</summary>
    internal (string Name, double Value)[] Values()
    {
        (string, double)[] always =
        [
            ("negElbo", NegElbo), ("excess", Excess), ("kl", Kl), ("reconstructionMse", ReconstructionMse),
            ("learningRate", LearningRate), ("sigma", Sigma), ("gradientNorm", GradientNorm),
            ("natsPerDimension", NatsPerDimension), ("secondsPerStep", SecondsPerStep), ("sceneWait", SceneWait),
        ];
        return double.IsNaN(PredictionMse)
            ? always
            : [
                .. always, ("predictionMse", PredictionMse), ("meanOfSamplesMse", MeanOfSamplesMse),
                ("sampleVariance", SampleVariance),
            ];
    }
}

using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>The evidence lower bound of single images, at the σ at which runs are compared.</summary>
internal static class PosteriorBound
{
    /// <summary>−ELBO of one image above its floor D·ln(σ√2π), in nats: squared error / 2σ² + KL.</summary>
    /// <param name="mean">The mean image of a sample, not clipped.</param>
    /// <param name="truth">The true image.</param>
    /// <param name="kl">KL(posterior ‖ prior) of the sample, in nats; 0 for a sample of the prior.</param>
    public static double Excess(ReadOnlySpan<float> mean, ReadOnlySpan<float> truth, double kl)
    {
        double squares = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            double error = (double)mean[i] - truth[i];
            squares += error * error;
        }

        return (squares / (2 * Evaluator.Sigma * Evaluator.Sigma)) + kl;
    }

    /// <summary>The excess of each query of shown scenes: with a posterior sample, or with a prior sample if the model
    /// is without its inference network, which is a bound as well.</summary>
    public static double[] Of(ExperimentSubject subject, ShownScenes shown, ReadOnlySpan<float> truth, int first)
    {
        var noise = subject.Noise(0, first);
        int length = subject.ImageLength, scenes = truth.Length / length;
        float[] kl = new float[scenes];
        float[] images;
        if (subject.Network.CanInfer)
            (kl, images) = shown.Infer(noise);
        else
            images = shown.Generate(noise);
        double[] excess = new double[scenes];
        for (int scene = 0; scene < scenes; scene++)
            excess[scene] = Excess(
                images.AsSpan(scene * length, length), truth.Slice(scene * length, length), kl[scene]);
        return excess;
    }

    /// <summary>Nats per image as the article's figure S3 shows them: per number, of the density over the 256 grey
    /// levels of an image.</summary>
    /// <param name="excess">−ELBO above its floor, in nats per image.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    public static double PerDimension(double excess, int imageSize)
    {
        double dimensions = (double)imageSize * imageSize * ModelOptions.ImageChannels;
        return ((Elbo.Floor(imageSize, Evaluator.Sigma) + excess) / dimensions) + Math.Log(256);
    }
}

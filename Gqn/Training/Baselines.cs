using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Answers that take no learning, which a model must beat to have learned anything.</summary>
internal static class Baselines
{
    /// <summary>The number of training scenes whose queries make the mean image.</summary>
    public const int MeanImageScenes = 512;

    /// <summary>The mean of the query images of a batch.</summary>
    public static float[] MeanImage(SceneBatch training)
    {
        double[] sum = new double[training.QueryImages.Length / training.Scenes];
        for (int i = 0; i < training.QueryImages.Length; i++)
            sum[i % sum.Length] += training.QueryImages[i];
        return [.. sum.Select(value => (float)(value / training.Scenes))];
    }

    /// <summary>The context of each scene whose camera is nearest to that of the query, as the answer.</summary>
    /// <param name="batch">Scenes with contexts and queries.</param>
    /// <param name="contexts">M: the first this many contexts of each scene count.</param>
    /// <param name="images">Receives one image per scene.</param>
    public static void NearestViews(SceneBatch batch, int contexts, Span<float> images)
    {
        int length = batch.QueryImages.Length / batch.Scenes;
        for (int scene = 0; scene < batch.Scenes; scene++)
        {
            var query = batch.QueryViews.AsSpan(scene * Viewpoint.Dimensions, 3);
            int nearest = 0;
            float nearestDistance = float.MaxValue;
            for (int m = 0; m < contexts; m++)
            {
                var view = batch.ContextViews.AsSpan(((scene * batch.Contexts) + m) * Viewpoint.Dimensions, 3);
                float x = view[0] - query[0], y = view[1] - query[1], z = view[2] - query[2];
                float distance = (x * x) + (y * y) + (z * z);
                if (distance < nearestDistance)
                    (nearest, nearestDistance) = (m, distance);
            }

            batch.ContextImages.AsSpan(((scene * batch.Contexts) + nearest) * length, length)
                .CopyTo(images[(scene * length)..]);
        }
    }
}

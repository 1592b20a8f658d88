using Gqn.Native.Engine.Random;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Random pictures and viewpoints in the host's memory: the time of a step does not depend on them.</summary>
/// <param name="random">Where they come from.</param>
/// <param name="scenes">B, scenes.</param>
/// <param name="contexts">M, context views of each scene.</param>
/// <param name="imageLength">Numbers in a picture.</param>
internal sealed class SyntheticBatch(RandomStream random, int scenes, int contexts, int imageLength)
{
    /// <summary>B·M pictures in [0, 1], channels last.</summary>
    public float[] ContextImages { get; } = Draw(random, scenes * contexts * imageLength);

    /// <summary>B·M viewpoints.</summary>
    public float[] ContextViews { get; } = Draw(random, scenes * contexts * ModelOptions.ViewpointDimensions);

    /// <summary>B pictures in [0, 1], channels last.</summary>
    public float[] QueryImages { get; } = Draw(random, scenes * imageLength);

    /// <summary>B viewpoints.</summary>
    public float[] QueryViews { get; } = Draw(random, scenes * ModelOptions.ViewpointDimensions);

    private static float[] Draw(RandomStream random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle();
        return values;
    }
}

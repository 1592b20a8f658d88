using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Random pictures in host memory, and cameras: the time of a step does not depend on the pictures.</summary>
/// <param name="random">Source of the numbers.</param>
/// <param name="scenes">B, scenes.</param>
/// <param name="contexts">M, context views of each scene.</param>
/// <param name="model">The network's options.</param>
internal sealed class SyntheticBatch(RandomStream random, int scenes, int contexts, ModelOptions model)
{
    /// <summary>B·M pictures in [0, 1], channels last.</summary>
    public float[] ContextImages { get; } = Draw(random, scenes * contexts * model.ImageLength);

    /// <summary>B·M viewpoints.</summary>
    public SyntheticViews ContextViews { get; } = SyntheticViews.Contexts(model, scenes * contexts);

    /// <summary>B pictures in [0, 1], channels last.</summary>
    public float[] QueryImages { get; } = Draw(random, scenes * model.ImageLength);

    /// <summary>B viewpoints.</summary>
    public SyntheticViews QueryViews { get; } = SyntheticViews.Queries(model, scenes);

    private static float[] Draw(RandomStream random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle();
        return values;
    }
}

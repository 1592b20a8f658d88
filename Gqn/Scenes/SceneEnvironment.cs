using Gqn.Native.Engine;

namespace Gqn.Native.Scenes;

/// <summary>A family of scenes: a distribution to sample from, and the rendering of the samples.</summary>
/// <remarks>
/// A scene is a pure function of (<see cref="Name"/>, <see cref="Version"/>, split, index), and an image is one of
/// (scene, camera, size): each can be reproduced on its own, in any order and on any thread, byte for byte.
/// Environments are stateless and thread-safe.
/// </remarks>
public abstract class SceneEnvironment
{
    /// <summary>The name for <see cref="Environments.Create"/>.</summary>
    public abstract string Name { get; }

    /// <summary>Incremented whenever the same index would give a different scene or different images.</summary>
    public abstract int Version { get; }

    /// <summary>The number of cameras of each scene.</summary>
    public abstract int ViewsPerScene { get; }

    /// <summary>The side of the images of the released data set, in pixels.</summary>
    public virtual int UsualImageSize => 64;

    /// <summary>A box around everything visible in the scenes.</summary>
    public abstract SceneBounds Bounds { get; }

    /// <summary>The usual number of cells of a grid over the scenes along the longer horizontal side: fine enough to
    /// separate objects.</summary>
    public virtual int UsualGridWidth => 16;

    /// <summary>Samples scene <paramref name="index"/> of a split.</summary>
    /// <param name="split">The split; no scene belongs to both.</param>
    /// <param name="index">Any number.</param>
    public abstract Scene Sample(SceneSplit split, ulong index);

    /// <summary>Cameras that are the same for every scene, for comparisons between scenes, distributed like this
    /// environment's cameras.</summary>
    /// <param name="count">The number of cameras, at least 1.</param>
    public abstract Camera[] FixedViews(int count);

    /// <summary>The cameras of <see cref="Scene.Tour"/>.</summary>
    /// <param name="scene">A scene of this environment.</param>
    /// <param name="count">The number of cameras, at least 1.</param>
    /// <exception cref="FactorException">There is no place for a camera.</exception>
    internal abstract Camera[] Tour(Scene scene, int count);

    /// <summary>Creates a scene with given factors.</summary>
    /// <param name="factors">All factors: sampled, changed, or read from JSON.</param>
    /// <param name="cameras">The cameras of its views.</param>
    /// <param name="split">The split that the scene reports.</param>
    /// <param name="index">The number that the scene reports.</param>
    /// <exception cref="FactorException">The factors are invalid for this environment.</exception>
    public virtual Scene Compose(
        SceneFactors factors, ReadOnlySpan<Camera> cameras, SceneSplit split = SceneSplit.Test, ulong index = 0)
    {
        ArgumentNullException.ThrowIfNull(factors);
        return new Scene(this, split, index, factors, cameras.ToArray(), Build(factors));
    }

    /// <summary>The scenes of this environment that meet a condition; scenes that meet it keep their numbers.</summary>
    /// <param name="accepts">The condition; a pure function, called by several threads.</param>
    public SceneEnvironment Where(Func<SceneFactors, bool> accepts)
    {
        ArgumentNullException.ThrowIfNull(accepts);
        return new FilteredEnvironment(this, accepts);
    }

    /// <summary>Builds the geometry of a scene with these factors.</summary>
    /// <exception cref="FactorException">The factors are invalid for this environment.</exception>
    private protected abstract SceneGeometry Build(SceneFactors factors);

    /// <summary>Casts factors to this environment's type.</summary>
    /// <exception cref="FactorException">The factors belong to another environment.</exception>
    private protected T Own<T>(SceneFactors factors) where T : SceneFactors => factors as T
        ?? throw new FactorException($"{factors.GetType().Name} are not causes of a scene of {Name}.");

    /// <summary>The random stream for one purpose in one scene. Purposes are independent: a scene with a different
    /// colour keeps its shape and its cameras.</summary>
    private protected RandomStream StreamFor(SceneSplit split, ulong index, uint purpose)
    {
        ulong key = SceneHash.Mix(SceneHash.OfName(Name), (ulong)Version);
        return new RandomStream(SceneHash.Mix(SceneHash.Mix(key, (ulong)split), index), purpose);
    }
}

/// <summary>Hashes that are stable across runs, platforms and versions of .NET.</summary>
internal static class SceneHash
{
    /// <summary>FNV-1a, 64 bits, over the UTF-16 units of a name.</summary>
    public static ulong OfName(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in name)
            hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }

    /// <summary>Mixes a number into a hash with the finaliser of SplitMix64: a bijection in either argument when the
    /// other is fixed, so different indices never share a key.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        ulong z = (hash * 0x9E3779B97F4A7C15) + value + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

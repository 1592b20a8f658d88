using Gqn.Native.Engine;

namespace Gqn.Native.Scenes;

/// <summary>A family of scenes: a distribution to draw from, and the way to look at what was drawn.</summary>
/// <remarks>
/// A scene is a pure function of (<see cref="Name"/>, <see cref="Version"/>, split, index), and a picture one of
/// (scene, camera, size): any of them can be made again alone, in any order and on any thread, to the same byte.
/// Environments hold no state, so threads share one.
/// </remarks>
public abstract class SceneEnvironment
{
    /// <summary>The name by which <see cref="Environments.Create"/> knows it.</summary>
    public abstract string Name { get; }

    /// <summary>Rises whenever the same index would give another scene or other pictures.</summary>
    public abstract int Version { get; }

    /// <summary>How many cameras each scene has.</summary>
    public abstract int ViewsPerScene { get; }

    /// <summary>The side of the pictures of the released data set, in pixels.</summary>
    public virtual int UsualImageSize => 64;

    /// <summary>The box that what its pictures show lies in.</summary>
    public abstract SceneBounds Bounds { get; }

    /// <summary>Into how many places a grid over its scenes divides the longer horizontal side: enough to tell its
    /// objects apart.</summary>
    public virtual int UsualGridWidth => 16;

    /// <summary>Draws scene <paramref name="index"/> of a set.</summary>
    /// <param name="split">The set; no scene belongs to both.</param>
    /// <param name="index">Any number.</param>
    public abstract Scene Sample(SceneSplit split, ulong index);

    /// <summary>Cameras that are the same for every scene, spread over where this environment's cameras can be; what
    /// comparisons between scenes need.</summary>
    /// <param name="count">How many; at least 1.</param>
    public abstract Camera[] FixedViews(int count);

    /// <summary>A scene with given causes.</summary>
    /// <param name="factors">All causes; of a scene that was sampled, changed, or read from JSON.</param>
    /// <param name="cameras">Its views.</param>
    /// <param name="split">The set that it is said to belong to.</param>
    /// <param name="index">The number that it is said to have.</param>
    /// <exception cref="FactorException">They are not those of a scene of this environment.</exception>
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

    /// <summary>What scenes with these causes look like.</summary>
    /// <exception cref="FactorException">They are not those of a scene of this environment.</exception>
    private protected abstract SceneGeometry Build(SceneFactors factors);

    /// <summary>Causes of this environment's type.</summary>
    /// <exception cref="FactorException">They are another environment's.</exception>
    private protected T Own<T>(SceneFactors factors) where T : SceneFactors => factors as T
        ?? throw new FactorException($"{factors.GetType().Name} are not causes of a scene of {Name}.");

    /// <summary>The numbers for one purpose of one scene. Purposes do not disturb each other: a scene with another
    /// colour keeps its shape and its cameras.</summary>
    private protected RandomStream StreamFor(SceneSplit split, ulong index, uint purpose)
    {
        ulong key = SceneHash.Mix(SceneHash.OfName(Name), (ulong)Version);
        return new RandomStream(SceneHash.Mix(SceneHash.Mix(key, (ulong)split), index), purpose);
    }
}

/// <summary>Hashes that never change between runs, platforms or versions of .NET.</summary>
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

    /// <summary>Adds a number to a hash, by the finaliser of SplitMix64: a bijection of either argument when the other
    /// is fixed, so different indices never share a key.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        ulong z = (hash * 0x9E3779B97F4A7C15) + value + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

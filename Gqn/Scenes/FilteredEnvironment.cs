namespace Gqn.Native.Scenes;

/// <summary>The scenes of an environment that meet a condition, for example those without a held-out pair of shape and
/// colour.</summary>
/// <remarks>
/// Scene <c>i</c> is the environment's own scene <c>i</c> if that meets the condition; otherwise numbers derived from
/// <c>i</c> are tried in a fixed order. A scene is therefore still a function of (environment, condition, split,
/// index), no scene that fails the condition ever appears, and the scenes that meet it keep their relative frequencies.
/// </remarks>
internal sealed class FilteredEnvironment(SceneEnvironment inner, Func<SceneFactors, bool> accepts) : SceneEnvironment
{
    /// <summary>After this many rejections in a row, the condition is considered impossible.</summary>
    internal const int MaxAttempts = 100_000;

    /// <inheritdoc/>
    public override string Name => inner.Name;

    /// <inheritdoc/>
    public override int Version => inner.Version;

    /// <inheritdoc/>
    public override int ViewsPerScene => inner.ViewsPerScene;

    /// <inheritdoc/>
    public override int UsualImageSize => inner.UsualImageSize;

    /// <inheritdoc/>
    public override SceneBounds Bounds => inner.Bounds;

    /// <inheritdoc/>
    public override int UsualGridWidth => inner.UsualGridWidth;

    /// <inheritdoc/>
    public override Scene Sample(SceneSplit split, ulong index)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            ulong candidate = attempt == 0 ? index : SceneHash.Mix(index, (ulong)attempt);
            var scene = inner.Sample(split, candidate);
            if (accepts(scene.Factors))
                return scene.Renumbered(index);
        }

        throw new FactorException(
            $"{MaxAttempts} scenes of {inner.Name} in a row were refused: the condition is (nearly) impossible.");
    }

    /// <inheritdoc/>
    public override Camera[] FixedViews(int count) => inner.FixedViews(count);

    /// <inheritdoc/>
    internal override Camera[] Tour(Scene scene, int count) => inner.Tour(scene, count);

    /// <inheritdoc/>
    private protected override SceneGeometry Build(SceneFactors factors) => throw new InvalidOperationException(
        "Scenes of a filtered environment belong to the environment behind it.");

    /// <inheritdoc/>
    public override Scene Compose(
        SceneFactors factors, ReadOnlySpan<Camera> cameras, SceneSplit split = SceneSplit.Test, ulong index = 0) =>
        inner.Compose(factors, cameras, split, index);
}

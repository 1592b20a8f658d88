using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The options of a comparison of training steps, of memory or of queries.</summary>
internal sealed record StepOptions
{
    /// <summary>Name of the configuration: sizes of the model, batch.</summary>
    public string Preset { get; init; } = "small";

    /// <summary>The representation network; null for the preset's.</summary>
    public RepresentationKind? Representation { get; init; }

    /// <summary>One core for all layers.</summary>
    public bool Shared { get; init; }

    /// <summary>The bound with the prior in place of the posterior.</summary>
    public bool Prior { get; init; }

    /// <summary>Scenes per step; 0 for the preset's.</summary>
    public int Batch { get; init; }

    /// <summary>Context images per scene.</summary>
    public int Contexts { get; init; } = 3;

    /// <summary>Rounds that count, one turn of each engine.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>Rounds before those that count.</summary>
    public int Warmup { get; init; } = 5;

    /// <summary>Threads of each engine.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>The time that is measured.</summary>
    public Clock Clock { get; init; }

    /// <summary>"paper, pool, shared cores, batch 2, 3 contexts"</summary>
    public string Title => string.Join(
        ", ",
        [
            Preset, Model.Representation.ToString().ToLowerInvariant(), .. Shared ? ["shared cores"] : (string[])[],
            .. Prior ? ["no posterior"] : (string[])[],
            $"batch {Scenes}", $"{Contexts} {(Contexts == 1 ? "context" : "contexts")}",
        ]);

    /// <summary>B, scenes per step.</summary>
    public int Scenes => Batch > 0 ? Batch : Configuration.Training.Batch;

    /// <summary>The preset.</summary>
    public RunConfiguration Configuration => Presets.Create(Preset);

    /// <summary>The network.</summary>
    public ModelOptions Model
    {
        get
        {
            var configuration = Configuration;
            var model = configuration.Model with
            {
                Representation = Representation ?? configuration.Model.Representation,
                SharedCores = Shared || configuration.Model.SharedCores,
            };
            return (configuration with { Model = model }).WithScenes().Model;
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The devices other than the processor itself.</summary>
/// <param name="Devices">The devices found, usable or not.</param>
/// <param name="Absent">For each kind that is absent: why, and what helps.</param>
internal sealed record DeviceSurvey(IReadOnlyList<DeviceRecord> Devices, IReadOnlyList<string> Absent);

/// <summary>A device that was found, and its observed abilities: one line of JSON.</summary>
internal sealed record DeviceRecord
{
    /// <summary>The kind of this line.</summary>
    public const string KindName = "device";

    /// <summary>The kind of this line.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>The name to request it by: "cuda:0".</summary>
    public required string Name { get; init; }

    /// <summary>The name that it gives itself.</summary>
    public required string Title { get; init; }

    /// <summary>Total memory of the device; 0 if it has none of its own.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Version of the driver and the interface.</summary>
    public required string Driver { get; init; }

    /// <summary>What kernels can use, in human-readable form.</summary>
    public required string Features { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>Precisions in which it could be opened.</summary>
    public IReadOnlyList<string> Precisions { get; init; } = [];

    /// <summary>True for a GPU reached through NVIDIA's own driver interface.</summary>
    [JsonIgnore]
    public bool IsCuda => Name.StartsWith("cuda", StringComparison.Ordinal);

    /// <summary>Every device but the processor and its simulator, opened in each precision.</summary>
    public static IEnumerable<DeviceRecord> Find() => DeviceCatalog.Find()
        .Where(entry => entry.Name.Contains(':', StringComparison.Ordinal)).Select(Probe);

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StepRecord.JsonOptions);

    private static DeviceRecord Probe(DeviceEntry entry)
    {
        var record = new DeviceRecord
        {
            Name = entry.Name,
            Title = entry.Title,
            MemoryBytes = entry.MemoryBytes,
            Driver = entry.Driver,
            Features = entry.Features,
            Refusal = entry.Refusal,
        };
        if (entry.Refusal is not null)
            return record;
        var precisions = new List<string>();
        string? refusal = null;
        foreach (var precision in Enum.GetValues<Precision>())
        {
            try
            {
                using var device = new GpuDevice(entry.Name, precision);
                precisions.Add(precision.ToString().ToLowerInvariant());
            }
            catch (GpuException exception)
            {
                refusal ??= exception.Message.TrimEnd('.');
            }
        }

        return record with { Precisions = precisions, Refusal = precisions.Count == 0 ? refusal : null };
    }
}

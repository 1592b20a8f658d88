using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>What there is to compute on, beside the processor itself.</summary>
/// <param name="Devices">Those that were found, usable or not.</param>
/// <param name="Absent">For each kind of which there is none: why, and what helps.</param>
internal sealed record DeviceSurvey(IReadOnlyList<DeviceRecord> Devices, IReadOnlyList<string> Absent);

/// <summary>A device that was found, and what it was seen to do: one line of JSON.</summary>
internal sealed record DeviceRecord
{
    /// <summary>What kind of line it is.</summary>
    public const string KindName = "device";

    /// <summary>What kind of line it is.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>What to ask for: "cuda:0".</summary>
    public required string Name { get; init; }

    /// <summary>What it calls itself.</summary>
    public required string Title { get; init; }

    /// <summary>All memory of the device; 0 where it has none of its own.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Version of driver and interface.</summary>
    public required string Driver { get; init; }

    /// <summary>What kernels can use, for people.</summary>
    public required string Features { get; init; }

    /// <summary>Why it cannot be used; null where it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>Precisions in which it could be opened.</summary>
    public IReadOnlyList<string> Precisions { get; init; } = [];

    /// <summary>True where the device is NVIDIA's own way to a GPU.</summary>
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

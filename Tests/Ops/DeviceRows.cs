using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>
/// Rows of theories that need a device, a platform or a tool: all of them if it is there, otherwise a single row that
/// says why it is skipped, so that a thousand skipped rows do not bury the result.
/// </summary>
internal static class DeviceRows
{
    /// <summary>Stands for all rows; the test skips itself before it looks at the name.</summary>
    public const string All = "all rows";

    // Querying drivers takes a while, and every class of tests does so.
    private static readonly Lazy<IReadOnlySet<GpuPlatform>> Found =
        new(() => GpuSurvey.Find().Select(device => device.Platform).ToHashSet());

    /// <summary>The rows of tests on the first device of a platform.</summary>
    public static TheoryData<string> On(GpuPlatform platform, TheoryData<string> rows) =>
        Where(IsRequired(platform.ToString()) || Found.Value.Contains(platform), rows);

    /// <summary>The rows of tests that need something else.</summary>
    public static TheoryData<string> Where(bool exists, TheoryData<string> rows) => exists ? rows : [All];

    /// <summary>Whether a missing device is a failure: GQN_REQUIRE_OPENCL=1 or GQN_REQUIRE_CUDA=1.</summary>
    /// <param name="device">A device's name, such as "cuda:0", or its platform's.</param>
    public static bool IsRequired(string device) =>
        Environment.GetEnvironmentVariable($"GQN_REQUIRE_{device.Split(':')[0].ToUpperInvariant()}") == "1";
}

using System.CommandLine;
using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary>Options of the commands that measure a device.</summary>
internal static class MeasureOptions
{
    /// <summary>The environment variable that names the device for GPU benchmarks.</summary>
    public const string DeviceVariable = "GQN_BENCHMARK_DEVICE";

    /// <summary>The environment variable that names the precision for GPU benchmarks.</summary>
    public const string PrecisionVariable = "GQN_BENCHMARK_PRECISION";

    /// <summary>The device that GPU benchmarks open.</summary>
    public static string DeviceToMeasure => Environment.GetEnvironmentVariable(DeviceVariable) ?? "opencl:0";

    /// <summary>The precision in which they open it; null for the device's default.</summary>
    public static Precision? PrecisionToMeasure => Parse(Environment.GetEnvironmentVariable(PrecisionVariable));

    /// <summary>Which device.</summary>
    public static Option<string> Device(string standard) => new("--device")
    {
        Description = "cuda:N, opencl:N, simulator, cpu or auto",
        HelpName = "NAME",
        DefaultValueFactory = _ => standard,
    };

    /// <summary>Precision of operands; null for the device's default.</summary>
    public static Option<string?> Precision()
    {
        var option = new Option<string?>("--precision")
        {
            Description = "Operands of convolutions and matrix products: fp32, tf32 or bf16 [default: the device's]",
            HelpName = "NAME",
        };
        option.AcceptOnlyFromAmong([.. Enum.GetNames<Precision>().Select(name => name.ToLowerInvariant())]);
        return option;
    }

    /// <summary>How long to measure.</summary>
    public static Option<double> Seconds(double standard, string description) => new("--seconds")
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => standard,
    };

    /// <summary>The precision with a name; null for null.</summary>
    public static Precision? Parse(string? name) =>
        name is null ? null : Enum.Parse<Precision>(name, ignoreCase: true);

    /// <summary>Refuses a number that is not above 0.</summary>
    /// <exception cref="OptionException">It is not.</exception>
    public static double Positive(string option, double value) => value > 0 && double.IsFinite(value)
        ? value
        : throw new OptionException($"{option} {value} must be a number above 0.");
}

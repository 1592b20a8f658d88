using System.CommandLine;
using System.Text.RegularExpressions;
using Gqn.Native.Engine;

namespace Gqn.Native.Cli;

/// <summary>The device, precision and thread options, shared by all verbs that run a model.</summary>
internal sealed partial class DeviceOptions
{
    private static readonly string[] Examples =
        [DeviceCatalog.Auto, DeviceCatalog.Cpu, "cuda:0", "opencl:0", "simulator"];

    private readonly Option<string> _device = new("--device")
    {
        Description = "Where to compute: auto takes CUDA, else a GPU through OpenCL, else the processor ('gqn devices' "
            + "lists what there is)",
        HelpName = "auto|cpu|cuda:N|opencl:N|simulator",
        DefaultValueFactory = _ => DeviceCatalog.Auto,
    };

    private readonly Option<Precision?> _precision = CommandOptions.OneOf<Precision?>(
        "--precision",
        "Operands of convolutions and matrix products; sums and weights are fp32 always [default: tf32 on CUDA devices "
        + "with tensor cores, else fp32]",
        ("fp32", Precision.Fp32), ("tf32", Precision.Tf32), ("bf16", Precision.Bf16));

    private readonly Option<int?> _threads = CommandOptions.Threads();

    public DeviceOptions()
    {
        _device.CompletionSources.Add(Examples);
        _device.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { } name }, ..] && !NamePattern().IsMatch(name))
            {
                result.AddError(
                    $"--device {name}: there is no such kind of device; write auto, cpu, cuda:N, opencl:N or simulator");
            }
        });
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_device);
        command.Options.Add(_precision);
        command.Options.Add(_threads);
    }

    /// <summary>The number of processor threads; 0 for one per processor.</summary>
    public int Threads(ParseResult parsed) => parsed.GetValue(_threads) ?? 0;

    /// <summary>Opens the requested device.</summary>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">There is no such device, or it cannot be used
    /// with these options.</exception>
    public Device Open(ParseResult parsed) =>
        DeviceCatalog.Open(parsed.GetValue(_device)!, parsed.GetValue(_precision), Threads(parsed));

    [GeneratedRegex("^(auto|cpu|simulator|(cuda|opencl)(:[0-9]{1,3})?)$")]
    private static partial Regex NamePattern();
}

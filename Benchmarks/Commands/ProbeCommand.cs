using System.CommandLine;
using Gqn.Native.Benchmarks.Report;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>probe</c>: the devices for programs, where <c>gqn devices</c> is for people.</summary>
internal static class ProbeCommand
{
    public static Command Create()
    {
        var command = new Command("probe", "Open every device in each precision; prints a line of JSON each.");
        command.SetAction(parsed =>
        {
            foreach (var device in DeviceRecord.Find())
                parsed.InvocationConfiguration.Output.WriteLine(device.ToJson());
        });
        return command;
    }
}

using System.CommandLine;
using Gqn.Native.Benchmarks.Report;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>probe</c>: the devices in machine-readable form; <c>gqn devices</c> is the human-readable one.</summary>
internal static class ProbeCommand
{
    public static Command Create()
    {
        var command = new Command("probe", "Open every device in each precision; prints a line of JSON each.");
        command.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration.Output;
            foreach (var device in DeviceRecord.Find())
                output.WriteLine(device.ToJson());
            foreach (string sentence in DeviceCatalog.Absent())
                output.WriteLine(new NoteRecord { Kind = NoteRecord.Absent, What = "device", Reason = sentence }.ToJson());
        });
        return command;
    }
}

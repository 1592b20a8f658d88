using System.CommandLine;

namespace Gqn.Native.Cli;

/// <summary><c>gqn devices</c>: what there is to compute on.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        var threads = CommandOptions.Threads();
        var command = new Command("devices", "List the devices to compute on.") { threads };
        command.SetAction(parsed =>
        {
            using var device = CommandOptions.CreateDevice(parsed.GetValue(threads));
            var table = Terminal.Table(2, "device", "description");
            Terminal.AddRow(table, "cpu", device.Description);
            terminal.Console.Write(table);
        });
        return command;
    }
}

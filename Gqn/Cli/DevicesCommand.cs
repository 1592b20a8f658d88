using System.CommandLine;
using Gqn.Native.Engine;

namespace Gqn.Native.Cli;

/// <summary><c>gqn devices</c>: lists the devices available for computation.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        var threads = CommandOptions.Threads();
        var command = new Command("devices", "List the devices to compute on.") { threads };
        command.SetAction(parsed =>
        {
            var table = Terminal.Table(6, "device", "description", "memory", "driver", "features", "usable");
            var refusals = new List<string>();
            foreach (var entry in DeviceCatalog.Find(parsed.GetValue(threads) ?? 0))
            {
                string memory = entry.MemoryBytes > 0 ? Terminal.Bytes(entry.MemoryBytes) : "the machine's";
                Terminal.AddRow(
                    table, entry.Name, entry.Title, memory, entry.Driver, entry.Features,
                    entry.Refusal is null ? "yes" : "no");
                if (entry.Refusal is not null)
                    refusals.Add($"{entry.Name} cannot be used: {entry.Refusal}.");
            }

            terminal.Console.Write(table);
            foreach (string sentence in refusals.Concat(DeviceCatalog.Absent()))
                terminal.WriteLine(sentence);
        });
        return command;
    }
}

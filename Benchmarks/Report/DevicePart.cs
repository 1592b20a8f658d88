using System.Text;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The devices of the machine, and what the driver's own tool says about them.</summary>
internal sealed class DevicePart : IReportPart
{
    // Opening a device takes seconds, the first time longer; a tool that says nothing about a broken driver, for ever.
    private static readonly TimeSpan LeastLimit = TimeSpan.FromSeconds(25);

    public string Name => "devices";

    public string Title => "Devices";

    public double ShareOn(DeviceRecord device) => 0.5;

    public void Run(ReportContext context, TimeSpan limit)
    {
        limit = ReportContext.AtLeast(LeastLimit, limit);
        var text = new StringBuilder();
        if (!context.Programs.Has(Programs.Gqn))
        {
            context.LeaveOut($"The list of devices: {Programs.Gqn} is not beside this program.");
        }
        else
        {
            // Only whether the program starts is of interest here; its table is for terminals.
            var run = context.RunProgram(Name, Programs.Gqn, ["devices"], limit);
            text.Append($"    {run.Command}\n\n");
            if (!run.Succeeded)
                context.Fail($"`{run.Command}`: {run.Failure}");
        }

        var table = new MarkdownTable("device", "description", ">memory/MiB", "driver", "features", "precisions", "usable");
        foreach (var device in context.Survey.Devices)
        {
            table.Add(
                device.Name, device.Title, MarkdownTable.Number(device.MemoryBytes >> 20), device.Driver,
                device.Features, string.Join(", ", device.Precisions),
                device.Refusal is { } refusal ? $"no: {refusal}" : "yes");
        }

        text.Append(table);
        foreach (string sentence in context.Survey.Absent)
            text.Append($"\n{sentence}\n");
        if (context.IsCuda)
            AppendDriver(context, limit, text);
        context.Write(Name, text.ToString());
    }

    // The driver's own tool, if installed: clocks and power show how fast a device may be.
    private void AppendDriver(ReportContext context, TimeSpan limit, StringBuilder text)
    {
        const string Query = "--query-gpu=index,name,driver_version,memory.total,clocks.sm,clocks.max.sm,power.limit";
        var run = context.RunCommand(Name, "nvidia-smi", [Query, "--format=csv"], limit);
        if (run.Succeeded)
            text.Append($"\n    {run.Command}\n\n```\n{string.Join('\n', run.Output)}\n```\n");
        else
            context.LeaveOut($"Clocks and power limit: {run.Failure}");
    }
}

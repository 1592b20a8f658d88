using System.Text;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>What devices the machine has, as <c>gqn devices</c> shows them.</summary>
internal sealed class DevicePart : IReportPart
{
    public string Name => "devices";

    public string Title => "Devices";

    public double Share => 0.5;

    public void Run(ReportContext context, TimeSpan limit)
    {
        var text = new StringBuilder();
        var run = context.Programs.Has(Programs.Gqn)
            ? context.RunProgram(Name, Programs.Gqn, ["devices"], limit)
            : null;
        if (run is null)
            context.LeaveOut($"The list of devices: {Programs.Gqn} is not beside this program.");
        else if (!run.Succeeded)
            context.Fail($"`{run.Command}` failed: {run.Failure}");
        if (run is not null)
            text.Append($"`{run.Command}`\n\n```\n{string.Join('\n', run.Output).Trim('\n')}\n```\n");
        if (context.IsCuda)
            AppendDriver(context, limit, text);
        context.Write(Name, text.ToString());
    }

    // The driver's own tool, where it is installed: clocks and power say how fast a device may be.
    private void AppendDriver(ReportContext context, TimeSpan limit, StringBuilder text)
    {
        const string Query = "--query-gpu=index,name,driver_version,memory.total,clocks.sm,clocks.max.sm,power.limit";
        var run = context.RunCommand(Name, "nvidia-smi", [Query, "--format=csv"], limit);
        if (run.Succeeded)
            text.Append($"\n`{run.Command}`\n\n```\n{string.Join('\n', run.Output)}\n```\n");
        else
            context.LeaveOut($"Clocks and power limit: {run.Failure}");
    }
}

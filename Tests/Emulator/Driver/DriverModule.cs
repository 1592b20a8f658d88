using System.Globalization;
using System.Text.RegularExpressions;
using Gqn.Native.Tests.Ptx;

namespace Gqn.Native.Tests.Driver;

/// <summary>A module of PTX with one kernel, which is its only function.</summary>
internal sealed partial class DriverModule
{
    // The newest instruction set that a driver of CUDA 12.4 knows.
    private const double NewestPtx = 8.4;

    private readonly DriverContext _context;

    public DriverModule(DriverContext context, string text)
    {
        _context = context;
        var version = Version().Match(text);
        if (!version.Success || double.Parse(version.Groups[1].Value, CultureInfo.InvariantCulture) > NewestPtx)
        {
            throw new DriverException(
                DriverError.InvalidPtx, $"the PTX has no .version, or a newer one than {NewestPtx}");
        }

        try
        {
            Kernel = PtxKernel.Parse(text, worstApproximations: true);
        }
        catch (PtxSyntaxException exception)
        {
            throw new DriverException(DriverError.InvalidPtx, exception.Message);
        }
    }

    public DriverContext Context => _context;

    public PtxKernel Kernel { get; }

    [GeneratedRegex(@"^\s*\.version\s+(\d+\.\d+)", RegexOptions.Multiline)]
    private static partial Regex Version();
}

/// <summary>A kernel that can be launched (CUfunction).</summary>
internal sealed class DriverFunction(DriverModule module, nint handle)
{
    // The shared memory that a block may have by default, and on request.
    private const int PlainShared = 48 << 10, MostShared = 227 << 10;

    private int _mostDynamic = PlainShared - module.Kernel.Program.StaticSharedBytes;

    /// <summary>The handle of the module that holds it.</summary>
    public nint Module => handle;

    public DriverContext Context => module.Context;

    /// <summary>The maximum number of threads in a block.</summary>
    public int MostThreads =>
        module.Kernel.Program.MaximumThreads is > 0 and int bound ? Math.Min(bound, 1024) : 1024;

    /// <summary>Allows launches this much dynamic shared memory.</summary>
    public void AllowDynamicShared(int bytes)
    {
        if (bytes < 0 || bytes + module.Kernel.Program.StaticSharedBytes > MostShared)
        {
            throw new DriverException(
                DriverError.InvalidValue,
                $"{module.Kernel.Name} asks for {bytes} bytes of dynamic shared memory beside "
                + $"{module.Kernel.Program.StaticSharedBytes}; a block has {MostShared} at most");
        }

        _mostDynamic = bytes;
    }

    /// <summary>Queues a launch on a copy of the parameters.</summary>
    public void Launch(DriverStream stream, Dim3 grid, Dim3 block, int dynamicBytes, byte[] parameters)
    {
        var program = module.Kernel.Program;
        string? refusal =
            grid.X < 1 || grid.Y is < 1 or > 65535 || grid.Z is < 1 or > 65535 ? $"a grid of {grid}"
            : block.X < 1 || block.Y < 1 || block.Z is < 1 or > 64 || block.Count > MostThreads
                ? $"blocks of {block}, and {MostThreads} threads are allowed"
            : dynamicBytes < 0 || dynamicBytes > _mostDynamic
                ? $"{dynamicBytes} bytes of dynamic shared memory, and {_mostDynamic} are allowed"
            : parameters.Length < program.ParameterBytes
                ? $"{parameters.Length} bytes of parameters, and the kernel reads {program.ParameterBytes}"
            : null;
        if (refusal is not null)
            throw new DriverException(DriverError.InvalidValue, $"{program.Name} is launched with {refusal}");
        stream.Add(new DriverNode(
            NodeKind.Kernel, () => Context.Attempt(() => Run(grid, block, dynamicBytes, parameters)), "kernel"));
    }

    private void Run(Dim3 grid, Dim3 block, int dynamicBytes, byte[] parameters)
    {
        CudaDouble.Launches++;
        try
        {
            module.Kernel.Run(
                Context.Memory.DeviceRanges, grid, block,
                module.Kernel.Program.DynamicShared is null ? 0 : dynamicBytes, parameters);
        }
        catch (PtxFaultException fault)
        {
            bool isMemory = fault.Message.Contains("global address", StringComparison.Ordinal);
            throw new DriverException(isMemory ? DriverError.IllegalAddress : DriverError.LaunchFailed, fault.Message);
        }
    }
}

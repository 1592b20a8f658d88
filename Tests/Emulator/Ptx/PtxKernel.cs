using System.Reflection;
using System.Runtime.ExceptionServices;
using ILGPU.Runtime;

namespace Gqn.Native.Tests.Ptx;

/// <summary>A kernel in PTX, ready to run on the host's processor.</summary>
/// <example>
/// using var memory = new PtxMemory();
/// var args = new CopyArgs { X = memory.Allocate([1f, 2f]), Y = memory.Allocate(2) };
/// PtxKernel.Compile(method, implicitlyGrouped: true).Run(memory, extent: 2, groupSize: 32, args);
/// PtxMemory.Values(args.Y) now holds the copy.
/// </example>
internal sealed class PtxKernel
{
    // The most that a block may have on devices up to sm_90.
    private const int MostSharedBytes = 227 * 1024;

    private readonly PtxProgram _program;
    private readonly PtxStep[] _steps;

    private PtxKernel(string text, bool worstApproximations)
    {
        Text = text;
        _program = PtxParser.Parse(text);
        _steps = PtxDecoder.Decode(_program, worstApproximations);
    }

    public string Text { get; }

    public string Name => _program.Name;

    /// <summary>What a driver must know about the kernel before it launches it.</summary>
    public PtxProgram Program => _program;

    /// <summary>Most instructions that one warp may run, counted per lane, before its loop counts as endless.</summary>
    public long InstructionLimit { get; set; } = 4_000_000_000;

    /// <summary>Instructions executed by the latest run, counted per thread.</summary>
    public long Executed { get; private set; }

    /// <summary>Whether runs fill <see cref="Counters"/>, which takes extra time.</summary>
    public bool CountsRequests { get; set; }

    /// <summary>Requests to memory by the latest run.</summary>
    public PtxCounters Counters { get; private set; } = new();

    /// <param name="text">A module with one entry.</param>
    /// <param name="worstApproximations">Whether .approx instructions err as far as the ISA allows, instead of being as
    /// exact as the host can.</param>
    public static PtxKernel Parse(string text, bool worstApproximations = false) => new(text, worstApproximations);

    public static PtxKernel Compile(
        MethodInfo method, bool implicitlyGrouped, KernelSpecialization specialization = default,
        bool worstApproximations = false) =>
        new(PtxCompiler.Compile(method, implicitlyGrouped, specialization), worstApproximations);

    /// <summary>Runs an implicitly grouped kernel over an extent; the runtime's guard cuts the last group.</summary>
    public void Run<TArgs>(PtxMemory memory, int extent, int groupSize, TArgs arguments)
        where TArgs : struct =>
        Run(memory, new Dim3((extent + groupSize - 1) / groupSize), new Dim3(groupSize), 0, extent, arguments);

    /// <summary>Runs all blocks of a grid; the first fault ends the run and is thrown.</summary>
    /// <param name="dynamicSharedBytes">Length of the .extern .shared array.</param>
    /// <param name="arguments">One value per parameter, as the launch would take them.</param>
    public void Run(
        PtxMemory memory, Dim3 grid, Dim3 block, int dynamicSharedBytes = 0, params object[] arguments)
    {
        if (block.Count is < 1 or > 1024 || grid.Count < 1)
            throw new ArgumentException($"{Name}: a launch takes 1 to 1024 threads in a block and at least one block.");
        if (_program.MaximumThreads > 0 && block.Count > _program.MaximumThreads)
        {
            throw new ArgumentException(
                $"{Name}: .maxntid allows {_program.MaximumThreads} threads, not {block.Count}.");
        }

        if (dynamicSharedBytes > 0 && _program.DynamicShared is null)
            throw new ArgumentException($"{Name} has no dynamic shared memory.");
        if (_program.StaticSharedBytes + dynamicSharedBytes > MostSharedBytes)
            throw new ArgumentException($"{Name}: no device gives a block more than {MostSharedBytes} bytes.");
        Run(memory.Ranges(), grid, block, dynamicSharedBytes, PtxArguments.Pack(_program, arguments));
    }

    /// <summary>Runs all blocks of a grid, of a size the kernel allows, on parameters as a driver gets them.</summary>
    /// <param name="ranges">The memory that it may access, in order of address.</param>
    public void Run(PtxRange[] ranges, Dim3 grid, Dim3 block, int dynamicSharedBytes, byte[] parameters)
    {
        var launch = new PtxLaunch(
            _program, _steps, grid, block, dynamicSharedBytes, parameters, ranges, InstructionLimit, CountsRequests);
        long next = -1;
        long executed = 0;
        (long Block, Exception Fault)? first = null;
        var gate = new Lock();
        var counters = new PtxCounters();

        void Work()
        {
            using var worker = new PtxBlock(launch);
            for (long index; (index = Interlocked.Increment(ref next)) < grid.Count;)
            {
                try
                {
                    Interlocked.Add(ref executed, worker.Run(index));
                }
                catch (Exception fault)
                {
                    lock (gate)
                    {
                        if (first is null || index < first.Value.Block)
                            first = (index, fault);
                    }

                    Interlocked.Exchange(ref next, grid.Count);
                }
            }

            lock (gate)
                counters.Add(worker.Counters ?? new PtxCounters());
        }

        Task[] helpers = [.. Enumerable.Range(1, (int)Math.Min(Environment.ProcessorCount, grid.Count) - 1)
            .Select(_ => Task.Run(Work))];
        Work();
        Task.WaitAll(helpers);
        Executed = executed;
        Counters = counters;
        if (first is { } found)
            ExceptionDispatchInfo.Throw(found.Fault);
    }
}

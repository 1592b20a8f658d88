namespace Gqn.Native.Tests.Ptx;

/// <summary>An address operand: finds the host's bytes at the address, or throws a fault.</summary>
internal sealed unsafe class PtxAddress
{
    private readonly int _slot;
    private readonly ulong _offset;
    private readonly PtxSpace _space;

    public PtxAddress(PtxDecoder decoder, PtxOperand operand, PtxSpace space)
    {
        if (operand is not PtxAddressOperand address)
            throw new PtxSyntaxException("an address in brackets is expected");
        _space = space;
        _offset = (ulong)address.Offset;
        // Addresses of shared, local and parameter memory may be 32 bits wide; generic and global ones are not.
        var type = space is PtxSpace.Global or PtxSpace.Generic ? PtxType.B64 : PtxType.B32;
        _slot = decoder.Source(address.Base, type, wider: true);
        if (address.Base is PtxSymbolOperand { Symbol.Space: var declared } && declared != space)
            throw new PtxSyntaxException($"the symbol lies in {declared} memory");
    }

    /// <summary>The address that a lane holds.</summary>
    public ulong Value(PtxWarp warp, int lane) => warp.Registers[_slot + lane] + _offset;

    /// <summary>Counts the request that the lanes make together, if the launch counts requests.</summary>
    public void Count(PtxWarp warp, uint lanes, int bytes)
    {
        if (warp.Block.Counters is not { } counters)
            return;
        if (_space == PtxSpace.Global)
            counters.Global(warp, lanes, this, bytes);
        else if (_space == PtxSpace.Shared)
            counters.Shared(warp, lanes, this, bytes);
    }

    /// <summary>The bytes, checked for existence, alignment and, in shared memory, races.</summary>
    public byte* Resolve(PtxWarp warp, int lane, int bytes, bool write, bool atomic = false)
    {
        ulong address = Value(warp, lane);
        var space = _space;
        if (space == PtxSpace.Generic)
        {
            if (address - PtxMoves.SharedWindow < PtxMoves.WindowSize)
                (space, address) = (PtxSpace.Shared, address - PtxMoves.SharedWindow);
            else if (address - PtxMoves.LocalWindow < PtxMoves.WindowSize)
                (space, address) = (PtxSpace.Local, address - PtxMoves.LocalWindow);
        }

        string access = write ? "writes" : "reads";
        switch (space)
        {
            case PtxSpace.Shared:
                var shared = warp.Block.Shared;
                shared.Check(warp, lane, address, bytes, access);
                if (write && !atomic)
                    shared.MarkWrite(warp, lane, address, bytes);
                else if (!atomic)
                    shared.MarkRead(warp, lane, address, bytes);
                return shared.At(address);
            case PtxSpace.Local:
                return Inside(warp, lane, warp.Local, lane * warp.Block.Program.LocalBytes, address,
                    warp.Block.Program.LocalBytes, bytes, $"{access} local memory");
            case PtxSpace.Param:
                return write
                    ? throw warp.Fault(lane, "writes a parameter")
                    : Inside(warp, lane, warp.Block.Parameters, 0, address, warp.Block.Program.ParameterBytes, bytes,
                        "reads a parameter");
            default:
                return Global(warp, lane, address, bytes, access);
        }
    }

    /// <summary>The bytes at an address of global memory.</summary>
    public static byte* Global(PtxWarp warp, int lane, ulong address, int bytes, string access)
    {
        if ((address & (ulong)(bytes - 1)) != 0)
            throw warp.Fault(lane, $"{access} {bytes} bytes at global address 0x{address:x}, which is misaligned");
        ref var last = ref warp.Block.LastRanges[warp.Current.Index];
        if (!last.Holds(address, bytes))
        {
            last = warp.Block.Find(address, bytes) ?? throw warp.Fault(
                lane, $"{access} {bytes} bytes at global address 0x{address:x}, {warp.Block.Nearest(address)}");
        }

        return (byte*)address;
    }

    private static byte* Inside(
        PtxWarp warp, int lane, byte* memory, int start, ulong address, int length, int bytes, string access)
    {
        if (address > (ulong)length || address + (ulong)bytes > (ulong)length)
            throw warp.Fault(lane, $"{access} at {address} + {bytes}, beyond its {length} bytes");
        return (address & (ulong)(bytes - 1)) != 0
            ? throw warp.Fault(lane, $"{access} at {address}, which is misaligned for {bytes} bytes")
            : memory + start + address;
    }
}

using System.Globalization;

namespace Gqn.Native.Tests.Ptx;

internal enum PtxKind { Untyped, Unsigned, Signed, Float, BFloat, TensorFloat, Predicate }

/// <summary>An instruction type such as .u32, .f64 or .bf16; values are raw bits, zero-extended to 64.</summary>
internal readonly record struct PtxType(PtxKind Kind, int Bits)
{
    public static readonly PtxType Predicate = new(PtxKind.Predicate, 1);
    public static readonly PtxType B32 = new(PtxKind.Untyped, 32);
    public static readonly PtxType B64 = new(PtxKind.Untyped, 64);
    public static readonly PtxType F32 = new(PtxKind.Float, 32);

    public bool IsInteger => Kind is PtxKind.Untyped or PtxKind.Unsigned or PtxKind.Signed;

    public static PtxType Parse(string name) => TryParse(name, out var type)
        ? type
        : throw new PtxSyntaxException($".{name} is no type known here.");

    public static bool TryParse(string name, out PtxType type)
    {
        type = name switch
        {
            "pred" => Predicate,
            "bf16" => new PtxType(PtxKind.BFloat, 16),
            "bf16x2" => new PtxType(PtxKind.BFloat, 32),
            "tf32" => new PtxType(PtxKind.TensorFloat, 32),
            "f16x2" => B32,
            "f16" or "f32" or "f64" => new PtxType(PtxKind.Float, Number(name)),
            "b8" or "b16" or "b32" or "b64" => new PtxType(PtxKind.Untyped, Number(name)),
            "u8" or "u16" or "u32" or "u64" => new PtxType(PtxKind.Unsigned, Number(name)),
            "s8" or "s16" or "s32" or "s64" => new PtxType(PtxKind.Signed, Number(name)),
            _ => default,
        };
        return type.Bits > 0;
    }

    /// <summary>The low bits, sign- or zero-extended to 64 as the type says.</summary>
    public ulong Extend(ulong value)
    {
        int unused = 64 - Bits;
        return Kind == PtxKind.Signed ? (ulong)((long)(value << unused) >> unused) : value << unused >> unused;
    }

    /// <summary>Only the low bits.</summary>
    public ulong Truncate(ulong value) => value << (64 - Bits) >> (64 - Bits);

    private static int Number(string name) => int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture);
}

using System.Numerics;
using Xunit;
using static System.BitConverter;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Scalar instructions against C#, over all triples of error-prone values.</summary>
public sealed class PtxArithmeticTests
{
    private static readonly uint[] Values =
        [0, 1, 2, 7, 31, 32, 33, 0x3F80_0000, 0xBFC0_0000, 0x4B18_9680, 0x7F80_0000, 0xFFC0_0000, 0x8000_0000,
         0x7FFF_FFFF, 0xFFFF_FFFF, 0x1234_5678];

    private static readonly Dictionary<string, Func<uint, uint, uint, uint>> Integers = new()
    {
        ["add.s32 %out0, %in0, %in1;"] = (a, b, _) => a + b,
        ["sub.s32 %out0, %in0, %in1;"] = (a, b, _) => a - b,
        ["mul.lo.s32 %out0, %in0, %in1;"] = (a, b, _) => a * b,
        ["mul.hi.u32 %out0, %in0, %in1;"] = (a, b, _) => (uint)(((ulong)a * b) >> 32),
        ["mul.hi.s32 %out0, %in0, %in1;"] = (a, b, _) => (uint)(((long)(int)a * (int)b) >> 32),
        ["mad.lo.s32 %out0, %in0, %in1, %in2;"] = (a, b, c) => (a * b) + c,
        ["div.s32 %out0, %in0, %in1;"] = (a, b, _) =>
            b == 0 ? uint.MaxValue : b == uint.MaxValue ? 0 - a : (uint)((int)a / (int)b),
        ["div.u32 %out0, %in0, %in1;"] = (a, b, _) => b == 0 ? uint.MaxValue : a / b,
        ["rem.u32 %out0, %in0, %in1;"] = (a, b, _) => b == 0 ? uint.MaxValue : a % b,
        ["rem.s32 %out0, %in0, 7;"] = (a, _, _) => (uint)((int)a % 7),
        ["neg.s32 %out0, %in0;"] = (a, _, _) => 0 - a,
        ["abs.s32 %out0, %in0;"] = (a, _, _) => (int)a < 0 ? 0 - a : a,
        ["min.s32 %out0, %in0, %in1;"] = (a, b, _) => (uint)Math.Min((int)a, (int)b),
        ["max.u32 %out0, %in0, %in1;"] = (a, b, _) => Math.Max(a, b),
        ["and.b32 %out0, %in0, %in1;"] = (a, b, _) => a & b,
        ["or.b32 %out0, %in0, %in1;"] = (a, b, _) => a | b,
        ["xor.b32 %out0, %in0, %in1;"] = (a, b, _) => a ^ b,
        ["not.b32 %out0, %in0;"] = (a, _, _) => ~a,
        ["lop3.b32 %out0, %in0, %in1, %in2, 0xE8;"] = (a, b, c) => (a & b) | (a & c) | (b & c),
        ["shl.b32 %out0, %in0, %in1;"] = (a, b, _) => b > 31 ? 0 : a << (int)b,
        ["shr.u32 %out0, %in0, %in1;"] = (a, b, _) => b > 31 ? 0 : a >> (int)b,
        ["shr.s32 %out0, %in0, %in1;"] = (a, b, _) => (uint)((int)a >> (int)Math.Min(b, 31)),
        ["shf.l.wrap.b32 %out0, %in0, %in1, %in2;"] =
            (a, b, c) => (uint)(((((ulong)b << 32) | a) << (int)(c & 31)) >> 32),
        ["popc.b32 %out0, %in0;"] = (a, _, _) => (uint)BitOperations.PopCount(a),
        ["clz.b32 %out0, %in0;"] = (a, _, _) => (uint)BitOperations.LeadingZeroCount(a),
        ["bfe.u32 %out0, %in0, 4, 9;"] = (a, _, _) => (a >> 4) & 0x1FF,
        ["bfe.s32 %out0, %in0, 4, 9;"] = (a, _, _) => (uint)((int)(a << 19) >> 23),
        ["bfi.b32 %out0, %in0, %in1, 8, 16;"] = (a, b, _) => (b & 0xFF00_00FF) | ((a & 0xFFFF) << 8),
        ["prmt.b32 %out0, %in0, %in1, 0x7610;"] = (a, b, _) => (a & 0xFFFF) | (b & 0xFFFF_0000),
        ["{ .reg .b16 l; .reg .b16 u; mov.b32 {l, u}, %in0; mov.b32 %out0, {u, l}; }"] =
            (a, _, _) => BitOperations.RotateLeft(a, 16),
        ["{ .reg .u64 w; mul.wide.s32 w, %in0, %in1; shr.u64 w, w, 16; cvt.u32.u64 %out0, w; }"] =
            (a, b, _) => (uint)((long)(int)a * (int)b >> 16),
        ["{ .reg .u64 w; mul.wide.u32 w, %in0, %in1; mov.b64 {%out1, %out0}, w; }"] =
            (a, b, _) => (uint)(((ulong)a * b) >> 32),
        ["cvt.s32.s8 %out0, %in0;"] = (a, _, _) => (uint)(sbyte)a,
        ["cvt.u32.u16 %out0, %in0;"] = (a, _, _) => (ushort)a,
        ["cvt.sat.u8.s32 %out0, %in0;"] = (a, _, _) => (uint)Math.Clamp((int)a, 0, 255),
        ["setp.lt.s32 %p0, %in0, %in1; selp.b32 %out0, 5, 6, %p0;"] = (a, b, _) => (int)a < (int)b ? 5u : 6,
        ["setp.hs.u32 %p0, %in0, %in1; selp.b32 %out0, 5, 6, %p0;"] = (a, b, _) => a >= b ? 5u : 6,
        ["setp.eq.s32 %p0, %in0, %in1; setp.ge.or.s32 %p1, %in1, %in2, !%p0; selp.b32 %out0, 5, 6, %p1;"] =
            (a, b, c) => (int)b >= (int)c || a != b ? 5u : 6,
        ["setp.lt.s32 %p0|%p1, %in0, %in1; @%p1 mov.b32 %out0, 9;"] = (a, b, _) => (int)a < (int)b ? 0u : 9,
        ["mov.pred %p0, 1; mov.pred %p1, 0; and.pred %p2, %p0, %p1; not.pred %p3, %p2; selp.b32 %out0, 5, 6, %p3;"] =
            (_, _, _) => 5,
        ["set.gt.u32.u32 %out0, %in0, %in1;"] = (a, b, _) => a > b ? uint.MaxValue : 0,
        ["setp.ne.u32 %p0, %in0, %in1; @!%p0 bra SAME; mov.b32 %out0, %in2; SAME:"] = (a, b, c) => a != b ? c : 0,
        ["mov.b32 %out0, 0; LOOP: add.u32 %out0, %out0, 3; setp.lt.u32 %p0, %out0, 40; @%p0 bra LOOP;"] =
            (_, _, _) => 42,
        ["{ .reg .u32 i; and.b32 i, %in0, 1; T: .branchtargets A, B; brx.idx i, T; A: mov.b32 %out0, 11; bra.uni E; "
            + "B: mov.b32 %out0, 22; E: }"] = (a, _, _) => (a & 1) == 0 ? 11u : 22,
        ["st.local.b32 [depot+8], %in0; ld.local.b32 %out0, [depot+8];"] = (a, _, _) => a,
        ["{ .reg .u64 p; mov.u64 p, depot; cvta.local.u64 p, p; st.b16 [p+6], %in0; ld.s16 %out0, [p+6]; }"] =
            (a, _, _) => (uint)(short)a,
    };

    private static readonly Dictionary<string, Func<float, float, float, float>> Reals = new()
    {
        ["add.f32 %out0, %in0, %in1;"] = (a, b, _) => a + b,
        ["sub.f32 %out0, %in0, %in1;"] = (a, b, _) => a - b,
        ["mul.f32 %out0, %in0, %in1;"] = (a, b, _) => a * b,
        ["div.rn.f32 %out0, %in0, %in1;"] = (a, b, _) => a / b,
        ["fma.rn.f32 %out0, %in0, %in1, %in2;"] = (a, b, c) => (float)(((double)a * b) + c),
        ["min.f32 %out0, %in0, %in1;"] = (a, b, _) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b),
        ["max.f32 %out0, %in0, %in1;"] = (a, b, _) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b),
        ["neg.f32 %out0, %in0;"] = (a, _, _) => -a,
        ["abs.f32 %out0, %in0;"] = (a, _, _) => MathF.Abs(a),
        ["sqrt.rn.f32 %out0, %in0;"] = (a, _, _) => MathF.Sqrt(a),
        ["rcp.rn.f32 %out0, %in0;"] = (a, _, _) => 1f / a,
        ["ex2.approx.f32 %out0, %in0;"] = (a, _, _) => (float)Math.Pow(2, a),
        ["lg2.approx.f32 %out0, %in0;"] = (a, _, _) => (float)Math.Log2(a),
        ["tanh.approx.f32 %out0, %in0;"] = (a, _, _) => (float)Math.Tanh(a),
        ["copysign.f32 %out0, %in0, %in1;"] = (a, b, _) => MathF.CopySign(b, a),
        ["cvt.rzi.f32.f32 %out0, %in0;"] = (a, _, _) => MathF.Truncate(a),
        ["cvt.rni.f32.f32 %out0, %in0;"] = (a, _, _) => MathF.Round(a, MidpointRounding.ToEven),
        ["cvt.sat.f32.f32 %out0, %in0;"] = (a, _, _) => a > 0 ? Math.Min(a, 1) : 0,
        ["cvt.rn.f32.s32 %out0, %in0;"] = (a, _, _) => SingleToInt32Bits(a),
        ["cvt.rn.f32.u32 %out0, %in0;"] = (a, _, _) => SingleToUInt32Bits(a),
        ["{ .reg .f64 w; cvt.f64.f32 w, %in0; mul.f64 w, w, 0d3FE0000000000000; cvt.rn.f32.f64 %out0, w; }"] =
            (a, _, _) => (float)(a * 0.5),
        ["{ .reg .s32 i; cvt.rzi.s32.f32 i, %in0; mov.b32 %out0, i; }"] =
            (a, _, _) => Int32BitsToSingle((int)Whole(a, int.MinValue, int.MaxValue)),
        ["cvt.rzi.u32.f32 %out0, %in0;"] = (a, _, _) => UInt32BitsToSingle((uint)Whole(a, 0, uint.MaxValue)),
        ["setp.lt.f32 %p0, %in0, %in1; selp.f32 %out0, 1.0, 2.0, %p0;"] = (a, b, _) => a < b ? 1 : 2,
        ["setp.ltu.f32 %p0, %in0, %in1; selp.f32 %out0, 0f3F800000, 0f40000000, %p0;"] = (a, b, _) => !(a >= b) ? 1 : 2,
        ["setp.ne.f32 %p0, %in0, %in1; selp.f32 %out0, 1.0, 2.0, %p0;"] = (a, b, _) => a < b || a > b ? 1 : 2,
        ["setp.neu.f32 %p0, %in0, %in1; selp.f32 %out0, 1.0, 2.0, %p0;"] = (a, b, _) => a != b ? 1 : 2,
        ["setp.nan.f32 %p0, %in0, %in1; selp.f32 %out0, 1.0, 2.0, %p0;"] =
            (a, b, _) => float.IsNaN(a) || float.IsNaN(b) ? 1 : 2,
        ["testp.infinite.f32 %p0, %in0; selp.f32 %out0, 1.0, 2.0, %p0;"] = (a, _, _) => float.IsInfinity(a) ? 1 : 2,
    };

    public static TheoryData<string> IntegerForms => [.. Integers.Keys];

    public static TheoryData<string> RealForms => [.. Reals.Keys];

    [Theory]
    [MemberData(nameof(IntegerForms))]
    public void IntegerInstructionsDoAsTheirDefinition(string form)
    {
        uint[] output = Run(form, out uint[] inputs);
        for (int i = 0; i < output.Length / PtxSnippet.Outputs; i++)
        {
            ReadOnlySpan<uint> x = inputs.AsSpan(i * PtxSnippet.Inputs, 3);
            uint expected = Integers[form](x[0], x[1], x[2]);
            uint actual = output[i * PtxSnippet.Outputs];
            if (expected != actual)
                Assert.Fail($"{Name(x)}: {expected:x8} but {actual:x8}");
        }
    }

    [Theory]
    [MemberData(nameof(RealForms))]
    public void RealInstructionsDoAsTheirDefinition(string form)
    {
        uint[] output = Run(form, out uint[] inputs);
        for (int i = 0; i < output.Length / PtxSnippet.Outputs; i++)
        {
            ReadOnlySpan<uint> x = inputs.AsSpan(i * PtxSnippet.Inputs, 3);
            float expected = Reals[form](
                UInt32BitsToSingle(x[0]), UInt32BitsToSingle(x[1]), UInt32BitsToSingle(x[2]));
            float actual = UInt32BitsToSingle(output[i * PtxSnippet.Outputs]);
            bool same = SingleToUInt32Bits(expected) == SingleToUInt32Bits(actual)
                || (float.IsNaN(expected) && float.IsNaN(actual));
            if (!same)
                Assert.Fail($"{Name(x)}: {expected} but {actual}");
        }
    }

    /// <summary>Conversions for tensor cores, by their definition: the nearest representable value.</summary>
    [Fact]
    public void NarrowFormatsRoundToTheNearest()
    {
        float[] values =
            [0f, 1f, -1f, 1.00048828125f, 3.1415927f, -2.7182817f, 1e-3f, 6.5e4f, 1.00390625f, 1.01171875f];
        uint[] output = PtxSnippet.RunWarp(
            "cvt.rna.tf32.f32 %out0, %in0; cvt.rn.bf16x2.f32 %out1, %in0, %in1; cvt.rn.f16.f32 %h0, %in0; "
                + "mov.b32 %out2, {%h0, %h0};",
            (lane, i) => SingleToUInt32Bits(values[(lane + i) % values.Length]));
        for (int lane = 0; lane < values.Length; lane++)
        {
            uint bits = SingleToUInt32Bits(values[lane]);
            uint[] row = output[(lane * PtxSnippet.Outputs)..][..3];
            // Half a unit is added away from zero, then the bits are cut.
            Assert.Equal((bits + 0x1000) >> 13 << 13, row[0]);
            uint next = SingleToUInt32Bits(values[(lane + 1) % values.Length]);
            Assert.Equal((NearestEven(bits) << 16) | NearestEven(next), row[1]);
            Assert.Equal(HalfToUInt16Bits((Half)values[lane]), (ushort)row[2]);
        }
    }

    [Theory]
    [InlineData("add.f32.ftz %out0, %in0, %in1;")]
    [InlineData("add.rz.f32 %out0, %in0, %in1;")]
    [InlineData("add.s32 %out0, %d0, %in1;")]
    [InlineData("add.f32 %out0, %in0, 1;")]
    [InlineData("atom.global.add.f32 %out0, [%rdOut], %in0;")]
    [InlineData("wgmma.fence.sync.aligned;")]
    [InlineData("mov.u32 %tid.x, %in0;")]
    [InlineData("bra NOWHERE;")]
    [InlineData("mov.b32 %out0, %undeclared;")]
    [InlineData(".reg .b32 %in0; .reg .b32 a; .reg .b32 a;")]
    public void WhatIsNotUnderstoodIsRefused(string body) =>
        Assert.Throws<PtxSyntaxException>(() => PtxKernel.Parse(PtxSnippet.Text(body)));

    private static uint NearestEven(uint bits)
    {
        uint down = bits & 0xFFFF_0000;
        uint rest = bits & 0xFFFF;
        bool up = rest > 0x8000 || (rest == 0x8000 && (bits & 0x1_0000) != 0);
        return (down >> 16) + (up ? 1u : 0);
    }

    private static double Whole(float x, double low, double high) =>
        float.IsNaN(x) ? 0 : Math.Clamp(Math.Truncate((double)x), low, high);

    private static string Name(ReadOnlySpan<uint> x) => $"{x[0]:x8} {x[1]:x8} {x[2]:x8}";

    private static uint[] Run(string form, out uint[] inputs)
    {
        int n = Values.Length;
        inputs = new uint[n * n * n * PtxSnippet.Inputs];
        for (int i = 0; i < n * n * n; i++)
        {
            inputs[i * PtxSnippet.Inputs] = Values[i % n];
            inputs[(i * PtxSnippet.Inputs) + 1] = Values[i / n % n];
            inputs[(i * PtxSnippet.Inputs) + 2] = Values[i / n / n];
        }

        return PtxSnippet.Run(form, inputs, 128, n * n * n / 128);
    }
}

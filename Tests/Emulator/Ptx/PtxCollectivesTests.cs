using Xunit;
using static System.BitConverter;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Warp-wide instructions: shuffles, votes, ldmatrix, and mma against the plain product of matrices.</summary>
public sealed class PtxCollectivesTests
{
    [Theory]
    [InlineData("bfly", 5u, 0x1Fu)]
    [InlineData("down", 3u, 0x1Fu)]
    [InlineData("up", 3u, 0x0u)]
    [InlineData("idx", 9u, 0x1Fu)]
    [InlineData("down", 2u, 0x181Fu)]
    public void ShufflesTakeTheNamedLane(string mode, uint b, uint c)
    {
        uint[] output = PtxSnippet.RunWarp(
            $"shfl.sync.{mode}.b32 %out0|%p0, %in0, {b}, {c}, 0xFFFFFFFF; selp.b32 %out1, 1, 0, %p0;",
            (lane, _) => (uint)(100 + lane));
        int segment = c > 31 ? 8 : 32;
        for (int lane = 0; lane < 32; lane++)
        {
            int source = mode switch
            {
                "bfly" => lane ^ (int)b,
                "down" => lane + (int)b,
                "up" => lane - (int)b,
                _ => (int)b,
            };
            bool inside = source >= lane / segment * segment && source < (lane / segment * segment) + segment;
            Assert.Equal((uint)(100 + (inside ? source : lane)), output[lane * PtxSnippet.Outputs]);
            Assert.Equal(inside ? 1u : 0, output[(lane * PtxSnippet.Outputs) + 1]);
        }
    }

    [Fact]
    public void VotesCountTheLanes()
    {
        uint[] output = PtxSnippet.RunWarp(
            "setp.eq.u32 %p0, %in0, 1; vote.sync.ballot.b32 %out0, %p0, -1; vote.sync.any.pred %p1, !%p0, -1; "
                + "selp.b32 %out1, 1, 0, %p1;",
            (lane, _) => lane % 3 == 0 ? 1u : 0);
        uint expected = 0;
        for (int lane = 0; lane < 32; lane += 3)
            expected |= 1u << lane;
        Assert.All(Enumerable.Range(0, 32), lane => Assert.Equal(expected, output[lane * PtxSnippet.Outputs]));
        Assert.Equal(1u, output[1]);
    }

    /// <summary>Lanes that diverge and reconverge take part in the same collective.</summary>
    [Fact]
    public void DivergedLanesMeetAgain()
    {
        uint[] output = PtxSnippet.RunWarp(
            """
            setp.lt.u32 %p0, %in0, 13;
                @%p0 bra LOW;
                add.u32 %t3, %in0, 1000;
                bra.uni BOTH;
                LOW: add.u32 %t3, %in0, 2000;
                BOTH: shfl.sync.idx.b32 %out0, %t3, 20, 31, -1;
                shfl.sync.idx.b32 %out1, %t3, 4, 31, -1;
            """,
            (lane, _) => (uint)lane);
        Assert.All(Enumerable.Range(0, 32), lane =>
        {
            Assert.Equal(1020u, output[lane * PtxSnippet.Outputs]);
            Assert.Equal(2004u, output[(lane * PtxSnippet.Outputs) + 1]);
        });
    }

    [Fact]
    public void DivergedLanesAtACollectiveAreNamed()
    {
        var fault = Assert.Throws<PtxFaultException>(() => PtxSnippet.RunWarp(
            "setp.lt.u32 %p0, %in0, 13; @%p0 bra OUT; shfl.sync.idx.b32 %out0, %in0, 20, 31, -1; bra.uni OUT2; "
                + "OUT: bar.sync 0; OUT2:",
            (lane, _) => (uint)lane));
        Assert.Contains("lanes ffffe000", fault.Message, StringComparison.Ordinal);
        Assert.Contains("lanes 00001fff stand at a barrier", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadedMatricesLieAsTheIsaDraws(bool transposed)
    {
        // Four 8 x 8 matrices, rows of 16 bytes; element (row, column) of matrix m holds m 1000 + row 10 + column.
        string trans = transposed ? ".trans" : "";
        uint[] output = PtxSnippet.RunWarp(
            $$"""
            mov.u32 %t3, tile;
                mov.u32 %t4, %laneid;
                mad.lo.u32 %t3, %t4, 16, %t3;
                st.shared.v4.b32 [%t3], {%in0, %in1, %in2, %in3};
                bar.sync 0;
                ldmatrix.sync.aligned.m8n8.x4{{trans}}.shared.b16 {%out0, %out1, %out2, %out3}, [%t3];
            """,
            (lane, i) => Element(lane, 2 * i) | (Element(lane, (2 * i) + 1) << 16));
        for (int lane = 0; lane < 32; lane++)
        {
            for (int m = 0; m < 4; m++)
            {
                int major = lane / 4;
                int minor = lane % 4 * 2;
                uint low = transposed ? Element((m * 8) + minor, major) : Element((m * 8) + major, minor);
                uint high = transposed ? Element((m * 8) + minor + 1, major) : Element((m * 8) + major, minor + 1);
                Assert.Equal(low | (high << 16), output[(lane * PtxSnippet.Outputs) + m]);
            }
        }

        static uint Element(int row, int column) => (uint)((row / 8 * 1000) + (row % 8 * 10) + column) & 0xFFFF;
    }

    /// <summary>Fragments are filled by the formulas of the ISA; rows, columns and k all differ in scale.</summary>
    [Theory]
    [InlineData("tf32", 4)]
    [InlineData("tf32", 8)]
    [InlineData("bf16", 8)]
    [InlineData("bf16", 16)]
    [InlineData("f16", 16)]
    public void ProductsOfFragmentsAreProductsOfMatrices(string type, int k)
    {
        bool single = type == "tf32";
        int registersA = single ? k / 2 : k / 4;
        int registersB = registersA / 2;
        string a = string.Join(", ", Enumerable.Range(0, registersA).Select(i => $"%in{i}"));
        string b = string.Join(", ", Enumerable.Range(4, registersB).Select(i => $"%in{i}"));
        uint[] output = PtxSnippet.RunWarp(
            $"mma.sync.aligned.m16n8k{k}.row.col.f32.{type}.{type}.f32 {{%out0, %out1, %out2, %out3}}, "
                + $"{{{a}}}, {{{b}}}, {{%in6, %in7, %in8, %in9}};",
            Fragment);
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane / 4) + (i < 2 ? 0 : 8);
                int column = (lane % 4 * 2) + (i & 1);
                double expected = C(row, column);
                for (int at = 0; at < k; at++)
                    expected += A(row, at) * B(at, column);
                Assert.Equal(expected, UInt32BitsToSingle(output[(lane * PtxSnippet.Outputs) + i]));
            }
        }

        uint Fragment(int lane, int i)
        {
            int group = lane / 4;
            int thread = lane % 4;
            if (i is >= 6 and < 10)
                return SingleToUInt32Bits((float)C(group + (i - 6 < 2 ? 0 : 8), (thread * 2) + (i & 1)));
            if (i >= 4)
            {
                return single
                    ? Tensor(B(thread + (4 * (i - 4)), group))
                    : Pair(n => B((thread * 2) + n + (8 * (i - 4)), group));
            }

            int row = group + (i % 2 == 0 ? 0 : 8);
            return single
                ? Tensor(A(row, thread + (i < 2 ? 0 : 4)))
                : Pair(n => A(row, (thread * 2) + n + (i < 2 ? 0 : 8)));
        }

        uint Pair(Func<int, double> value) => Half16(value(0)) | (Half16(value(1)) << 16);

        uint Half16(double value) => type == "bf16"
            ? SingleToUInt32Bits((float)value) >> 16
            : HalfToUInt16Bits((Half)value);

        // Low bits that the tensor core must ignore.
        static uint Tensor(double value) => SingleToUInt32Bits((float)value) | 0x1FFF;
        // Small integers, exact in every type, and no symmetric matrix.
        static double A(int row, int at) => (row * 3) - (at * 2) + (row * at % 5);
        static double B(int at, int column) => (column * 5) - at + (at * column % 7);
        static double C(int row, int column) => (row * 100) - column;
    }
}

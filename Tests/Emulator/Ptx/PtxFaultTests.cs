using Xunit;

namespace Gqn.Native.Tests.Ptx;

/// <summary>What gives an error on a GPU, or worse, wrong numbers, is a fault that says where.</summary>
public sealed class PtxFaultTests
{
    /// <summary>The address of this lane's word of the tile in %t3, of the next lane's in %t4.</summary>
    private const string Words =
        "mov.u32 %t5, %tid.x; shl.b32 %t5, %t5, 2; mov.u32 %t3, tile; add.u32 %t3, %t3, %t5; "
        + "add.u32 %t4, %t5, 4; and.b32 %t4, %t4, 127; add.u32 %t4, %t4, tile; ";

    /// <summary>16 bytes per lane in %t3, the next lane's in %t4.</summary>
    private const string Rows =
        "mov.u32 %t5, %tid.x; shl.b32 %t5, %t5, 4; mov.u32 %t3, tile; add.u32 %t3, %t3, %t5; "
        + "add.u32 %t4, %t5, 16; and.b32 %t4, %t4, 511; add.u32 %t4, %t4, tile; ";

    [Theory]
    [InlineData("ld.global.b32 %out0, [%rdIn+100000];", "outside|as seen from the nearest block")]
    [InlineData("st.global.b32 [%rdOut-600], %in0;", "byte -600")]
    [InlineData("ld.global.v4.b32 {%out0, %out1, %out2, %out3}, [%rdIn+4];", "misaligned")]
    [InlineData("ld.shared.b32 %out0, [tile+4096];", "outside 1024..5119")]
    [InlineData("ld.shared.b32 %out0, [64];", "outside")]
    [InlineData("mov.u32 %t3, tile; ld.shared.v2.b32 {%out0, %out1}, [%t3+4];", "misaligned")]
    [InlineData("st.local.b32 [depot+64], %in0;", "beyond its 64 bytes")]
    [InlineData(Words + "cp.async.ca.shared.global [%t3+2], [%rdIn], 4;", "misaligned")]
    [InlineData(Words + "cp.async.cg.shared.global [tile], [%rdIn+4], 16;", "misaligned")]
    [InlineData(Words + "cp.async.ca.shared.global [%t3], [%rdIn], 4, 8;", "source size of 8")]
    [InlineData("LOOP: add.u32 %t3, %t3, 1; bra LOOP;", "never ends")]
    [InlineData("mov.u32 %t3, %tid.x; setp.gt.u32 %p0, %t3, 3; @%p0 bra OTHER; bar.sync 0; bra.uni OUT; "
        + "OTHER: bar.sync 0; OUT:", "another bar.sync")]
    [InlineData("mov.u32 %t3, %tid.x; setp.gt.u32 %p0, %t3, 3; @%p0 ret; ldmatrix.sync.aligned.m8n8.x1.shared.b16 "
        + "{%out0}, [tile];", "have exited")]
    [InlineData("bar.sync 1, 64;", "waits for ever")]
    [InlineData("shfl.sync.idx.b32 %out0, %in0, 9, 31, 0xFF;", "names other member lanes")]
    [InlineData(Words + "st.shared.b32 [%t3], %in0; ld.shared.b32 %out0, [%t4];", "wrote since the last barrier")]
    [InlineData(Words + "ld.shared.b32 %out0, [%t4]; st.shared.b32 [%t3], %in0;", "read since the last barrier")]
    [InlineData(Words + "st.shared.b32 [tile], %in0;", "wrote since the last barrier")]
    [InlineData(Rows + "cp.async.cg.shared.global [%t3], [%rdIn], 16; cp.async.commit_group; "
        + "ld.shared.b32 %out0, [%t3];", "still under way")]
    [InlineData(Rows + "cp.async.cg.shared.global [%t3], [%rdIn], 16; cp.async.commit_group; bar.sync 0; "
        + "cp.async.wait_group 1; ld.shared.b32 %out0, [%t3];", "still under way")]
    [InlineData(Rows + "cp.async.cg.shared.global [%t3], [%rdIn], 16; cp.async.wait_group 0; "
        + "ld.shared.b32 %out0, [%t3];", "still under way")]
    [InlineData(Rows + "cp.async.cg.shared.global [%t3], [%rdIn], 16; cp.async.wait_all; ld.shared.b32 %out0, [%t4];",
        "wrote since the last barrier")]
    [InlineData(Rows + "ld.shared.b32 %out0, [%t4]; cp.async.cg.shared.global [%t3], [%rdIn], 16; ",
        "read since the last barrier")]
    [InlineData(Rows + "st.shared.b32 [%t3], %in0; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%out0}, [%t4];",
        "wrote since the last barrier")]
    public void WrongUseOfMemoryAndBarriersIsFound(string body, string message)
    {
        using var memory = new PtxMemory();
        var kernel = PtxKernel.Parse(PtxSnippet.Text(body));
        kernel.InstructionLimit = 100_000;
        var fault = Assert.Throws<PtxFaultException>(() => kernel.Run(
            memory, new Dim3(1), new Dim3(32), 0,
            PtxMemory.Address(memory.Allocate(new float[32 * PtxSnippet.Inputs])),
            PtxMemory.Address(memory.Allocate(32 * PtxSnippet.Outputs))));
        Assert.Contains(message.Split('|')[^1], fault.Message, StringComparison.Ordinal);
        Assert.Contains("PTX line", fault.Message, StringComparison.Ordinal);
        Assert.Contains("of block (0,0,0)", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>The same accesses in the right order pass: no false alarm.</summary>
    [Theory]
    [InlineData(Words + "st.shared.b32 [%t3], %in0; bar.sync 0; ld.shared.b32 %out0, [%t4];")]
    [InlineData(Words + "st.shared.b32 [%t3], %in0; bar.warp.sync -1; ld.shared.b32 %out0, [%t4];")]
    [InlineData(Words + "st.shared.b32 [%t3], 7; ld.shared.b32 %out1, [%t3]; bar.sync 0; ld.shared.b32 %out0, [%t4]; "
        + "bar.sync 0; st.shared.b32 [%t3], %in0; bar.sync 0; ld.shared.b32 %out0, [%t4];")]
    [InlineData(Words + "cp.async.ca.shared.global [%t3], [%rdIn], 4; cp.async.commit_group; "
        + "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %out0, [%t4];")]
    [InlineData(Words + "cp.async.ca.shared.global [%t3], [%rdIn], 4; cp.async.commit_group; "
        + "cp.async.ca.shared.global [%t3+1024], [%rdIn], 4; cp.async.commit_group; cp.async.wait_group 1; "
        + "bar.sync 0; ld.shared.b32 %out0, [%t4];")]
    [InlineData(Words + "setp.lt.u32 %p0, %t5, 64; @%p0 bra LOW; st.shared.b32 [%t3], %in0; bra.uni MEET; "
        + "LOW: st.shared.b32 [%t3], %in0; MEET: bar.sync 0; ld.shared.b32 %out0, [%t4];")]
    public void ValuesCrossFromLaneToLaneOverABarrier(string body)
    {
        uint[] output = PtxSnippet.RunWarp(body, (lane, _) => (uint)(500 + lane));
        for (int lane = 0; lane < 32; lane++)
            Assert.Equal((uint)(500 + ((lane + 1) % 32)), output[lane * PtxSnippet.Outputs]);
    }

    /// <summary>Unwritten memory is not zero, but a source size of zero gives zeros.</summary>
    [Fact]
    public void UnwrittenMemoryIsNotANumberAndMissingSourcesAreZero()
    {
        uint[] output = PtxSnippet.RunWarp(
            Rows + "ld.shared.b32 %out0, [%t3]; cp.async.cg.shared.global [%t3], [%rdIn], 16, 4; cp.async.wait_all; "
                + "ld.shared.b32 %out1, [%t3]; ld.shared.b32 %out2, [%t3+4]; mov.b32 %out3, %t6;",
            (lane, _) => (uint)lane);
        for (int lane = 0; lane < 32; lane++)
        {
            uint[] row = output[(lane * PtxSnippet.Outputs)..][..4];
            Assert.Equal([PtxMemory.Poison, (uint)lane, 0u, PtxMemory.Poison], row);
        }

        Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle(PtxMemory.Poison)));
    }

    /// <summary>Integer atomics of all lanes accumulate, in shared and global memory alike.</summary>
    [Fact]
    public void AtomicsLoseNoUpdate()
    {
        uint[] output = PtxSnippet.RunWarp(
            """
            mov.u32 %t5, %tid.x; setp.eq.u32 %p0, %t5, 0; @%p0 st.shared.b32 [tile], 5; bar.sync 0;
                atom.shared.add.u32 %out0, [tile], %in0; red.shared.max.s32 [tile+4], -7; bar.sync 0;
                atom.shared.cas.b32 %out2, [tile+8], 1, 2;
                ld.shared.b32 %out1, [tile];
            """,
            (thread, _) => (uint)thread, threads: 64);
        Assert.Equal(5u + (63 * 64 / 2), output[1]);
        // Each lane saw the sum of those before it, in whatever order: all different except for the lane that adds 0.
        Assert.True(Enumerable.Range(0, 64).Select(i => output[i * PtxSnippet.Outputs]).Distinct().Count() >= 63);
        Assert.Equal(PtxMemory.Poison, output[2]);
    }

    /// <summary>A numbered barrier with a count holds back the warps that name it, and no others.</summary>
    [Fact]
    public void NumberedBarriersHoldTheirOwnWarps()
    {
        uint[] output = PtxSnippet.RunWarp(
            """
            mov.u32 %t5, %tid.x; shl.b32 %t3, %t5, 2; mov.u32 %t4, tile; add.u32 %t3, %t3, %t4;
                setp.ge.u32 %p0, %t5, 64; @%p0 bra LAST;
                st.shared.b32 [%t3], %in0; bar.sync 3, 64;
                xor.b32 %t6, %t5, 63; shl.b32 %t6, %t6, 2; add.u32 %t6, %t6, %t4; ld.shared.b32 %out0, [%t6];
                LAST: bar.sync 0;
            """,
            (thread, _) => (uint)(thread + 7), threads: 96);
        Assert.All(Enumerable.Range(0, 64), thread =>
            Assert.Equal((uint)((thread ^ 63) + 7), output[thread * PtxSnippet.Outputs]));
    }

    /// <summary>Barriers synchronise several warps; threads that have exited are not waited for.</summary>
    [Fact]
    public void BarriersJoinTheWarpsOfABlock()
    {
        uint[] output = PtxSnippet.RunWarp(
            """
            mov.u32 %t5, %tid.x; setp.ge.u32 %p0, %t5, 96; @%p0 ret;
                shl.b32 %t3, %t5, 2; mov.u32 %t4, tile; add.u32 %t3, %t3, %t4; st.shared.b32 [%t3], %in0;
                bar.sync 0;
                sub.u32 %t6, 95, %t5; shl.b32 %t6, %t6, 2; add.u32 %t6, %t6, %t4; ld.shared.b32 %out0, [%t6];
            """,
            (thread, _) => (uint)(thread * thread), threads: 128);
        Assert.All(Enumerable.Range(0, 96), thread =>
            Assert.Equal((uint)((95 - thread) * (95 - thread)), output[thread * PtxSnippet.Outputs]));
    }
}

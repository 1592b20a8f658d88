using Gqn.Native.Kernels.Random;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Kernels written in C#, compiled by ILGPU as for a GPU and run by the interpreter.</summary>
public sealed class PtxKernelTests
{
    private enum Level : byte
    {
        Low = 3,
        High = 5,
    }

    [Fact]
    public void ArgumentsArriveWhereTheKernelReadsThem()
    {
        using var memory = new PtxMemory();
        var args = new MixedArgs
        {
            Small = 7,
            Inner = new InnerArgs
            {
                Tag = 9,
                Scale = 0.5f,
                Values = memory.Allocate([1f, 2f, 3f, 4f, 5f]),
                Offset = -2,
            },
            Flag = true,
            Level = Level.High,
            Result = memory.Allocate(5),
            Big = 1L << 40,
            Address = 123456789,
            Half = 300,
        };
        PtxKernel.Compile(((Action<Index1D, MixedArgs>)MixedKernel).Method, implicitlyGrouped: true)
            .Run(memory, 5, 32, args);
        for (int i = 0; i < 5; i++)
        {
            float expected = ((i + 1) * 0.5f) + 7 + 9 - 2 + 5 + 1 + 89 + 300 + 5;
            Assert.Equal(expected, PtxMemory.Values(args.Result)[i]);
        }
    }

    [Fact]
    public void ReductionsOverSharedMemoryAreSummedInTheirOrder()
    {
        using var memory = new PtxMemory();
        float[] values = [.. Enumerable.Range(0, 128 * 6).Select(i => MathF.Sin(i) * (i + 1))];
        var args = new SumArgs { Values = memory.Allocate(values), Sums = memory.Allocate(6) };
        var kernel = PtxKernel.Compile(((Action<SumArgs>)SumKernel).Method, implicitlyGrouped: false);
        kernel.Run(memory, new Dim3(6), new Dim3(128), 0, args);
        for (int block = 0; block < 6; block++)
        {
            float[] tree = values[(block * 128)..][..128];
            for (int half = 64; half > 0; half /= 2)
            {
                for (int i = 0; i < half; i++)
                    tree[i] += tree[i + half];
            }

            Assert.Equal(tree[0], PtxMemory.Values(args.Sums)[block]);
        }

        Assert.True(kernel.Executed > 128 * 6 * 20);
    }

    [Fact]
    public void AForgottenBarrierIsFound()
    {
        using var memory = new PtxMemory();
        var args = new SumArgs { Values = memory.Allocate(new float[128]), Sums = memory.Allocate(1) };
        var kernel = PtxKernel.Compile(((Action<SumArgs>)SumKernel).Method, implicitlyGrouped: false);
        int barrier = kernel.Text.LastIndexOf("bar.sync", StringComparison.Ordinal);
        string broken = kernel.Text.Remove(barrier, "bar.sync\t0;".Length);
        var fault = Assert.Throws<PtxFaultException>(
            () => PtxKernel.Parse(broken).Run(memory, new Dim3(1), new Dim3(128), 0, args));
        Assert.Contains("since the last barrier", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheGuardOfAnImplicitlyGroupedKernelHoldsItInside()
    {
        using var memory = new PtxMemory();
        var args = new SumArgs { Values = memory.Allocate(new float[70]), Sums = memory.Allocate(70) };
        var kernel = PtxKernel.Compile(((Action<Index1D, SumArgs>)CopyKernel).Method, implicitlyGrouped: true);
        kernel.Run(memory, 70, 32, args);
        Assert.Throws<PtxFaultException>(() => kernel.Run(memory, 71, 32, args));
    }

    [Fact]
    public void DynamicSharedMemoryIsAsLongAsTheLaunchSays()
    {
        using var memory = new PtxMemory();
        float[] values = [.. Enumerable.Range(0, 64).Select(i => i * 1.5f)];
        var args = new SumArgs { Values = memory.Allocate(values), Sums = memory.Allocate(64) };
        var kernel = PtxKernel.Compile(((Action<SumArgs>)ReverseKernel).Method, implicitlyGrouped: false);
        kernel.Run(memory, new Dim3(1), new Dim3(64), 256, args);
        Assert.Equal(values.Reverse(), PtxMemory.Values(args.Sums).ToArray());
        Assert.Throws<PtxFaultException>(() => kernel.Run(memory, new Dim3(1), new Dim3(64), 252, args));
        Assert.Throws<ArgumentException>(() => kernel.Run(memory, new Dim3(1), new Dim3(64), 1 << 20, args));
        Assert.Throws<ArgumentException>(() => kernel.Run(memory, new Dim3(1), new Dim3(2048), 256, args));
        Assert.Throws<ArgumentException>(() => kernel.Run(memory, new Dim3(1), new Dim3(64), 256, args, 1));
        Assert.Throws<ArgumentException>(() => kernel.Run(memory, new Dim3(1), new Dim3(64), 256, 1f));
    }

    [Fact]
    public void LaunchBoundsAreKept()
    {
        using var memory = new PtxMemory();
        var args = new SumArgs { Values = memory.Allocate(128), Sums = memory.Allocate(1) };
        var kernel = PtxKernel.Compile(
            ((Action<SumArgs>)SumKernel).Method, implicitlyGrouped: false, new KernelSpecialization(64, null));
        Assert.Throws<ArgumentException>(() => kernel.Run(memory, new Dim3(1), new Dim3(128), 0, args));
    }

    /// <summary>Worst approximations are off by exactly their bound, and only if an instruction says .approx.</summary>
    [Fact]
    public void ApproximationsErrOnDemand()
    {
        using var memory = new PtxMemory();
        float[] inputs = [.. Enumerable.Range(0, 32 * PtxSnippet.Inputs).Select(i => 0.3f + (i * 0.01f))];
        var output = memory.Allocate(32 * PtxSnippet.Outputs);
        PtxKernel.Parse(
            PtxSnippet.Text("ex2.approx.f32 %out0, %in0; lg2.approx.f32 %out1, %in0; sqrt.rn.f32 %out2, %in0;"),
            worstApproximations: true).Run(
            memory, new Dim3(1), new Dim3(32), 0, PtxMemory.Address(memory.Allocate(inputs)), PtxMemory.Address(output));
        int up = 0;
        for (int i = 0; i < 32; i++)
        {
            float x = inputs[i * PtxSnippet.Inputs];
            var row = PtxMemory.Values(output).Slice(i * PtxSnippet.Outputs, PtxSnippet.Outputs);
            double power = (row[0] / Math.Pow(2, x)) - 1;
            Assert.InRange(Math.Abs(power), 1.5e-7, 3.2e-7);
            up += power > 0 ? 1 : 0;
            if (x is > 0.5f and < 2)
                Assert.InRange(Math.Abs(row[1] - Math.Log2(x)), 1.7e-7, 3.2e-7);
            Assert.Equal(MathF.Sqrt(x), row[2]);
        }

        Assert.InRange(up, 4, 28);
    }

    /// <summary>Just below 1 a logarithm that errs as far as the ISA allows is above 0 for some numbers.</summary>
    [Fact]
    public void NoiseIsFiniteHoweverTheLogarithmErrs()
    {
        using var memory = new PtxMemory();
        float[] uniform = [.. Enumerable.Range(0, 32).Select(i => 1 - (i / (float)(1 << 24)))];
        var logarithms = memory.Allocate(32 * PtxSnippet.Outputs);
        float[] inputs = [.. uniform.SelectMany(u => Enumerable.Repeat(u, PtxSnippet.Inputs))];
        PtxKernel.Parse(PtxSnippet.Text("lg2.approx.f32 %out0, %in0;"), worstApproximations: true).Run(
            memory, new Dim3(1), new Dim3(32), 0, PtxMemory.Address(memory.Allocate(inputs)),
            PtxMemory.Address(logarithms));
        Assert.Contains(
            Enumerable.Range(0, 32), i => PtxMemory.Values(logarithms)[i * PtxSnippet.Outputs] > 0);

        var args = new SumArgs { Values = memory.Allocate(uniform), Sums = memory.Allocate(32) };
        PtxKernel.Compile(((Action<Index1D, SumArgs>)RadiusKernel).Method, true, worstApproximations: true)
            .Run(memory, 32, 32, args);
        float[] radii = PtxMemory.Values(args.Sums).ToArray();
        for (int i = 0; i < 32; i++)
            Assert.InRange(radii[i], 0f, Math.Sqrt(2 * i / (double)(1 << 24)) + 1e-3);
    }

    /// <summary>Requests by hand: 4 sectors for 32 adjacent words, 32 for words a column apart; banks alike.</summary>
    [Theory]
    [InlineData(4, 4, 1, 0)]
    [InlineData(8, 8, 1, 1)]
    [InlineData(128, 32, 1, 31)]
    [InlineData(132, 32, 1, 0)]
    [InlineData(0, 1, 1, 0)]
    public void RequestsToMemoryAreCounted(int stride, int sectors, int rounds, int conflicts)
    {
        using var memory = new PtxMemory();
        var kernel = PtxKernel.Parse($$"""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry Strided(.param .u64 input)
            {
                .shared .align 16 .b8 tile[8192];
                .reg .b32 %r<4>; .reg .b64 %d<3>;
                ld.param.u64 %d0, [input];
                mov.u32 %r0, %tid.x;
                mad.wide.u32 %d1, %r0, {{stride}}, %d0;
                ld.global.b32 %r1, [%d1];
                mov.u32 %r2, tile;
                mad.lo.u32 %r2, %r0, {{stride}}, %r2;
                ld.shared.b32 %r3, [%r2];
                ret;
            }
            """);
        kernel.CountsRequests = true;
        kernel.Run(memory, new Dim3(1), new Dim3(32), 0, PtxMemory.Address(memory.Allocate(2048)));
        Assert.Equal((1, sectors), (kernel.Counters.GlobalRequests, kernel.Counters.GlobalSectors));
        Assert.Equal((rounds, conflicts), (kernel.Counters.SharedRounds, kernel.Counters.SharedConflicts));
    }

    /// <summary>The assembly of the tensor-core kernels: their own registers, cp.async, ldmatrix, mma.</summary>
    [Fact]
    public void InlineAssemblyMultipliesMatrices()
    {
        using var memory = new PtxMemory();
        float[] a = [.. Enumerable.Range(0, 16 * 8).Select(i => (i % 11) - 3f)];
        float[] b = [.. Enumerable.Range(0, 8 * 8).Select(i => (i % 7) - (i % 3) + 0.5f)];
        var result = memory.Allocate(16 * 8);
        var args = new ProductArgs
        {
            Result = result,
            A = PtxMemory.Address(memory.Allocate(a)),
            B = PtxMemory.Address(memory.Allocate(b)),
        };
        PtxKernel.Compile(((Action<ProductArgs>)ProductKernel).Method, implicitlyGrouped: false)
            .Run(memory, new Dim3(1), new Dim3(32), 0, args);
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                float expected = Enumerable.Range(0, 8).Sum(k => a[(row * 8) + k] * b[(column * 8) + k]);
                Assert.Equal(expected, PtxMemory.Values(result)[(row * 8) + column]);
            }
        }
    }

    private static void MixedKernel(Index1D i, MixedArgs a) => a.Result[i] =
        (a.Inner.Values[i] * a.Inner.Scale) + a.Small + a.Inner.Tag + a.Inner.Offset + (int)a.Level
        + (a.Flag ? 1f : 0f) + (int)(a.Address % 100) + a.Half + (a.Big == 1L << 40 ? 5f : 0f);

    private static void CopyKernel(Index1D i, SumArgs a) => a.Sums[i] = a.Values[i];

    private static void RadiusKernel(Index1D i, SumArgs a) => a.Sums[i] = Philox.Radius(a.Values[i]);

    private static void ReverseKernel(SumArgs a)
    {
        var tile = SharedMemory.GetDynamic<float>();
        int i = Group.IdxX;
        tile[i] = a.Values[i];
        Group.Barrier();
        a.Sums[i] = tile[63 - i];
    }

    private static void SumKernel(SumArgs a)
    {
        var tile = SharedMemory.Allocate<float>(128);
        int i = Group.IdxX;
        tile[i] = a.Values[(Grid.IdxX * 128) + i];
        Group.Barrier();
        for (int half = 64; half > 0; half >>= 1)
        {
            if (i < half)
                tile[i] += tile[i + half];
            Group.Barrier();
        }

        if (i == 0)
            a.Sums[Grid.IdxX] = tile[0];
    }

    private static void ProductKernel(ProductArgs a)
    {
        // 16 rows of A and 8 of B, 32 bytes each; one lane copies half a row, 24 rows in two rounds.
        var tile = SharedMemory.Allocate<float>(24 * 8);
        int lane = Group.IdxX;
        CudaAsm.Emit(".reg .f32 acc<4>; .reg .b32 fa<4>; .reg .b32 fb<2>; .reg .u32 base;");
        CudaAsm.Emit("mov.u32 base, __shared_alloca0;");
        CudaAsm.Emit("mov.f32 acc0, 0f00000000; mov.f32 acc1, acc0; mov.f32 acc2, acc0; mov.f32 acc3, acc0;");
        CudaAsm.Emit(
            "{ .reg .u32 t; add.u32 t, base, %0; cp.async.cg.shared.global [t], [%1], 16; }",
            (uint)lane * 16u, a.A + ((ulong)lane * 16ul));
        CudaAsm.Emit(
            "{ .reg .u32 t; .reg .pred p; setp.lt.u32 p, %0, 256; add.u32 t, base, %0; @p cp.async.cg.shared.global "
            + "[t+512], [%1], 16; }", (uint)lane * 16u, a.B + ((ulong)lane * 16ul));
        CudaAsm.Emit("cp.async.commit_group;");
        CudaAsm.Emit("cp.async.wait_group 0;");
        Group.Barrier();
        // As 16-bit pairs, ldmatrix delivers words: lane 4 g + t gets word t of row g.
        uint row = ((uint)(lane & 15) * 32u) + ((uint)(lane >> 4) * 16u);
        CudaAsm.Emit(
            "{ .reg .u32 t; add.u32 t, base, %0; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {fa0, fa1, fa2, fa3}, [t]; }",
            row);
        uint column = 512u + ((uint)(lane & 7) * 32u) + ((uint)((lane >> 3) & 1) * 16u);
        CudaAsm.Emit(
            "{ .reg .u32 t; add.u32 t, base, %0; ldmatrix.sync.aligned.m8n8.x2.shared.b16 {fb0, fb1}, [t]; }", column);
        CudaAsm.Emit(
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {acc0,acc1,acc2,acc3}, {fa0,fa1,fa2,fa3}, {fb0,fb1}, "
            + "{acc0,acc1,acc2,acc3};");
        Group.Barrier();
        uint target = ((uint)(lane >> 2) * 32u) + ((uint)(lane & 3) * 8u);
        CudaAsm.Emit("{ .reg .u32 t; add.u32 t, base, %0; st.shared.v2.f32 [t], {acc0, acc1}; "
            + "st.shared.v2.f32 [t+256], {acc2, acc3}; }", target);
        Group.Barrier();
        for (int i = lane; i < 128; i += 32)
            a.Result[i] = tile[i];
    }

    private struct MixedArgs
    {
        public byte Small;
        public InnerArgs Inner;
        public bool Flag;
        public Level Level;
        public ArrayView<float> Result;
        public long Big;
        public ulong Address;
        public ushort Half;
    }

    private struct InnerArgs
    {
        public byte Tag;
        public float Scale;
        public ArrayView<float> Values;
        public int Offset;
    }

    private struct SumArgs
    {
        public ArrayView<float> Values;
        public ArrayView<float> Sums;
    }

    private struct ProductArgs
    {
        public ArrayView<float> Result;
        public ulong A;
        public ulong B;
    }
}

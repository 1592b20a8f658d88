using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// A few lines of PTX embedded in a kernel: each thread reads %in0..%in11 from its row of the input and writes
/// %out0..%out3 to its row of the output. There are 4 KB of shared memory named tile, and scratch registers.
/// </summary>
internal static class PtxSnippet
{
    public const int Inputs = 12;
    public const int Outputs = 4;

    public static uint[] Run(string body, ReadOnlySpan<uint> inputs, int threads, int blocks = 1)
    {
        using var memory = new PtxMemory();
        var input = memory.Allocate(MemoryMarshal.Cast<uint, float>(inputs));
        var output = memory.Allocate(threads * blocks * Outputs);
        PtxKernel.Parse(Text(body)).Run(
            memory, new Dim3(blocks), new Dim3(threads), 0, PtxMemory.Address(input), PtxMemory.Address(output));
        return MemoryMarshal.Cast<float, uint>(PtxMemory.Values(output)).ToArray();
    }

    /// <summary>Runs one warp whose lanes get the rows of inputs that the function makes.</summary>
    public static uint[] RunWarp(string body, Func<int, int, uint> input, int threads = 32)
    {
        uint[] inputs = new uint[threads * Inputs];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = input(i / Inputs, i % Inputs);
        return Run(body, inputs, threads);
    }

    public static string Text(string body)
    {
        string loads = string.Concat(Enumerable.Range(0, Inputs).Select(
            i => $"\n    ld.global.b32 %in{i}, [%rdIn+{i * 4}];"));
        string stores = string.Concat(Enumerable.Range(0, Outputs).Select(
            i => $"\n    st.global.b32 [%rdOut+{i * 4}], %out{i};"));
        return $$"""
            .version 8.0
            .target sm_80
            .address_size 64
            .visible .entry Snippet(.param .u64 input, .param .u64 output)
            {
                .shared .align 16 .b8 tile[4096];
                .local .align 8 .b8 depot[64];
                .reg .b32 %in<{{Inputs}}>; .reg .b32 %out<{{Outputs}}>; .reg .b32 %t<8>;
                .reg .b16 %h<4>; .reg .f32 %f<4>;
                .reg .b64 %rdIn, %rdOut; .reg .b64 %d<4>; .reg .f64 %fd<4>; .reg .pred %p<4>;
                mov.u32 %t0, %ctaid.x;
                mov.u32 %t1, %ntid.x;
                mov.u32 %t2, %tid.x;
                mad.lo.u32 %t0, %t0, %t1, %t2;
                ld.param.u64 %rdIn, [input];
                ld.param.u64 %rdOut, [output];
                mad.wide.u32 %rdIn, %t0, {{Inputs * 4}}, %rdIn;
                mad.wide.u32 %rdOut, %t0, {{Outputs * 4}}, %rdOut;{{loads}}
                mov.b32 %out0, 0; mov.b32 %out1, 0; mov.b32 %out2, 0; mov.b32 %out3, 0;
                {{body}}{{stores}}
                ret;
            }
            """;
    }
}

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// ldmatrix and mma.sync with the fragment layouts of the PTX ISA (sections "Matrix fragments for mma.m16n8k4" to
/// "mma.m16n8k16"): lane = 4 g + t holds, of a 16 x k matrix A with e elements per register, rows g and g + 8,
/// columns e t + 0..e-1 of each group of 4 e; of B the same along k for column g; of C and D columns 2 t, 2 t + 1.
/// </summary>
internal static unsafe class PtxMatrixOperations
{
    public static PtxOperation Load(PtxDecoder decoder, PtxInstruction instruction)
    {
        PtxDecoder.Allow(instruction, "sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "shared::cta");
        int count = instruction.Has("x4") ? 4 : instruction.Has("x2") ? 2 : 1;
        if (!instruction.Has("m8n8") || instruction.Parts[^1] != "b16")
            throw new PtxSyntaxException("only .m8n8 and .b16 are interpreted");
        int[] slots = Registers(decoder, instruction.Operands[0], PtxType.B32, count, write: true);
        var address = new PtxAddress(decoder, instruction.Operands[1], PtxSpace.Shared);
        bool transposed = instruction.Has("trans");
        return (warp, _) =>
        {
            address.Count(warp, count == 4 ? uint.MaxValue : (1u << (count * 8)) - 1, 16);
            // Lane 8 m + i gives the address of row i of matrix m: eight values of 16 bits.
            ushort* values = stackalloc ushort[4 * 64];
            for (int row = 0; row < count * 8; row++)
            {
                ulong at = address.Value(warp, row);
                warp.Block.Shared.Check(warp, row, at, 16, "reads");
                warp.Block.Shared.MarkRead(warp, row, at, 16, wholeWarp: true);
                new ReadOnlySpan<ushort>(warp.Block.Shared.At(at), 8).CopyTo(new Span<ushort>(values + (row * 8), 8));
            }

            for (int matrix = 0; matrix < count; matrix++)
            {
                ushort* m = values + (matrix * 64);
                for (int lane = 0; lane < 32; lane++)
                {
                    int row = lane >> 2;
                    int column = 2 * (lane & 3);
                    uint low = transposed ? m[(column * 8) + row] : m[(row * 8) + column];
                    uint high = transposed ? m[((column + 1) * 8) + row] : m[(row * 8) + column + 1];
                    warp.Registers[slots[matrix] + lane] = low | (high << 16);
                }
            }
        };
    }

    /// <summary>D = A B + C with f32 accumulators, products exact, summed in the order of k.</summary>
    public static PtxOperation MultiplyAccumulate(PtxDecoder decoder, PtxInstruction instruction)
    {
        string[] parts = instruction.Parts;
        string form = string.Join('.', parts[4..]);
        string element = parts.Length == 10 ? parts[7] : "";
        if (form != $"row.col.f32.{element}.{element}.f32" || parts[1] != "sync" || parts[2] != "aligned")
            throw new PtxSyntaxException("only .sync.aligned forms row.col.f32.X.X.f32 are interpreted");
        int k = (element, parts[3]) switch
        {
            ("tf32", "m16n8k4") => 4,
            ("tf32" or "bf16" or "f16", "m16n8k8") => 8,
            ("bf16" or "f16", "m16n8k16") => 16,
            _ => throw new PtxSyntaxException("this shape is not interpreted for the type"),
        };
        int perRegister = element == "tf32" ? 1 : 2;
        int groups = k / (4 * perRegister);
        var operands = instruction.Operands;
        int[] d = Registers(decoder, operands[0], PtxType.F32, 4, write: true);
        int[] a = Registers(decoder, operands[1], PtxType.B32, 2 * groups, write: false);
        int[] b = Registers(decoder, operands[2], PtxType.B32, groups, write: false);
        int[] c = Registers(decoder, operands[3], PtxType.F32, 4, write: false);
        Func<ulong, float> read = element switch
        {
            // The tensor core does not look at the low 13 bits.
            "tf32" => bits => BitConverter.UInt32BitsToSingle((uint)bits & 0xFFFF_E000),
            "bf16" => bits => PtxConversions.FromBFloat(bits & 0xFFFF),
            _ => bits => PtxConversions.FromHalf(bits & 0xFFFF),
        };
        return (warp, _) =>
        {
            if (warp.Block.Counters is { } counters)
                counters.MatrixProducts++;
            ulong[] r = warp.Registers;
            float* rows = stackalloc float[16 * 16];
            float* columns = stackalloc float[8 * 16];
            for (int lane = 0; lane < 32; lane++)
            {
                int g = lane >> 2;
                int t = lane & 3;
                for (int group = 0; group < groups; group++)
                {
                    for (int e = 0; e < perRegister; e++)
                    {
                        int at = (((group * 4) + t) * perRegister) + e;
                        rows[(g * k) + at] = read(r[a[2 * group] + lane] >> (16 * e));
                        rows[((g + 8) * k) + at] = read(r[a[(2 * group) + 1] + lane] >> (16 * e));
                        columns[(g * k) + at] = read(r[b[group] + lane] >> (16 * e));
                    }
                }
            }

            float* sums = stackalloc float[4];
            for (int lane = 0; lane < 32; lane++)
            {
                for (int i = 0; i < 4; i++)
                {
                    float* row = rows + (((lane >> 2) + (8 * (i >> 1))) * k);
                    float* column = columns + (((2 * (lane & 3)) + (i & 1)) * k);
                    float sum = PtxLanes.ToSingle(r[c[i] + lane]);
                    for (int at = 0; at < k; at++)
                        sum += row[at] * column[at];
                    sums[i] = sum;
                }

                for (int i = 0; i < 4; i++)
                    r[d[i] + lane] = PtxLanes.Bits(sums[i]);
            }
        };
    }

    private static int[] Registers(PtxDecoder decoder, PtxOperand operand, PtxType type, int count, bool write)
    {
        var elements = operand is PtxVectorOperand vector ? vector.Elements : [operand];
        if (elements.Length != count)
            throw new PtxSyntaxException($"{count} registers are expected in braces, not {elements.Length}");
        return [.. elements.Select(element =>
            write ? decoder.Destination(element, type) : decoder.Source(element, type))];
    }
}

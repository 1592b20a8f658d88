using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>result = addend + Σ over parts: the partial sums of groups, added in the order of the parts.</summary>
internal static class PartialSums
{
    private static readonly KernelHandle<Args> Handle = new(AddParts);

    /// <summary>Adds the parts to the addend.</summary>
    /// <param name="device">The device.</param>
    /// <param name="result">The sum, <paramref name="count"/> elements.</param>
    /// <param name="addend">Same size, may be the result itself; absent for zero.</param>
    /// <param name="parts">One part after another, each of the same size.</param>
    /// <param name="count">Elements of a part.</param>
    /// <param name="number">Number of parts.</param>
    public static void Add(
        ITensorCoreDevice device, GpuArray result, GpuArray addend, GpuArray parts, int count, int number) =>
        device.Launch(
            Handle, count,
            new Args
            {
                Result = result.View,
                Addend = addend.ViewOr(result),
                Parts = parts.View,
                Count = count,
                Number = number,
                ReadAddend = addend.Exists ? 1 : 0,
            });

    private static void AddParts(Index1D index, Args args)
    {
        int i = index, at = i;
        float sum = args.ReadAddend != 0 ? args.Addend[i] : 0f;
        for (int part = 0; part < args.Number; part++, at += args.Count)
            sum += args.Parts[at];
        args.Result[i] = sum;
    }

    internal struct Args
    {
        public ArrayView<float> Result, Addend, Parts;
        public int Count, Number, ReadAddend;
    }
}

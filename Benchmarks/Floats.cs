using System.Runtime.InteropServices;

namespace Gqn.Native.Benchmarks;

/// <summary>An aligned array of small, varied numbers, outside the managed heap.</summary>
internal sealed unsafe class Floats : IDisposable
{
    private readonly long _length;

    public Floats(long length)
    {
        _length = length;
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        for (long i = 0; i < length; i++)
            Pointer[i] = ((i * 37 % 101) - 50) * 1e-2f;
    }

    public float* Pointer { get; }

    public void Fill(float value)
    {
        for (long i = 0; i < _length; i++)
            Pointer[i] = value;
    }

    public void Dispose() => NativeMemory.AlignedFree(Pointer);
}

namespace Gqn.Native.Kernels.Shapes;

/// <summary>
/// A small array and the large one it is broadcast to: each axis of the small one is 1 or equals the large one's.
/// </summary>
/// <param name="SmallN">Images of the small array.</param>
/// <param name="SmallC">Channels of the small array.</param>
/// <param name="SmallH">Height of the small array.</param>
/// <param name="SmallW">Width of the small array.</param>
/// <param name="N">Images of the large array.</param>
/// <param name="C">Channels of the large array.</param>
/// <param name="H">Height of the large array.</param>
/// <param name="W">Width of the large array.</param>
public readonly record struct BroadcastShape(int SmallN, int SmallC, int SmallH, int SmallW, int N, int C, int H, int W)
{
    /// <summary>True if every axis of the small array is 1 or equals the large one's.</summary>
    public bool IsSupported => Fits(SmallN, N) && Fits(SmallC, C) && Fits(SmallH, H) && Fits(SmallW, W);

    private static bool Fits(int small, int large) => small == large || small == 1;
}

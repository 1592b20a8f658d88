namespace Gqn.Native.Engine;

/// <summary>Logical shape (N, C, H, W): images, channels, rows, columns.</summary>
/// <remarks>
/// Activations are stored channels last, [N][H][W][C], on every device. Convolution weights have the logical shape
/// (outputs, inputs, kernel height, kernel width) and are laid out by
/// <see cref="Kernels.Shapes.Conv2dShape.WeightIndex"/>.
/// </remarks>
/// <param name="N">Images, or outputs of a weight.</param>
/// <param name="C">Channels, or inputs of a weight.</param>
/// <param name="H">Rows.</param>
/// <param name="W">Columns.</param>
public readonly record struct Shape(int N, int C, int H, int W)
{
    /// <summary>The shape of a scalar.</summary>
    public static Shape Scalar => new(1, 1, 1, 1);

    /// <summary>Number of elements.</summary>
    public long Count => (long)N * C * H * W;

    /// <summary>Number of pixels, N·H·W: the rows of the channels-last matrix [N·H·W, C].</summary>
    public long Pixels => (long)N * H * W;

    /// <summary>"(N, C, H, W)"</summary>
    public override string ToString() => $"({N}, {C}, {H}, {W})";
}

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Which scratch memory an operation uses: operations that call each other use different slots.</summary>
internal static class ScratchSlots
{
    /// <summary>Partial sums of a reduction.</summary>
    public const int Sums = 0;

    /// <summary>Sums of partial sums.</summary>
    public const int MoreSums = 1;

    /// <summary>Border-class tables of constant maps.</summary>
    public const int Table = 2;

    /// <summary>Products or sums per tap of constant maps.</summary>
    public const int Taps = 3;

    /// <summary>Gate pre-activations of a cell.</summary>
    public const int Gates = 4;

    /// <summary>Sums over parts of the inner dimension of a matrix product.</summary>
    public const int Products = 5;

    /// <summary>Operands copied into the layout or precision of a matrix kernel.</summary>
    public const int Operand = 6;

    /// <summary>The other operand, likewise copied.</summary>
    public const int SecondOperand = 7;

    /// <summary>Partial gradients of constant maps.</summary>
    public const int Partial = 8;
}

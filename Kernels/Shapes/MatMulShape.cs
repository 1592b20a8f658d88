namespace Gqn.Native.Kernels.Shapes;

/// <summary>Sizes of a product op(a)·op(b) of dense row-major matrices.</summary>
/// <param name="Rows">Rows of op(a) and of the result.</param>
/// <param name="Columns">Columns of op(b) and of the result.</param>
/// <param name="Inner">Length of the reduction axis.</param>
/// <param name="TransposeA">Whether a lies in memory as [inner, rows], and op(a) = aᵀ.</param>
/// <param name="TransposeB">Whether b lies in memory as [columns, inner], and op(b) = bᵀ.</param>
public readonly record struct MatMulShape(
    int Rows, int Columns, int Inner, bool TransposeA = false, bool TransposeB = false);

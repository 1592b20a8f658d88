namespace Gqn.Native.Kernels.Gpu;

/// <summary>Precision of the operands of convolutions and matrix products; sums and all else are single.</summary>
public enum MatrixPrecision
{
    /// <summary>Single precision: 24 bits of significand.</summary>
    Fp32,

    /// <summary>TensorFloat-32 on tensor cores: 11 bits of significand, the exponents of single precision.</summary>
    Tf32,

    /// <summary>bfloat16 on tensor cores: 8 bits of significand, the exponents of single precision.</summary>
    Bf16,
}

namespace Gqn.Native.Engine;

/// <summary>Precision of the operands of convolutions and matrix products; sums, weights and all else are fp32.</summary>
public enum Precision
{
    /// <summary>Single precision: 24 bits of significand.</summary>
    Fp32,

    /// <summary>TensorFloat-32 on tensor cores: 11 bits of significand, the exponents of single precision.</summary>
    Tf32,

    /// <summary>bfloat16 on tensor cores: 8 bits of significand, the exponents of single precision.</summary>
    Bf16,
}

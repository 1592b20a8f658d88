namespace Gqn.Native.Kernels.Gpu;

/// <summary>Tiles of the tensor-core kernels.</summary>
internal enum TensorCoreTiling
{
    /// <summary>128 rows, a resident block of pixels, by 128 columns; not for weight gradients.</summary>
    HaloLarge,

    /// <summary>The same by 64 columns.</summary>
    HaloMedium,

    /// <summary>128 rows by 128 columns.</summary>
    Large,

    /// <summary>128 rows by 64 columns; not for weight gradients.</summary>
    Medium,

    /// <summary>64 rows by 64 columns.</summary>
    Small,
}

using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// The kernels of GPUs without CUDA, on the first OpenCL device: slow on a processor, but compiled by its real driver.
/// </summary>
public sealed class SharedTileOpenClTests(SharedTileOpenClTests.Device device) : IClassFixture<SharedTileOpenClTests.Device>
{
    [Fact]
    public void SmallConvolutionsEqualTheDefinition()
    {
        foreach (var shape in MatrixKernelChecks.SmallShapes)
            MatrixKernelChecks.Convolution(device.Tiled, shape);
    }

    [Fact]
    public void ProductsEqualTheDefinition() => MatrixKernelChecks.Products(
        device.Tiled, [(1, 1, 1), (1, 17, 3), (3, 16, 33), (9, 33, 17), (65, 70, 65), (130, 140, 20), (40, 50, 300)]);

    public sealed class Device : MatrixKernelFixture
    {
        public Device()
            : base("opencl:0", TileFamily.Shared)
        {
        }
    }
}

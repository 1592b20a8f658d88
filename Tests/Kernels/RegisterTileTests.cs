using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ops;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The matrix kernels of processors on the first OpenCL device, against naive loops in double.</summary>
public sealed class RegisterTileOpenClTests(RegisterTileOpenClTests.Device device)
    : IClassFixture<RegisterTileOpenClTests.Device>
{
    public static TheoryData<string> Convolutions =>
        DeviceRows.On(GpuPlatform.OpenCl, MatrixKernelChecks.Names(MatrixKernelChecks.LargeShapes));

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void ConvolutionEqualsTheDefinition(string shape) =>
        MatrixKernelChecks.Convolution(device.Tiled, MatrixKernelChecks.Find(shape));

    [Fact]
    public void SmallConvolutionsEqualTheDefinition()
    {
        foreach (var shape in MatrixKernelChecks.SmallShapes)
            MatrixKernelChecks.Convolution(device.Tiled, shape);
    }

    [Fact]
    public void ProductsEqualTheDefinition() => MatrixKernelChecks.Products(
        device.Tiled,
        [
            (1, 1, 1), (1, 17, 3), (3, 16, 33), (8, 32, 8), (9, 33, 17), (16, 100, 520), (65, 70, 65), (100, 7, 1100),
            (40, 50, 2500), (7, 64, 100),
        ]);

    public sealed class Device : MatrixKernelFixture
    {
        public Device()
            : base("opencl:0", TileFamily.Register)
        {
        }
    }
}

/// <summary>The same kernels on the simulator, where an access out of bounds ends the program.</summary>
public sealed class RegisterTileSimulatorTests(RegisterTileSimulatorTests.Device device)
    : IClassFixture<RegisterTileSimulatorTests.Device>
{
    [Fact]
    public void SmallConvolutionsEqualTheDefinition()
    {
        foreach (var shape in MatrixKernelChecks.SmallShapes)
        {
            if (shape.MultiplyAccumulates <= 30_000)
                MatrixKernelChecks.Convolution(device.Tiled, shape);
        }
    }

    [Fact]
    public void ProductsEqualTheDefinition() =>
        MatrixKernelChecks.Products(device.Tiled, [(1, 1, 1), (1, 17, 3), (9, 33, 17), (17, 40, 5)]);

    public sealed class Device : MatrixKernelFixture
    {
        public Device()
            : base(GpuSurvey.Simulator, TileFamily.Register)
        {
        }
    }
}

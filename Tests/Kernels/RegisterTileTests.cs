using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The matrix kernels of processors on the first OpenCL device, against naive loops in double.</summary>
public sealed class RegisterTileOpenClTests(RegisterTileOpenClTests.Device device)
    : IClassFixture<RegisterTileOpenClTests.Device>
{
    public static TheoryData<string> Convolutions => RegisterTileChecks.Names(RegisterTileChecks.LargeShapes);

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void ConvolutionEqualsTheDefinition(string shape) =>
        RegisterTileChecks.Convolution(device.Tiled, RegisterTileChecks.Find(shape));

    [Fact]
    public void SmallConvolutionsEqualTheDefinition()
    {
        foreach (var shape in RegisterTileChecks.SmallShapes)
            RegisterTileChecks.Convolution(device.Tiled, shape);
    }

    [Fact]
    public void ProductsEqualTheDefinition() => RegisterTileChecks.Products(
        device.Tiled,
        [
            (1, 1, 1), (1, 17, 3), (3, 16, 33), (8, 32, 8), (9, 33, 17), (16, 100, 520), (65, 70, 65), (100, 7, 1100),
            (40, 50, 2500), (7, 64, 100),
        ]);

    public sealed class Device : RegisterTileFixture
    {
        public Device()
            : base("opencl:0")
        {
        }
    }
}

/// <summary>The same kernels where an access beyond an array ends the program.</summary>
public sealed class RegisterTileSimulatorTests(RegisterTileSimulatorTests.Device device)
    : IClassFixture<RegisterTileSimulatorTests.Device>
{
    [Fact]
    public void SmallConvolutionsEqualTheDefinition()
    {
        foreach (var shape in RegisterTileChecks.SmallShapes)
        {
            if (shape.MultiplyAccumulates <= 30_000)
                RegisterTileChecks.Convolution(device.Tiled, shape);
        }
    }

    [Fact]
    public void ProductsEqualTheDefinition() =>
        RegisterTileChecks.Products(device.Tiled, [(1, 1, 1), (1, 17, 3), (9, 33, 17), (17, 40, 5)]);

    public sealed class Device : RegisterTileFixture
    {
        public Device()
            : base(GpuSurvey.Simulator)
        {
        }
    }
}

/// <summary>A device that was told to take register tiles.</summary>
public abstract class RegisterTileFixture(string name) : IDisposable
{
    private GpuContext? _context;

    internal GpuContext Tiled
    {
        get
        {
            if (_context is null)
            {
                try
                {
                    _context = GpuContext.Open(name);
                }
                catch (GpuException exception) when (name != GpuSurvey.Simulator)
                {
                    if (Environment.GetEnvironmentVariable("GQN_REQUIRE_OPENCL") == "1")
                        throw;
                    Assert.Skip(exception.Message);
                }

                _context.Tiles = TileFamily.Register;
            }

            return _context;
        }
    }

    public void Dispose()
    {
        _context?.Dispose();
        GC.SuppressFinalize(this);
    }
}

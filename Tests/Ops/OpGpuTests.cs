using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Driver;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>The whole catalogue on the simulator, in the shapes that are small enough for it.</summary>
public sealed class OpSimulatorTests(OpSimulatorTests.Device device) : IClassFixture<OpSimulatorTests.Device>
{
    private const long MostElements = 2_000;

    public static TheoryData<string> Rows => OpCatalog.NamesUpTo(MostElements);

    [Theory]
    [MemberData(nameof(Rows))]
    public void SimulatorAgreesWithTheReference(string name) => GpuParity.Check(device.Reference, device.Gpu, name);

    public sealed class Device : GpuFixture
    {
        public Device()
            : base(GpuSurvey.Simulator, null)
        {
        }
    }
}

/// <summary>The whole catalogue on the first OpenCL device, in all shapes.</summary>
public sealed class OpOpenClTests(OpOpenClTests.Device device) : IClassFixture<OpOpenClTests.Device>
{
    public static TheoryData<string> Rows => DeviceRows.On(GpuPlatform.OpenCl, OpCatalog.Names);

    [Theory]
    [MemberData(nameof(Rows))]
    public void OpenClAgreesWithTheReference(string name) => GpuParity.Check(device.Reference, device.Gpu, name);

    public sealed class Device : GpuFixture
    {
        public Device()
            : base("opencl:0", null)
        {
        }
    }
}

/// <summary>The whole catalogue on the first CUDA device in single precision in all shapes, or on the driver's test
/// double in the small ones.</summary>
public sealed class OpCudaTests(OpCudaTests.Device device) : IClassFixture<OpCudaTests.Device>
{
    /// <summary>The cosine of the noise is off by 2^-20.5, and its radius is up to 6.</summary>
    public const double Approximation = 6.0 / (1 << 20);

    public static TheoryData<string> Rows =>
        DeviceRows.On(GpuPlatform.Cuda, OpCatalog.NamesUpTo(CudaDouble.MostElements));

    [Theory]
    [MemberData(nameof(Rows))]
    public void CudaAgreesWithTheReference(string name)
    {
        bool noisy = name.StartsWith("GaussianLatent", StringComparison.Ordinal);
        GpuParity.Check(device.Reference, device.Gpu, name, noisy ? Approximation : 0);
    }

    public sealed class Device : GpuFixture
    {
        public Device()
            : base("cuda:0", Precision.Fp32)
        {
        }
    }
}

/// <summary>The whole catalogue on the tensor cores of the first CUDA device.</summary>
/// <remarks>
/// Operands lose bits, sums do not: the errors of the products have random signs, so a sum's error stays near that of
/// one product relative to the largest sum; gradients of gradients' operands double it.
/// </remarks>
public sealed class OpTensorCoreCudaTests(OpTensorCoreCudaTests.Devices devices)
    : IClassFixture<OpTensorCoreCudaTests.Devices>
{
    // Half a unit in the last place of 11 and of 8 bits, for two operands, in sums that partly cancel.
    private const double Tf32Rounding = 8.0 / (1 << 12), Bf16Rounding = 8.0 / (1 << 9);

    public static TheoryData<string> Rows =>
        DeviceRows.On(GpuPlatform.Cuda, OpCatalog.NamesUpTo(CudaDouble.MostElements));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tf32AgreesWithTheReference(string name) =>
        GpuParity.Check(devices.Tf32.Reference, devices.Tf32.Gpu, name, Tf32Rounding);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Bf16AgreesWithTheReference(string name) =>
        GpuParity.Check(devices.Bf16.Reference, devices.Bf16.Gpu, name, Bf16Rounding);

    public sealed class Devices : IDisposable
    {
        public Device Tf32 { get; } = new(Precision.Tf32);

        public Device Bf16 { get; } = new(Precision.Bf16);

        public void Dispose()
        {
            Tf32.Dispose();
            Bf16.Dispose();
        }
    }

    public sealed class Device(Precision precision) : GpuFixture("cuda:0", precision);
}

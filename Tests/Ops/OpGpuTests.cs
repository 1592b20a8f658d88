using Gqn.Native.Engine.Devices;
using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>The whole catalogue on the simulator, in the shapes that are small enough for it.</summary>
public sealed class OpSimulatorTests(OpSimulatorTests.Device device) : IClassFixture<OpSimulatorTests.Device>
{
    private const long MostElements = 2_000;

    public static TheoryData<string> Rows => OpCatalog.NamesUpTo(MostElements);

    [Theory]
    [MemberData(nameof(Rows))]
    public void SimulatorAgreesWithTheReference(string name) => GpuParity.Check(device.Reference, device.Gpu, name, 1);

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
    public static TheoryData<string> Rows => OpCatalog.Names;

    [Theory]
    [MemberData(nameof(Rows))]
    public void OpenClAgreesWithTheReference(string name) => GpuParity.Check(device.Reference, device.Gpu, name, 1);

    public sealed class Device : GpuFixture
    {
        public Device()
            : base("opencl:0", null)
        {
        }
    }
}

/// <summary>The whole catalogue on the first CUDA device in single precision, in all shapes.</summary>
public sealed class OpCudaTests(OpCudaTests.Device device) : IClassFixture<OpCudaTests.Device>
{
    public static TheoryData<string> Rows => OpCatalog.Names;

    [Theory]
    [MemberData(nameof(Rows))]
    public void CudaAgreesWithTheReference(string name) => GpuParity.Check(device.Reference, device.Gpu, name, 1);

    public sealed class Device : GpuFixture
    {
        public Device()
            : base("cuda:0", Precision.Fp32)
        {
        }
    }
}

using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ptx;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>
/// The catalogue on the code that CUDA devices run: PTX as ILGPU emits it, interpreted, with every access checked for
/// bounds, alignment and races.
/// </summary>
public sealed class OpPtxTests(OpPtxTests.Device device) : IClassFixture<OpPtxTests.Device>
{
    private const long MostElements = 2_000;

    public static TheoryData<string> Rows => OpCatalog.NamesUpTo(MostElements);

    [Theory]
    [MemberData(nameof(Rows))]
    public void PtxAgreesWithTheReference(string name)
    {
        long before = PtxLaunches.Executed;
        GpuParity.Check(device.Reference, device.Gpu, name, OpCudaTests.Approximation);
        // The simulator itself would agree as well: the instruction count shows that the interpreter ran.
        Assert.True(PtxLaunches.Executed > before);
    }

    public sealed class Device : GpuFixture
    {
        public Device()
            : base(GpuSurvey.Simulator, null) => PtxLaunches.Install(Gpu);
    }
}

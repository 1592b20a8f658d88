using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>An open device for a class of tests, which are skipped on machines without one.</summary>
/// <remarks>
/// With GQN_REQUIRE_OPENCL=1 or GQN_REQUIRE_CUDA=1 in the environment a missing device is a failure instead.
/// </remarks>
public abstract class GpuFixture : IDisposable
{
    private readonly GpuDevice? _gpu;
    private readonly string _reason = string.Empty;

    protected GpuFixture(string name, Precision? precision)
    {
        try
        {
            _gpu = new GpuDevice(name, precision);
        }
        catch (GpuException exception)
        {
            if (name == GpuSurvey.Simulator || DeviceRows.IsRequired(name))
                throw;
            _reason = exception.Message;
        }
    }

    /// <summary>The device; if there is none, skips the test that asks for it.</summary>
    public GpuDevice Gpu
    {
        get
        {
            Assert.SkipWhen(_gpu is null, _reason);
            return _gpu!;
        }
    }

    internal ReferenceDevice Reference { get; } = new();

    public void Dispose()
    {
        _gpu?.Dispose();
        Reference.Dispose();
        GC.SuppressFinalize(this);
    }
}

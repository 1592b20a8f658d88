using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ops;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>A device with a fixed choice of the portable family of matrix kernels.</summary>
public abstract class MatrixKernelFixture : IDisposable
{
    private readonly string _name;
    private readonly TileFamily _family;
    private GpuContext? _context;

    private protected MatrixKernelFixture(string name, TileFamily family) => (_name, _family) = (name, family);

    internal GpuContext Tiled
    {
        get
        {
            if (_context is null)
            {
                try
                {
                    _context = GpuContext.Open(_name);
                }
                catch (GpuException exception) when (_name != GpuSurvey.Simulator)
                {
                    if (DeviceRows.IsRequired(_name))
                        throw;
                    Assert.Skip(exception.Message);
                }

                _context.Tiles = _family;
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

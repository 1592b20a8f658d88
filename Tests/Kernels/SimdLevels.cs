using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>The vector widths that can be tested on this processor, and workspaces full of NaNs.</summary>
internal static unsafe class SimdLevels
{
    public static TheoryData<SimdLevel> Available
    {
        get
        {
            var levels = new TheoryData<SimdLevel>();
            for (var level = SimdLevel.Scalar; level <= Simd.Level; level++)
                levels.Add(level);
            return levels;
        }
    }

    /// <summary>Leaves NaNs in all scratch memory, by convolutions of NaNs that fill it and have no halo.</summary>
    public static void PoisonScratch(CpuWorkspace workspace)
    {
        var shape = new Conv2dShape(2, 48, 32, 32, 33, 2, 2);
        using var x = new GuardedArray((long)shape.N * shape.C * shape.H * shape.W);
        using var w = new GuardedArray((long)shape.K * shape.C * shape.Kernel * shape.Kernel);
        using var y = new GuardedArray((long)shape.N * shape.K * shape.OutH * shape.OutW);
        DirectConv2d.Forward(workspace, y.Pointer, null, x.Pointer, w.Pointer, null, shape, default(Identity));
        DirectConv2d.BackwardWeight(workspace, w.Pointer, 0, y.Pointer, x.Pointer, shape);
    }
}

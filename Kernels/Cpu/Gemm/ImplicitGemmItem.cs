using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>An <see cref="ImplicitGemm"/> as the body of a parallel loop.</summary>
internal unsafe struct ImplicitGemmItem<TActivation> : IWorkItem where TActivation : unmanaged, IFusedActivation
{
    private ImplicitGemm _plan;
    private TActivation _activation;
    private float* _scratch;
    private nint _scratchStride;
    private SimdLevel _level;

    public static void Run(CpuWorkspace workspace, in ImplicitGemm plan, TActivation activation)
    {
        var item = new ImplicitGemmItem<TActivation>
        {
            _plan = plan,
            _activation = activation,
            _scratch = workspace.Workers,
            _scratchStride = workspace.WorkerStride,
            _level = workspace.Level,
        };
        workspace.Pool.For(plan.Items, ref item);
    }

    public readonly void Invoke(int item, int worker) =>
        _plan.Invoke(item, _scratch + (worker * _scratchStride), _level, _activation);
}

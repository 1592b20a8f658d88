using Gqn.Native.Engine;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>An op that can be compared, before anything is allocated for it.</summary>
/// <param name="Name">What it is, with its sizes.</param>
/// <param name="Create">Creates it on a device.</param>
internal sealed record OperationCase(string Name, Func<CpuDevice, OperationPair> Create);

/// <summary>A part of an op that is timed by itself.</summary>
/// <param name="Name">"forward", for example.</param>
/// <param name="HasBackward">True if gradients are computed as well.</param>
/// <param name="Work">Operations, or bytes that must move, of one call.</param>
/// <param name="Unit">Unit of the rate: "GFLOP/s" or "GB/s".</param>
internal sealed record OperationPass(string Name, bool HasBackward, double Work, string Unit);

/// <summary>‖result − reference‖ / ‖reference‖ of both engines, against a reference in double precision.</summary>
/// <param name="Quantity">y, dx, dw or whatever else the op computes.</param>
/// <param name="Engine">This engine's error.</param>
/// <param name="Libtorch">libtorch's error.</param>
internal sealed record OperationError(string Quantity, double Engine, double Libtorch)
{
    /// <summary>"y 3.1e-7 / 3.3e-7"</summary>
    public override string ToString() => $"{Quantity} {Engine:0.0e-0} / {Libtorch:0.0e-0}";

    /// <summary>The errors of two results of the same shape.</summary>
    public static OperationError Of(string quantity, Tensor engine, Tensor libtorch, Tensor reference)
    {
        using var scope = NewDisposeScope();
        double norm = reference.norm().item<double>();
        return new OperationError(quantity, Distance(engine) / norm, Distance(libtorch) / norm);

        double Distance(Tensor result) => (result.to(ScalarType.Float64) - reference).norm().item<double>();
    }
}

/// <summary>One op with the same inputs in both engines.</summary>
internal abstract class OperationPair : IDisposable
{
    /// <summary>The passes that are timed.</summary>
    public abstract IReadOnlyList<OperationPass> Passes { get; }

    /// <summary>Errors of the results of a pass. Called before the pass is timed.</summary>
    public abstract IReadOnlyList<OperationError> Compare(OperationPass pass);

    /// <summary>One call; returns the milliseconds it took.</summary>
    public abstract double RunEngine(OperationPass pass, Clock clock);

    /// <summary>One call; returns the milliseconds it took.</summary>
    public abstract double RunLibtorch(OperationPass pass, Clock clock);

    /// <inheritdoc />
    public abstract void Dispose();

    /// <summary>The elements of an (N, C, H, W) tensor in the order [N][H][W][C].</summary>
    protected static float[] ChannelsLast(Tensor x)
    {
        using var permuted = x.detach().permute(0, 2, 3, 1);
        using var dense = permuted.contiguous();
        return dense.data<float>().ToArray();
    }

    /// <summary>The elements in order.</summary>
    protected static float[] ToArray(Tensor x)
    {
        using var dense = x.detach().contiguous();
        return dense.data<float>().ToArray();
    }
}

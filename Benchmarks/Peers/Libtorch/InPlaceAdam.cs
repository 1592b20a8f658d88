using TorchSharp;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Adam from libtorch's in-place operations, like PyTorch's single-tensor version.</summary>
/// <remarks>TorchSharp's own makes temporaries as large as a parameter, which takes at least twice the time.</remarks>
internal sealed class InPlaceAdam(IReadOnlyCollection<TorchParameter> weights) : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    private readonly (TorchParameter Weight, torch.Tensor M, torch.Tensor V)[] _states =
        [.. weights.Select(weight => (weight, torch.zeros(weight.shape), torch.zeros(weight.shape)))];

    private int _step;

    /// <summary>m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  p ← p − η/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)</summary>
    public void Step(double learningRate)
    {
        using var noGradients = torch.no_grad();
        _step++;
        double stepSize = learningRate / (1 - Math.Pow(Beta1, _step));
        double root = Math.Sqrt(1 - Math.Pow(Beta2, _step));
        foreach (var (weight, m, v) in _states)
        {
            using var scope = torch.NewDisposeScope();
            var gradient = weight.grad!;
            m.lerp_(gradient, 1 - Beta1);
            v.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            weight.addcdiv_(m, v.sqrt().div_(root).add_(Epsilon), -stepSize);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (_, m, v) in _states)
        {
            m.Dispose();
            v.Dispose();
        }
    }
}

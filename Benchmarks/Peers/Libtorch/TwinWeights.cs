using Gqn.Native.Engine;
using Gqn.Native.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The weights of a network in the form of PyTorch models, and the convolutions that they belong to.</summary>
/// <remarks>Each weight of a sum of convolutions is a range of input channels of one weight here.</remarks>
internal sealed class TwinWeights : IDisposable
{
    private const string SourceMark = ".weight.";
    private readonly Dictionary<string, TorchParameter> _weights = [];
    private readonly Dictionary<string, (string Weight, long First)> _places = [];

    /// <summary>Copies the weights of a network.</summary>
    public TwinWeights(GenerativeQueryNetwork network)
    {
        foreach (var group in network.Parameters.Parameters.GroupBy(parameter => WeightName(parameter.Name)))
        {
            using var scope = NewDisposeScope();
            long channels = 0;
            foreach (var parameter in group)
            {
                _places.Add(parameter.Name, (group.Key, channels));
                channels += parameter.Shape.C;
            }

            var weight = cat([.. group.Select(parameter => Copy(network.Parameters, parameter))], 1);
            if (group.Key.EndsWith(".bias", StringComparison.Ordinal))
                weight = weight.flatten();
            _weights.Add(group.Key, new TorchParameter(weight.contiguous().DetachFromDisposeScope()));
        }
    }

    /// <summary>All trained tensors.</summary>
    public IReadOnlyCollection<TorchParameter> All => _weights.Values;

    /// <summary>The part of these weights that is a parameter of the network; biases are flat.</summary>
    public Tensor Value(Parameter parameter) => Part(parameter, _weights[_places[parameter.Name].Weight]);

    /// <summary>The part of the gradients that belongs to a parameter.</summary>
    public Tensor Gradient(Parameter parameter) => Part(parameter, _weights[_places[parameter.Name].Weight].grad!);

    /// <summary>Drops the gradients, so that the next backward writes them anew.</summary>
    public void ForgetGradients()
    {
        foreach (var weight in _weights.Values)
            weight.grad = null;
    }

    /// <summary>Gives a zero gradient to the weights that the last backward did not reach.</summary>
    public void CompleteGradients()
    {
        foreach (var weight in _weights.Values)
        {
            if (weight.grad is null)
                weight.grad = zeros_like(weight).DetachFromDisposeScope();
        }
    }

    /// <summary>A convolution, zero-padded if the stride is 1.</summary>
    /// <param name="module">Name of the module whose weight and bias it has.</param>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="stride">1, or the kernel's side.</param>
    public Tensor Convolve(string module, Tensor x, long stride = 1)
    {
        var weight = _weights[module + ".weight"];
        long padding = stride == 1 ? weight.shape[2] / 2 : 0;
        return conv2d(x, weight, _weights.GetValueOrDefault(module + ".bias"), [stride, stride], [padding, padding]);
    }

    /// <summary>The part of a 1x1 convolution that comes from some of its input channels, without the bias.</summary>
    /// <param name="module">Name of the module whose weight it has.</param>
    /// <param name="first">The first of the channels in the weight.</param>
    /// <param name="x">(N, those channels, H, W)</param>
    public Tensor ConvolvePart(string module, long first, Tensor x) =>
        conv2d(x, _weights[module + ".weight"].narrow(1, first, x.shape[1]));

    /// <summary>The bias of a module, to be added to (N, channels, H, W).</summary>
    public Tensor Bias(string module) => _weights[module + ".bias"].reshape(1, -1, 1, 1);

    /// <summary>A transposed convolution without bias whose kernel is as large as its stride.</summary>
    /// <param name="module">Name of the module whose weight it has.</param>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="stride">The stride.</param>
    public Tensor ConvolveTransposed(string module, Tensor x, long stride) =>
        conv_transpose2d(x, _weights[module + ".weight"], strides: [stride, stride]);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var weight in _weights.Values)
            weight.Dispose();
    }

    private static string WeightName(string parameter)
    {
        int at = parameter.IndexOf(SourceMark, StringComparison.Ordinal);
        return at < 0 ? parameter : parameter[..(at + SourceMark.Length - 1)];
    }

    private static Tensor Copy(ParameterStore store, Parameter parameter)
    {
        float[] logical = new float[parameter.Shape.Count];
        store.Read(parameter, logical);
        var s = parameter.Shape;
        return tensor(logical, [s.N, s.C, s.H, s.W]);
    }

    private Tensor Part(Parameter parameter, Tensor whole) => whole.Dimensions == 1
        ? whole
        : whole.narrow(1, _places[parameter.Name].First, parameter.Shape.C);
}

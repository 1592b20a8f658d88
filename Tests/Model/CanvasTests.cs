using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Model;

/// <summary>Without a full-resolution canvas, the network computes the same as with one.</summary>
public sealed class CanvasTests : IDisposable
{
    private readonly CanvasSpy _device = new();

    /// <summary>Separate resampling for each layer, shared resampling, everything shared, a single layer.</summary>
    public static TheoryData<int, bool, bool> Cases => new()
    {
        { 3, false, false }, { 3, true, false }, { 3, false, true }, { 1, false, false },
    };

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void TrainingEqualsThatOfAFullResolutionCanvas(int layers, bool sharedResampling, bool sharedCores)
    {
        using var network = Network(layers, sharedResampling, sharedCores);
        using var naive = new FullResolutionRollout(network, _device);
        using var tape = new Tape(_device);

        var (r, views, image) = Inputs(tape, network.Options);
        var elbo = network.EstimateElbo(r, views, image, 0.7f, new RandomStream(5, 1));
        tape.Backward(elbo.NegElbo);
        double[] mean = ReferenceDevice.Read(elbo.Mean.Value), kl = ReferenceDevice.Read(elbo.Kl.Value);
        double[] dr = ReferenceDevice.Read(tape.Gradient(r));
        tape.Reset();

        (r, views, image) = Inputs(tape, network.Options);
        var (naiveMean, divergences) = naive.Roll(r, views.Poses, image, new RandomStream(5, 1));
        const float PerScene = 1f / TinyModels.Scenes;
        var naiveKl = divergences.Select(kl => kl.Sum()).Aggregate((a, b) => a.Add(b)).Scale(PerScene);
        tape.Keep(naiveMean);
        tape.Keep(naiveKl);
        tape.Backward(naiveMean.GaussianNll(image, 0.7f).Sum().Scale(PerScene).Add(naiveKl));

        AssertClose("mean", ReferenceDevice.Read(naiveMean.Value), mean);
        AssertClose("KL", ReferenceDevice.Read(naiveKl.Value), kl);
        AssertClose("representation", ReferenceDevice.Read(tape.Gradient(r)), dr);
        naive.Store.CompleteGradients();
        network.Parameters.CompleteGradients();
        foreach (var parameter in naive.Store.Parameters)
            AssertClose(parameter.Name, Gradient(parameter), Gradient(network.Parameters[parameter.Name]));
        Assert.True(Gradient(naive.Store["output.weight"]).Max(Math.Abs) > 1);
        Assert.Equal(network.Parameters.Parameters.Count,
            naive.Store.Parameters.Count + network.Parameters.Parameters.Count(p => p.Name.StartsWith(
                "representation.", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GenerationEqualsThatOfAFullResolutionCanvas(int layers, bool sharedResampling, bool sharedCores)
    {
        using var network = Network(layers, sharedResampling, sharedCores);
        using var naive = new FullResolutionRollout(network, _device);
        foreach (bool recording in (bool[])[true, false])
        {
            using var tape = new Tape(_device) { Recording = recording };
            var (r, views, _) = Inputs(tape, network.Options);
            double[] expected = ReferenceDevice.Read(
                naive.Roll(r, views.Poses, default, new RandomStream(7, 1)).Mean.Value);
            double[] actual = ReferenceDevice.Read(network.Generate(r, views, new RandomStream(7, 1)).Value);
            AssertClose("mean", expected, actual);
            Assert.Contains(expected, value => Math.Abs(value) > 0.01);
        }
    }

    [Fact]
    public void OnlyInferenceDrawsACanvas()
    {
        using var network = Network(3, false, false);
        using var tape = new Tape(_device);
        var (r, views, image) = Inputs(tape, network.Options);
        _device.CanvasChannels = 16 * network.Options.Hidden;
        network.Generate(r, views, new RandomStream(7, 1));
        Assert.Equal(0, _device.Canvases);
        // No core sees the canvas of the last layer.
        network.EstimateElbo(r, views, image, 0.7f, new RandomStream(7, 1));
        Assert.Equal(2, _device.Canvases);
    }

    private GenerativeQueryNetwork Network(int layers, bool sharedResampling, bool sharedCores)
    {
        var options = TinyModels.Options with
        {
            Layers = layers,
            SharedResampling = sharedResampling,
            SharedCores = sharedCores,
        };
        var network = new GenerativeQueryNetwork(options, _device, 3);
        // Biases start at zero, where a missing or doubled one would not show.
        foreach (var parameter in network.Parameters.Parameters)
        {
            if (parameter.Name.EndsWith("bias", StringComparison.Ordinal))
                network.Parameters.Write(parameter, TinyModels.Random(parameter.Shape.Count, 21, -0.5f, 0.5f));
        }

        return network;
    }

    private static (Variable R, Views Views, Variable Image) Inputs(Tape tape, ModelOptions options)
    {
        var shape = new Shape(
            TinyModels.Scenes, options.RepresentationChannels, options.LatentSize, options.LatentSize);
        var (_, _, views, image) = TinyModels.Batch(tape, options);
        var r = tape.Leaf(tape.Constant(shape, TinyModels.Random(shape.Count, 8, -1f, 1f)).Value);
        return (r, views, image);
    }

    // In logical order, without rounding: the two networks may lay a parameter out differently.
    private static double[] Gradient(Parameter parameter)
    {
        double[] memory = ReferenceDevice.Read(parameter.Gradient), logical = new double[memory.Length];
        float[] places = [.. Enumerable.Range(0, memory.Length).Select(i => (float)i)];
        float[] order = new float[memory.Length];
        parameter.ToLogicalOrder(places, order);
        for (int i = 0; i < logical.Length; i++)
            logical[i] = memory[(int)order[i]];
        return logical;
    }

    private static void AssertClose(string what, double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            // Written so that a NaN fails.
            bool close = Math.Abs(expected[i] - actual[i]) <= 1e-10 * scale;
            Assert.True(close, $"{what}[{i}]: {actual[i]:R}, not {expected[i]:R}");
        }
    }

    /// <summary>Counts products as wide as a canvas on the latent grid.</summary>
    private sealed class CanvasSpy : ReferenceDevice
    {
        public int CanvasChannels { get; set; }

        public int Canvases { get; private set; }

        public override void MatMul(
            Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB)
        {
            if (c.Shape.H > 1 && c.Shape.C == CanvasChannels)
                Canvases++;
            base.MatMul(c, addend, a, b, transposeA, transposeB);
        }
    }
}

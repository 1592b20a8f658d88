using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Tests.Reference;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Model;

/// <summary>
/// Properties of the model that hold for any weights: sizes, invariances, and one prior for training and sampling.
/// </summary>
public sealed class ModelIdentityTests
{
    [Theory]
    [InlineData(RepresentationKind.Tower, "representation.", 1_962_368)]
    [InlineData(RepresentationKind.Pool, "representation.", 1_962_368)]
    [InlineData(RepresentationKind.Pyramid, "representation.", 2_139_872)]
    [InlineData(RepresentationKind.Tower, "generation.0.cell.", 5_043_712)]
    [InlineData(RepresentationKind.Tower, "inference.0.cell.", 8_320_512)]
    [InlineData(RepresentationKind.Tower, "resampling.0.up.", 262_144)]
    [InlineData(RepresentationKind.Tower, "resampling.0.image_down.", 144)]
    [InlineData(RepresentationKind.Tower, "prior.", 19_206)]
    [InlineData(RepresentationKind.Tower, "output.", 387)]
    public void PaperSizedPartsHaveThePapersParameterCounts(
        RepresentationKind representation, string prefix, long expected)
    {
        using var device = new PlanningDevice(1);
        using var network = new GenerativeQueryNetwork(
            Presets.Create("paper").Model with { Representation = representation }, device, 1);
        var part = network.Parameters.Parameters.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal));
        Assert.Equal(expected, part.Sum(p => p.Shape.Count));
    }

    [Fact]
    public void FloorOfTheBoundIsThePapers() => Assert.Equal(6909.095, Elbo.Floor(64, 0.7), 0.01);

    [Fact]
    public void PerfectPredictionCostsTheFloor()
    {
        using var device = new CpuDevice(1);
        using var tape = new Tape(device);
        var shape = new Shape(1, 3, 64, 64);
        var image = tape.Constant(shape, TinyModels.Random(shape.Count, 9));
        Assert.Equal(
            6909.095, Engine.Operations.Sum(Engine.Operations.GaussianNll(image, image, 0.7f)).Item(), 0.01);
    }

    [Fact]
    public void OrderOfContextsDoesNotMatter()
    {
        using var device = new ReferenceDevice();
        using var network = new GenerativeQueryNetwork(TinyModels.Options, device, 1);
        using var tape = new Tape(device);
        var images = new Shape(3, 3, 16, 16);
        float[] pixels = TinyModels.Random(images.Count, 1), views = TinyModels.Random(21, 2, -1f, 1f);
        double[] Represent(params int[] order)
        {
            float[] p = [.. order.SelectMany(i => pixels[(i * 768)..((i + 1) * 768)])];
            float[] v = [.. order.SelectMany(i => views[(i * 7)..((i + 1) * 7)])];
            var r = network.Represent(tape.Constant(images, p), tape.Constant(new Shape(3, 7, 1, 1), v), 3);
            double[] values = ReferenceDevice.Read(r.Value);
            tape.Reset();
            return values;
        }

        double[] first = Represent(0, 1, 2), second = Represent(2, 0, 1);
        Assert.Contains(first, value => value != 0);
        for (int i = 0; i < first.Length; i++)
            Assert.Equal(first[i], second[i], 1e-12);
    }

    [Fact]
    public void RepresentationOfASceneIsTheSumOfItsImages()
    {
        using var device = new ReferenceDevice();
        using var network = new GenerativeQueryNetwork(TinyModels.Options, device, 1);
        using var tape = new Tape(device);
        var images = new Shape(4, 3, 16, 16);
        var x = tape.Constant(images, TinyModels.Random(images.Count, 1));
        var v = tape.Constant(new Shape(4, 7, 1, 1), TinyModels.Random(28, 2, -1f, 1f));
        double[] single = ReferenceDevice.Read(network.Represent(x, v, 1).Value);
        double[] pairs = ReferenceDevice.Read(network.Represent(x, v, 2).Value);
        int length = single.Length / 4;
        for (int i = 0; i < pairs.Length; i++)
        {
            int scene = i / length, at = i % length;
            Assert.Equal(
                single[(2 * scene * length) + at] + single[(((2 * scene) + 1) * length) + at], pairs[i], 1e-12);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PriorThatIsTrainedIsThePriorThatIsSampled(bool shared)
    {
        using var device = new PriorSpy();
        var options = TinyModels.Options with { Layers = 4, SharedCores = shared };
        using var network = new GenerativeQueryNetwork(options, device, 1);
        using var tape = new Tape(device);
        // Without the latents' weights the generator's states do not depend on what was drawn: both paths must then see
        // the same prior in each layer, and that prior must differ between layers.
        var latentWeights = network.Parameters.Parameters
            .Where(p => p.Name.EndsWith("weight.latent", StringComparison.Ordinal));
        foreach (var parameter in latentWeights)
            device.Fill(parameter.Value, 0f);
        var (images, views, queryViews, queryImages) = TinyModels.Batch(tape, network.Options);
        var r = network.Represent(images, views, TinyModels.Contexts);
        network.EstimateElbo(r, queryViews, queryImages, 0.7f, new RandomStream(1, 1));
        double[][] trained = [.. device.Priors];
        device.Priors.Clear();
        network.Generate(r, queryViews, new RandomStream(2, 2));
        Assert.Equal(4, trained.Length);
        Assert.Equal(trained, device.Priors);
        for (int layer = 1; layer < trained.Length; layer++)
            Assert.NotEqual(trained[layer - 1], trained[layer]);
        Assert.All(trained[0], value => Assert.Equal(0, value));
    }

    [Fact]
    public void EqualSeedsGenerateEqualImagesAndOthersDoNot()
    {
        using var device = new CpuDevice(2);
        using var network = new GenerativeQueryNetwork(TinyModels.Options, device, 1);
        using var tape = new Tape(device) { Recording = false };
        float[] Generate(ulong seed)
        {
            var (images, views, queryViews, _) = TinyModels.Batch(tape, network.Options);
            var mean = network.Generate(
                network.Represent(images, views, TinyModels.Contexts), queryViews, new RandomStream(seed, 0));
            float[] pixels = new float[mean.Shape.Count];
            mean.Download(pixels);
            tape.Reset();
            return pixels;
        }

        Assert.Equal(Generate(1), Generate(1));
        Assert.NotEqual(Generate(1), Generate(2));
        Assert.Equal(0, device.Pool.Live);
    }

    [Fact]
    public void SurpriseIsTheDivergenceOfTheBound()
    {
        using var device = new ReferenceDevice();
        using var network = new GenerativeQueryNetwork(TinyModels.Options, device, 1);
        using var tape = new Tape(device);
        var (images, views, queryViews, queryImages) = TinyModels.Batch(tape, network.Options);
        var r = network.Represent(images, views, TinyModels.Contexts);
        double[] surprise = ReferenceDevice.Read(
            network.EvaluateKl(r, queryViews, queryImages, new RandomStream(5, 1)).Value);
        double kl = ReferenceDevice.Read(
            network.EstimateElbo(r, queryViews, queryImages, 0.7f, new RandomStream(5, 1)).Kl.Value)[0];
        Assert.Equal(TinyModels.Scenes, surprise.Length);
        Assert.All(surprise, value => Assert.True(value > 0));
        Assert.Equal(kl, surprise.Average(), 1e-10);
    }

    [Fact]
    public void WrongImageSizeIsNamedWithBothShapes()
    {
        using var device = new CpuDevice(1);
        using var network = new GenerativeQueryNetwork(TinyModels.Options, device, 1);
        using var tape = new Tape(device);
        var (images, views, _, _) = TinyModels.Batch(tape, TinyModels.Options with { ImageSize = 24 });
        var exception = Assert.Throws<ShapeException>(() => network.Represent(images, views, 2));
        Assert.Contains("(4, 3, 24, 24)", exception.Message, StringComparison.Ordinal);
        Assert.Contains("(4, 3, 16, 16)", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Remembers the prior of every latent drawn.</summary>
    private sealed class PriorSpy : ReferenceDevice
    {
        public List<double[]> Priors { get; } = [];

        public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise)
        {
            Priors.Add(Read(prior));
            base.GaussianLatent(z, kl, posterior, prior, noise);
        }
    }
}

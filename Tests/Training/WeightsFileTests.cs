using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Files of weights in half precision, with inference and without, and the folder of them.</summary>
public sealed class WeightsFileTests : IDisposable
{
    private static RunConfiguration Configuration { get; } = Presets.Create("tiny") with { Model = TinyModels.Options };

    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(1);

    private string Path => _folder["a.safetensors"];

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void ParametersComeBackAsTheNearestHalves()
    {
        using var network = Network(1);
        WeightsFile.Save(Path, network, Description());
        using var other = Network(2);
        WeightsFile.Load(Path, other);
        foreach (var parameter in network.Parameters.Parameters)
        {
            float[] expected = Values(network, parameter.Name), actual = Values(other, parameter.Name);
            Assert.Equal(Array.ConvertAll(expected, value => (float)(Half)value), actual);
        }

        using var reader = Safetensors.Open(Path);
        Assert.All(reader.Tensors, tensor => Assert.Equal("F16", tensor.DType));
        Assert.Equal(network.Parameters.Count, reader.Tensors.Sum(tensor => tensor.Count));
        Assert.Equal([32, 8, 5, 5], reader["generation.0.cell.weight.representation"].Shape);
        Assert.Equal(["a.safetensors"], _folder.FileNames);
    }

    [Theory]
    [InlineData(WeightKind.Raw)]
    [InlineData(WeightKind.Average)]
    public void WhatAFileSaysOfItselfComesBack(WeightKind kind)
    {
        using var network = Network(1);
        using var evaluator = new Evaluator(network, _device, Configuration);
        var figures = evaluator.Evaluate([1, 3], 2, 1234, TestContext.Current.CancellationToken);
        figures = figures with { Weights = kind };
        WeightsFile.Save(Path, network, Description() with { Weights = kind, Figures = figures });
        var read = WeightsFile.Describe(Path);
        Assert.Equal((Configuration, 1234, kind, true), (read.Configuration, read.Step, read.Weights, read.CanInfer));
        Assert.Equal("A sentence.", read.Training);
        Assert.Equal(figures.ToJson(), read.Figures!.ToJson());
    }

    [Fact]
    public void WithoutInferenceThePredictionIsTheSame()
    {
        using var whole = Network(1);
        using var part = Network(1, inference: false);
        Assert.True(part.Parameters.Count < 0.75 * whole.Parameters.Count);
        Assert.All(
            part.Parameters.Parameters,
            parameter => Assert.Equal(Values(whole, parameter.Name), Values(part, parameter.Name)));
        using var wholeTape = new Tape(_device) { Recording = false };
        using var partTape = new Tape(_device) { Recording = false };
        Assert.Equal(Predict(whole, wholeTape), Predict(part, partTape));

        WeightsFile.Save(Path, part, Description());
        Assert.False(WeightsFile.Describe(Path).CanInfer);
        using var loaded = Network(2, inference: false);
        WeightsFile.Load(Path, loaded);
        using var again = Network(3);
        var missing = Assert.Throws<SafetensorsException>(() => WeightsFile.Load(Path, again));
        Assert.Contains("'inference.0.", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithoutInferenceWhatNeedsItIsRefused(bool sharedCores)
    {
        var options = TinyModels.Options with { SharedCores = sharedCores };
        using var network = new GenerativeQueryNetwork(options, _device, 1, inference: false);
        using var tape = new Tape(_device) { Recording = false };
        var views = tape.Constant(ModelOptions.ViewShape(1), 0f);
        var image = tape.Constant(options.ImageShape(1), 0f);
        var representation = network.Represent(image, views, 1);
        foreach (var refused in (Action[])[
            () => network.Reconstruct(representation, views, image, new RandomStream(0, 0)),
            () => network.EstimateElbo(representation, views, image, 1f, new RandomStream(0, 0)),
            () => network.EvaluateKl(representation, views, image, new RandomStream(0, 0)),
        ])
        {
            Assert.Contains(
                "without the inference network", Assert.Throws<OptionException>(refused).Message,
                StringComparison.Ordinal);
        }

        Assert.Equal(options.ImageLength, network.Generate(representation, views, new RandomStream(0, 0)).Shape.Count);
    }

    [Fact]
    public void EvaluationWithoutInferenceLeavesOutWhatItCannotMeasure()
    {
        using var whole = Network(1);
        using var part = Network(1, inference: false);
        using var wholeEvaluator = new Evaluator(whole, _device, Configuration);
        using var partEvaluator = new Evaluator(part, _device, Configuration);
        var expected = wholeEvaluator.Evaluate([1, 3], 4, 0, TestContext.Current.CancellationToken);
        var actual = partEvaluator.Evaluate([1, 3], 4, 0, TestContext.Current.CancellationToken);
        Assert.Equal(expected.WithoutInference().ToJson(), actual.ToJson());
        Assert.Contains("\"kl\"", expected.ToJson(), StringComparison.Ordinal);
        foreach (string key in (string[])["reconstruction", "kl", "excess"])
            Assert.DoesNotContain($"\"{key}\"", actual.ToJson(), StringComparison.Ordinal);

        WeightsFile.Save(Path, part, Description() with { Figures = expected });
        Assert.Equal(actual.ToJson(), WeightsFile.Describe(Path).Figures!.ToJson());
    }

    [Fact]
    public void AWeightTooLargeForAHalfIsNamed()
    {
        using var network = Network(1);
        network.Parameters.Write(network.Parameters["output.bias"], [0f, 1e6f, 0f]);
        var error = Assert.Throws<SafetensorsException>(() => WeightsFile.Save(Path, network, Description()));
        Assert.Contains("'output.bias' would hold 1000000", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void OtherFilesAreRefused()
    {
        using var network = Network(1);
        using (var adam = new Adam(network.Parameters))
            Checkpoint.Save(Path, Configuration, network, adam, default);
        Refused("it is not a file of weights");
        WeightsFile.Save(Path, network, Description());
        using (var other = new GenerativeQueryNetwork(TinyModels.Options with { Hidden = 16 }, _device, 1))
            Assert.Throws<SafetensorsException>(() => WeightsFile.Load(Path, other));

        Rewrite("inference", "perhaps");
        Refused("'inference' is neither present nor absent");
        WeightsFile.Save(Path, network, Description());
        Rewrite("figures", "{ }");
        Assert.Contains(
            "not a whole evaluation", Assert.Throws<OptionException>(() => WeightsFile.Describe(Path)).Message,
            StringComparison.Ordinal);
        File.WriteAllText(Path, "nothing of the kind, but long enough");
        Refused("a.safetensors");

        void Refused(string words) => Assert.Contains(
            words, Assert.Throws<SafetensorsException>(() => WeightsFile.Describe(Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutModelsHasNone()
    {
        foreach (string folder in (string[])[_folder.Path, _folder["missing"]])
        {
            var models = new ShippedModels(folder);
            Assert.Empty(models.Names);
            Assert.Contains(
                "'rooms'; no models are shipped", Assert.Throws<OptionException>(() => models.Locate("rooms")).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ANameIsAFolderThenAFileThenAModel()
    {
        foreach (string name in (string[])["rooms.safetensors", "mazes.safetensors", "README.md"])
            File.WriteAllText(_folder[name], "x");
        var models = new ShippedModels(_folder.Path);
        Assert.Equal(["mazes", "rooms"], models.Names);
        Assert.Equal(new ModelLocation(_folder["rooms.safetensors"], false), models.Locate("rooms"));
        Assert.Equal(new ModelLocation(_folder["README.md"], false), models.Locate(_folder["README.md"]));
        Assert.Equal(new ModelLocation(_folder.Path, true), models.Locate(_folder.Path));
        var error = Assert.Throws<OptionException>(() => models.Locate("roms"));
        Assert.Contains("did you mean 'rooms'? Shipped are mazes, rooms.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFolderOfWeightsLiesBesideTheProgram() =>
        Assert.True(File.Exists(System.IO.Path.Combine(AppContext.BaseDirectory, "Weights", "README.md")));

    private static WeightsDescription Description() =>
        new(Configuration, 1234, WeightKind.Raw, true, "A sentence.", null);

    private GenerativeQueryNetwork Network(ulong seed, bool inference = true) =>
        new(Configuration.Model, _device, seed, inference);

    private static float[] Predict(GenerativeQueryNetwork network, Tape tape)
    {
        var views = tape.Constant(ModelOptions.ViewShape(1), 0.5f);
        var representation = network.Represent(tape.Constant(network.Options.ImageShape(1), 0.3f), views, 1);
        float[] image = new float[network.Options.ImageLength];
        network.Generate(representation, views, new RandomStream(7, 0)).Download(image);
        return image;
    }

    private static float[] Values(GenerativeQueryNetwork network, string name)
    {
        float[] values = new float[network.Parameters[name].Shape.Count];
        network.Parameters.Read(network.Parameters[name], values);
        return values;
    }

    /// <summary>Rewrites the file with one entry of its metadata changed.</summary>
    private void Rewrite(string changed, string text)
    {
        var writer = new SafetensorsWriter();
        using (var reader = Safetensors.Open(Path))
        {
            foreach (var (key, value) in reader.Metadata.Where(entry => entry.Key != changed))
                writer.AddMetadata(key, value);
        }

        writer.AddMetadata(changed, text);
        writer.Save(Path);
    }
}

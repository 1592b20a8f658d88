using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;
using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Faulty checkpoints: one typed error each, and nothing in memory changes.</summary>
public sealed class CheckpointTests : IDisposable
{
    private static RunConfiguration Configuration { get; } =
        Presets.Create("tiny") with { Model = TinyModels.Options with { Layers = 1 } };

    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(1);
    private readonly GenerativeQueryNetwork _network;
    private readonly Adam _adam;

    public CheckpointTests()
    {
        _network = new GenerativeQueryNetwork(Configuration.Model, _device, 1);
        _adam = new Adam(_network.Parameters);
    }

    private string Path => _folder["a.safetensors"];

    public void Dispose()
    {
        _adam.Dispose();
        _network.Dispose();
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void SavedAndLoadedStateIsTheSame()
    {
        _adam.StepCount = 7;
        _device.Fill(_adam.FirstMoments, 0.25f);
        Checkpoint.Save(Path, Configuration, _network, _adam, new TrainingState(12, 345));
        using var other = new GenerativeQueryNetwork(Configuration.Model, _device, 2);
        using var otherAdam = new Adam(other.Parameters);
        Assert.Equal(new TrainingState(12, 345), Checkpoint.Load(Path, other, otherAdam));
        Assert.Equal(7, otherAdam.StepCount);
        Assert.Equal(Values(_network), Values(other));
        string again = _folder["b.safetensors"];
        Checkpoint.Save(again, Configuration, other, otherAdam, new TrainingState(12, 345));
        using var first = Safetensors.Open(Path);
        using var second = Safetensors.Open(again);
        Assert.Equal(first.Tensors, second.Tensors, (a, b) => a.Name == b.Name && a.Begin == b.Begin && a.End == b.End);
    }

    [Fact]
    public void AverageIsSavedBesideTheWeightsAndEitherCanBeUsed()
    {
        using var average = new WeightAverage(_network.Parameters, 0.9) { UpdateCount = 7 };
        _device.Fill(average.Values, 0.25f);
        Checkpoint.Save(Path, Configuration, _network, _adam, new TrainingState(12, 345), average);
        Assert.True(Checkpoint.HasAverage(Path));
        using var other = new GenerativeQueryNetwork(Configuration.Model, _device, 2);
        using var otherAverage = new WeightAverage(other.Parameters, 0.9);
        Checkpoint.Load(Path, other, null, otherAverage);
        Assert.Equal(7, otherAverage.UpdateCount);
        Assert.Equal(Values(_network), Values(other));
        otherAverage.Exchange();
        float[] exchanged = Values(other);
        Assert.Contains(0.25f, exchanged);

        Assert.Equal((12, WeightKind.Raw), Checkpoint.LoadWeights(Path, other, WeightKind.Raw));
        Assert.Equal(Values(_network), Values(other));
        foreach (var kind in (WeightKind?[])[null, WeightKind.Average])
        {
            Checkpoint.LoadWeights(Path, other, WeightKind.Raw);
            Assert.Equal((12, WeightKind.Average), Checkpoint.LoadWeights(Path, other, kind));
            Assert.Equal(exchanged, Values(other));
        }
    }

    [Fact]
    public void WithoutAnAverageRawWeightsAreUsedAndANewAverageStartsAtThem()
    {
        Checkpoint.Save(Path, Configuration, _network, _adam, new TrainingState(12, 345));
        Assert.False(Checkpoint.HasAverage(Path));
        using var other = new GenerativeQueryNetwork(Configuration.Model, _device, 2);
        Assert.Equal((12, WeightKind.Raw), Checkpoint.LoadWeights(Path, other, null));
        var exception = Assert.Throws<OptionException>(() => Checkpoint.LoadWeights(Path, other, WeightKind.Average));
        Assert.Contains("has no averaged weights", exception.Message, StringComparison.Ordinal);
        using var average = new WeightAverage(other.Parameters, 0.9) { UpdateCount = 3 };
        _device.Fill(average.Values, 9f);
        Checkpoint.Load(Path, other, null, average);
        Assert.Equal(0, average.UpdateCount);
        average.Exchange();
        Assert.Equal(Values(_network), Values(other));
    }

    [Fact]
    public void AverageOfAnotherShapeIsRefusedAndChangesNothing()
    {
        using var average = new WeightAverage(_network.Parameters, 0.9);
        Checkpoint.Save(Path, Configuration, _network, _adam, default, average);
        string damaged = _folder["damaged.safetensors"];
        using (var reader = Safetensors.Open(Path))
        {
            var writer = new SafetensorsWriter();
            foreach (var (key, value) in reader.Metadata)
                writer.AddMetadata(key, value);
            foreach (var tensor in reader.Tensors)
            {
                float[] values = new float[tensor.Count];
                reader.Read(tensor.Name, values);
                long[] shape = tensor.Name == "average/output.bias" ? [1, 3] : [.. tensor.Shape];
                writer.Add(tensor.Name, shape, values);
            }

            writer.Save(damaged);
        }

        using var other = new GenerativeQueryNetwork(Configuration.Model, _device, 2);
        using var otherAverage = new WeightAverage(other.Parameters, 0.9);
        float[] before = Values(other);
        Assert.Contains(
            "'average/output.bias' has shape (1, 3)",
            Assert.Throws<SafetensorsException>(() => Checkpoint.Load(damaged, other, null, otherAverage)).Message,
            StringComparison.Ordinal);
        Assert.Throws<SafetensorsException>(() => Checkpoint.LoadWeights(damaged, other, null));
        Assert.Equal(before, Values(other));
    }

    [Fact]
    public void WeightsHaveTheOrderOfPythonFrameworks()
    {
        Checkpoint.Save(Path, Configuration, _network, _adam, default);
        using var reader = Safetensors.Open(Path);
        Assert.Equal([32, 8, 5, 5], reader["generation.0.cell.weight.representation"].Shape);
        Assert.Equal([32], reader["generation.0.cell.bias"].Shape);
        float[] memory = new float[_network.Parameters["generation.0.cell.weight.representation"].Shape.Count];
        _device.Download(_network.Parameters["generation.0.cell.weight.representation"].Value, memory);
        float[] file = new float[memory.Length];
        reader.Read("generation.0.cell.weight.representation", file);
        // Output 3, input 5, row 1, column 4: in the file [o][i][y][x], in memory [i][y][x][o].
        Assert.Equal(memory[(((((5 * 5) + 1) * 5) + 4) * 32) + 3], file[(((((3 * 8) + 5) * 5) + 1) * 5) + 4]);

        Assert.Equal([8, 8, 4, 4], reader["resampling.0.up.weight"].Shape);
        var up = _network.Parameters["resampling.0.up.weight"];
        (memory, file) = (new float[up.Shape.Count], new float[up.Shape.Count]);
        _device.Download(up.Value, memory);
        reader.Read("resampling.0.up.weight", file);
        // Input 2, output 7, row 3, column 1: in the file [i][o][y][x], in memory [i][y][x][o].
        Assert.Equal(memory[(((((2 * 4) + 3) * 4) + 1) * 8) + 7], file[(((((2 * 8) + 7) * 4) + 3) * 4) + 1]);
    }

    [Fact]
    public void DamageAnywhereIsFoundAndChangesNothing()
    {
        Checkpoint.Save(Path, Configuration, _network, _adam, new TrainingState(1, 2));
        byte[] good = File.ReadAllBytes(Path);
        float[] before = Values(_network);
        // Every region: length, header, and the data in many places; flips of one bit. Only the digits of the check value
        // of the whole file may differ: that of the content then proves the rest.
        int digits = good.AsSpan().IndexOf("\"crc32c\":\""u8) + 10;
        var places = Enumerable.Range(0, 64).Concat(
            Enumerable.Range(0, 300).Select(i => (int)((long)i * (good.Length - 1) / 299)))
            .Where(place => place < digits || place >= digits + 8);
        foreach (int place in places)
        {
            byte[] bad = [.. good];
            bad[place] ^= (byte)(1 << (place % 8));
            File.WriteAllBytes(Path, bad);
            var exception = Assert.ThrowsAny<Exception>(() => Checkpoint.Load(Path, _network, _adam));
            Assert.True(exception is SafetensorsException or OptionException, $"byte {place}: {exception}");
            Assert.Contains("a.safetensors", exception.Message, StringComparison.Ordinal);
        }

        foreach (int length in new[] { 0, 1, 7, 8, 9, 100, good.Length / 2, good.Length - 1 })
        {
            File.WriteAllBytes(Path, good[..length]);
            Assert.Throws<SafetensorsException>(() => Checkpoint.Load(Path, _network, _adam));
        }

        File.Delete(Path);
        Assert.ThrowsAny<IOException>(() => Checkpoint.Load(Path, _network, _adam));
        Assert.Equal(before, Values(_network));
        Assert.Equal(0, _adam.StepCount);
    }

    [Fact]
    public void OtherModelIsRefusedByTheFirstOptionThatDiffers()
    {
        Checkpoint.Save(Path, Configuration, _network, _adam, default);
        using var other = new GenerativeQueryNetwork(Configuration.Model with { Hidden = 16 }, _device, 1);
        var exception = Assert.Throws<OptionException>(() => Checkpoint.Load(Path, other, null));
        Assert.Contains("model.hidden is 8, the one asked for has 16", exception.Message, StringComparison.Ordinal);
        using var angles = new GenerativeQueryNetwork(
            Configuration.Model with { ViewpointOrder = Gqn.Native.Scenes.ViewpointOrder.SinCos }, _device, 1);
        Assert.Contains(
            "viewpointOrder", Assert.Throws<OptionException>(() => Checkpoint.Load(Path, angles, null)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ForeignSafetensorsFileIsNotACheckpoint()
    {
        string path = _folder["foreign.safetensors"];
        var writer = new SafetensorsWriter();
        writer.Add("x", [2], new float[] { 1, 2 });
        writer.Save(path);
        Assert.Contains(
            "foreign.safetensors",
            Assert.Throws<SafetensorsException>(() => Checkpoint.Load(path, _network, null)).Message,
            StringComparison.Ordinal);
    }

    private float[] Values(GenerativeQueryNetwork network)
    {
        float[] values = new float[network.Parameters.Values.Shape.Count];
        _device.Download(network.Parameters.Values, values);
        return values;
    }
}

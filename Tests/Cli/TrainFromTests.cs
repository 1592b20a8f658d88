using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>New runs that start with the weights of others.</summary>
public sealed class TrainFromTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private const string Options = "train --preset tiny --steps 1 --threads 1 --set learningRate.initial=1e-9 "
        + "--set learningRate.final=1e-9 --set reporting.evaluationScenes=2";

    [Fact]
    public async Task TheWeightsOfARunAreThoseOfTheNewOneWhateverItsScenes()
    {
        string run = trained["from-run"];
        (await CommandRun.Of($"{Options} --scenes jaco --from", trained.Run, "--out", run)).Succeeded();
        var configuration = new RunDirectory(run).ReadConfiguration();
        Assert.Equal((Path.GetFullPath(trained.Run), "jaco"), (configuration.Training.From, configuration.Training.Scenes));
        AssertSameWeights(Latest(trained.Run), Latest(run), _ => true, 1e-6f);
        // It goes on without what it started from.
        (await CommandRun.Of("train --steps 3 --resume", run)).Succeeded();
    }

    [Fact]
    public async Task AFileWithoutInferenceGivesAllElse()
    {
        string file = trained["part.safetensors"], run = trained["from-file"];
        (await CommandRun.Of("export --without-inference --weights fp32", trained.Run, "--out", file)).Succeeded();
        using (var reader = Safetensors.Open(file))
            Assert.All(reader.Tensors, tensor => Assert.Equal("F32", tensor.DType));
        (await CommandRun.Of($"{Options} --from", file, "--out", run)).Succeeded();
        AssertSameWeights(
            Latest(trained.Run), Latest(run), name => !GenerativeQueryNetwork.IsOfInference(name), 1e-6f);
    }

    [Fact]
    public void WhatIsOfInferenceIsWhatANetworkWithoutItLacks()
    {
        using var device = new CpuDevice();
        foreach (bool shared in new[] { false, true })
        {
            var options = Presets.Create("tiny").Model with { SharedCores = shared, HeadsPerLayer = !shared };
            using var whole = new GenerativeQueryNetwork(options, device, 1);
            using var part = new GenerativeQueryNetwork(options, device, 1, inference: false);
            string[] left = [.. whole.Parameters.Parameters.Select(parameter => parameter.Name)
                .Where(name => !GenerativeQueryNetwork.IsOfInference(name))];
            Assert.Equal(part.Parameters.Parameters.Select(parameter => parameter.Name), left);
            Assert.NotEqual(whole.Parameters.Parameters.Count, left.Length);
        }
    }

    [Fact]
    public async Task WhatDoesNotFitIsNamedAndLeavesNoRun()
    {
        string run = trained["never"];
        (await CommandRun.Of($"{Options} --set model.hidden=24 --from", trained.Run, "--out", run))
            .Refused("has shape (64, 7, 5, 5), the model's is (96, 7, 5, 5)");
        Assert.False(Directory.Exists(run));
        (await CommandRun.Of($"{Options} --from rooms-rang --out", run)).Refused("did you mean 'rooms-ring'?");
        (await CommandRun.Of("train --from rooms-ring --resume", trained.Run)).Refused("exclude each other");
        (await CommandRun.Of($"{Options} --from", trained.Path, "--out", run)).Refused("is not a run");
    }

    [Theory]
    [InlineData("fp8")]
    [InlineData("raw,,fp16")]
    public async Task ExportKnowsItsWords(string words)
    {
        (await CommandRun.Of($"export --weights {words}", trained.Run, "--out", trained["x.safetensors"]))
            .Refused("write raw or average, fp16 or fp32");
    }

    private static string Latest(string run) => TrainedRun.Checkpoint(run);

    private static void AssertSameWeights(string expected, string actual, Func<string, bool> wanted, float tolerance)
    {
        using var one = Safetensors.Open(expected);
        using var other = Safetensors.Open(actual);
        int compared = 0;
        foreach (var tensor in one.Tensors.Where(tensor => !tensor.Name.Contains('/') && wanted(tensor.Name)))
        {
            float[] a = new float[tensor.Count], b = new float[tensor.Count];
            one.Read(tensor.Name, a);
            other.Read(tensor.Name, b);
            Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, tolerance));
            compared++;
        }

        Assert.InRange(compared, 20, 200);
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Checkpoints and files of weights that another program wrote again.</summary>
public sealed class RewrittenFileTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private const string Warning = "was written again by another program; its content is whole";

    [Fact]
    public async Task ARewrittenCheckpointIsUsedWithAWarning()
    {
        string run = trained.Copy("rewritten"), checkpoint = TrainedRun.Checkpoint(run);
        string before = (await CommandRun.Of("eval --count 2", run)).Succeeded().Output;
        Assert.DoesNotContain(Warning, before, StringComparison.Ordinal);
        WriteAgain(checkpoint);
        string after = (await CommandRun.Of("eval --count 2", run)).Succeeded().Output;
        Assert.Equal($"warning    {checkpoint} {Warning}\n{before}", after.ReplaceLineEndings("\n"));
        foreach (string command in new[] { "info", "render --out " + trained["x.png"], "train --steps 7 --resume" })
            Assert.Contains(Warning, (await CommandRun.Of(command, run)).Succeeded().Output, StringComparison.Ordinal);
        // The new checkpoint is the program's own.
        Assert.DoesNotContain(
            Warning, (await CommandRun.Of("eval --count 2", run)).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARewrittenFileOfWeightsIsUsedWithAWarning()
    {
        string file = trained["weights.safetensors"];
        (await CommandRun.Of("export", trained.Run, "--out", file)).Succeeded();
        WriteAgain(file);
        string output = (await CommandRun.Of("info", file)).Succeeded().Output;
        Assert.Contains($"{file} {Warning}", output, StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^5] ^= 1;
        File.WriteAllBytes(file, bytes);
        (await CommandRun.Of("eval", file)).Refused("disagrees with its check value, so the file is damaged");
    }

    /// <summary>Writes the header in another order and spacing, as other writers do; the data stay.</summary>
    private static void WriteAgain(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int length = BitConverter.ToInt32(file);
        var header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var properties = header.Reverse().ToList();
        header.Clear();
        foreach (var (name, value) in properties)
            header.Add(name, value);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. file.AsSpan(8 + length)]);
    }
}

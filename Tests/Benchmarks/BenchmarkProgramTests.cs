using Gqn.Native.Benchmarks;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Measures;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>What the benchmark program lists, selects and refuses, without timing anything.</summary>
public sealed class BenchmarkProgramTests
{
    [Fact]
    public void EveryBenchmarkSaysWhatItDoes() => Assert.All(BenchmarkCatalog.Classes, benchmarks =>
    {
        Assert.NotEmpty(benchmarks.Description);
        var declared = DeclaredWork.OfAll(benchmarks);
        Assert.Equal(benchmarks.Methods.Order(), declared.Select(benchmark => benchmark.Method).Distinct().Order());
        foreach (var (method, work) in declared)
            Assert.NotEqual(method == nameof(SceneBenchmarks.Sample), work.Flops > 0 || work.Bytes > 0);
    });

    [Theory]
    [InlineData("Conv2d", "Conv2dBenchmarks: Naive Forward BackwardInput BackwardWeight")]
    [InlineData("lstmcell.backward", "LstmCellBenchmarks: NaiveForward Backward")]
    [InlineData("Gemm*.Multiply", "GemmBenchmarks: Naive Multiply")]
    [InlineData("Picture", "SceneBenchmarks: Picture")]
    public void FilterSelectsMethodsAndTheBaseline(string filter, string expected)
    {
        var selected = BenchmarkCatalog.Select(filter).Select(
            benchmarks => $"{benchmarks.Type.Name}: {string.Join(' ', benchmarks.Methods)}");
        Assert.Equal([expected], selected);
    }

    [Fact]
    public void ListShowsEveryClass()
    {
        var (code, output, error) = Run("list");
        Assert.Equal((BenchmarkCommands.Success, string.Empty), (code, error));
        foreach (var benchmarks in BenchmarkCatalog.Classes)
            Assert.Contains(benchmarks.Type.Name, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("measure", "no verb 'measure'")]
    [InlineData("run Nothing*", "No benchmark matches 'Nothing*'")]
    [InlineData("run Gemm Conv2d", "'Conv2d' is a second")]
    [InlineData("run Gemm --profile long", "long")]
    [InlineData("run", "missing for command: 'run'")]
    [InlineData("check --noisy --update", "exclude each other")]
    [InlineData("check --loud", "--loud")]
    public void WhatIsWrongIsRefusedInOneSentence(string words, string fragment)
    {
        var (code, _, error) = Run(words.Split(' '));
        Assert.Equal(BenchmarkCommands.BadInput, code);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(fragment, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = BenchmarkCommands.Run(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}

using Gqn.Native.Benchmarks.Guard;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>When the guard of speed fails, and the files that it compares with.</summary>
public sealed class GuardTests : IDisposable
{
    private const string Machine = "some-processor-2-threads-vector256";
    private static readonly Figures Committed = new(10, 0.8);
    private readonly TemporaryFolder _folder = new();

    private string FilePath => CommittedFigures.PathOf(_folder.Path, Machine);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(10.0, 0.80, true)]
    [InlineData(9.01, 0.73, true)]
    [InlineData(8.99, 0.80, false)]
    [InlineData(10.0, 0.71, false)]
    [InlineData(20.0, 0.71, false)]
    [InlineData(double.NaN, 0.80, false)]
    [InlineData(10.0, double.NaN, false)]
    public void QuietMachineLosesAtMostATenthOfEitherFigure(double ratio, double share, bool passes) =>
        Assert.Equal(passes, Verdict.Of(new Figures(ratio, share), Committed, 1, Tolerance.Quiet).Passed);

    [Theory]
    [InlineData(7.01, 0.01, true)]
    [InlineData(6.99, 0.57, true)]
    [InlineData(6.99, 0.55, false)]
    [InlineData(double.NaN, 0.80, false)]
    public void NoisyMachineLosesThreeTenthsOfBothFiguresToFail(double ratio, double share, bool passes) =>
        Assert.Equal(passes, Verdict.Of(new Figures(ratio, share), Committed, 1, Tolerance.Noisy).Passed);

    [Fact]
    public void FloorHoldsWithAndWithoutCommittedFigures()
    {
        Assert.True(Verdict.Of(new Figures(1.0, 0.1), null, 1, Tolerance.Quiet).Passed);
        Assert.False(Verdict.Of(new Figures(0.99, 0.1), null, 1, Tolerance.Quiet).Passed);
        Assert.False(Verdict.Of(new Figures(0.99, 0.1), new Figures(0.9, 0.1), 1, Tolerance.Noisy).Passed);
        Assert.False(Verdict.Of(new Figures(double.NaN, 0.1), null, 1, Tolerance.Quiet).Passed);
    }

    [Theory]
    [InlineData(new[] { true }, 1, true)]
    [InlineData(new[] { false, true }, 2, true)]
    [InlineData(new[] { false, false, true }, 3, true)]
    [InlineData(new[] { false, false, false, true }, 3, false)]
    public void FailureIsBelievedAfterThreeMeasurements(bool[] outcomes, int measurements, bool passes)
    {
        int taken = 0;
        var (measured, verdict) = Verdict.Confirm(
            () => ++taken, attempt => new Verdict(outcomes[attempt - 1], string.Empty));
        Assert.Equal((measurements, measurements, passes), (taken, measured, verdict.Passed));
    }

    [Fact]
    public void MedianIgnoresOutliers() => Assert.Equal(3, Measurement.Median([1e9, 2, 3, 0, 4]));

    [Fact]
    public void FiguresSurviveTheFileWithFourDigits()
    {
        var written = new CommittedCase(new Figures(12.34567, 0.912345), new Figures(3, 0.5));
        new CommittedFigures(Machine, new() { ["gemm"] = written }).Write(FilePath);
        var read = CommittedFigures.Read(FilePath)!;
        Assert.Equal(Machine, read.Machine);
        Assert.Equal(
            [new("gemm", new CommittedCase(new Figures(12.35, 0.9123), new Figures(3, 0.5)))], read.Cases);
        Assert.Equal([$"{Machine}.json"], _folder.FileNames);
    }

    [Fact]
    public void MissingFileIsNoFigures() => Assert.Null(CommittedFigures.Read(FilePath));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"machine":"another","cases":{}}""")]
    [InlineData("""{"machine":"MACHINE"}""")]
    [InlineData("""{"machine":"MACHINE","cases":null}""")]
    [InlineData("""{"machine":"MACHINE","cases":{},"more":1}""")]
    [InlineData("""{"machine":"MACHINE","cases":{"a":null}}""")]
    [InlineData("""{"machine":"MACHINE","cases":{"a":{"allThreads":{"ratio":1,"peakShare":1}}}}""")]
    [InlineData("""{"machine":"MACHINE","cases":{"a":{"allThreads":FIGURES,"oneThread":{"ratio":1}}}}""")]
    [InlineData("""{"machine":"MACHINE","cases":{"a":{"allThreads":FIGURES,"oneThread":{"ratio":0,"peakShare":1}}}}""")]
    [InlineData("""{"machine":"MACHINE","cases":{"a":{"allThreads":FIGURES,"oneThread":{"ratio":"a"}}}}""")]
    public void DamagedFileIsRefused(string json)
    {
        const string figures = """{"ratio":2,"peakShare":0.5}""";
        File.WriteAllText(
            FilePath,
            json.Replace("MACHINE", Machine, StringComparison.Ordinal)
                .Replace("FIGURES", figures, StringComparison.Ordinal));
        var refusal = Assert.Throws<InvalidDataException>(() => CommittedFigures.Read(FilePath));
        Assert.Contains(FilePath, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AMD EPYC family 25 model 17", 2, "amd-epyc-family-25-model-17-2-threads-vector512")]
    [InlineData(
        "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz", 64,
        "intel-xeon-platinum-8370c-cpu-2-80ghz-64-threads-vector512")]
    [InlineData("  ../../Übel\n\0 CPU  ", 1, "bel-cpu-1-threads-vector512")]
    public void MachineNameIsAFileName(string processor, int threads, string name) =>
        Assert.Equal(name, MachineName.Compose(processor, threads, SimdLevel.Vector512));

    [Fact]
    public void MachineNameStaysTheSame()
    {
        Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*-[0-9]+-threads-(scalar|vector256|vector512)$", MachineName.Here);
        Assert.DoesNotContain("--", MachineName.Here, StringComparison.Ordinal);
    }
}

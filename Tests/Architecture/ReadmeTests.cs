using Gqn.Native.Tests.Io;
using Gqn.Native.Tests.Training;
using Xunit;

namespace Gqn.Native.Tests.Architecture;

/// <summary>The programs in the README are compiled, run, and compared with the page.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void EngineExampleLearns()
    {
        Assert.InRange(EngineExample.Run(), 0, 0.01f);
        PageExample.AssertProgramOn("README.md", "EngineExample.cs");
    }

    [Fact]
    public void TrainedRunExampleRenders()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"], picture = folder["view.png"];
        TrainerTests.Run(
            run, 1, new TrainerTests.Observer(), CancellationToken.None, "training.steps=2", "model.imageSize=32");
        TrainedRunExample.Run(run, picture);
        Assert.True(File.Exists(picture));
        PageExample.AssertProgramOn("README.md", "TrainedRunExample.cs");
    }
}

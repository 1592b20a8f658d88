using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Pictures are functions of (environment, split, index, camera, size) and nothing else.</summary>
public sealed class DeterminismTests
{
    public static MatrixTheoryData<string, int> NamesAndThreads { get; } = new(Environments.Names, [1, 2, 4]);

    [Theory]
    [MemberData(nameof(NamesAndThreads))]
    public void BytesAreTheSameOnAnyNumberOfThreads(string name, int threads)
    {
        const int Pictures = 66;
        byte[][] expected = [.. Enumerable.Range(0, Pictures).Select(Numbered)];
        byte[][] actual = new byte[Pictures][];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            for (int i = t; i < Pictures; i += threads)
                actual[i] = Numbered(i);
        }))];
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        Assert.Equal(expected, actual);
        Assert.True(expected.Select(Convert.ToHexString).Distinct().Count() > Pictures * 9 / 10);

        // Everything is made anew each time, the environment included.
        byte[] Numbered(int i)
        {
            var scene = Environments.Create(name).Sample(SceneSplit.Train, (ulong)(i / 10));
            return scene.Render(scene.Cameras[i % 10], 48).Bytes.ToArray();
        }
    }
}

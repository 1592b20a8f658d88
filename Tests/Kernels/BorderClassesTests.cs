using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public sealed class BorderClassesTests
{
    /// <summary>Kernels 1 to 9 on images from one row to more rows than two kernels.</summary>
    public static TheoryData<int> Kernels => [1, 3, 5, 7, 9];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void RowsOfAClassAreThoseThatSeeTheSameTaps(int kernel)
    {
        for (int size = 1; size <= 20; size++)
        {
            var classes = new BorderClasses(size, kernel);
            var seen = Enumerable.Range(0, size).Select(row => Taps(size, kernel, row)).ToList();
            Assert.Equal(seen.Distinct().Count(), classes.Count);
            for (int row = 0; row < size; row++)
            {
                int index = classes.Of(row);
                Assert.Equal(seen[row], (classes.FirstTap(index), classes.LastTap(index)));
                Assert.InRange(row, classes.First(index), classes.Last(index));
            }

            Assert.Equal(size, Enumerable.Range(0, classes.Count).Sum(i => classes.Last(i) - classes.First(i) + 1));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void ClassesOfATapAreThoseThatSeeIt(int kernel)
    {
        for (int size = 1; size <= 20; size++)
        {
            var classes = new BorderClasses(size, kernel);
            for (int tap = 0; tap < kernel; tap++)
            {
                for (int i = 0; i < classes.Count; i++)
                {
                    bool sees = tap >= classes.FirstTap(i) && tap <= classes.LastTap(i);
                    Assert.Equal(sees, i >= classes.FirstClass(tap) && i <= classes.LastClass(tap));
                }
            }
        }
    }

    private static (int First, int Last) Taps(int size, int kernel, int row)
    {
        var inside = Enumerable.Range(0, kernel)
            .Where(tap => row + tap - (kernel / 2) is int at && at >= 0 && at < size).ToList();
        return (inside.Min(), inside.Max());
    }
}

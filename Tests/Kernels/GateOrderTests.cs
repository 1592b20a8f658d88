using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public sealed class GateOrderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(64)]
    public void GroupsOfSixteenChannelsHoldTheirFourGates(int hidden)
    {
        int expected = 0;
        for (int first = 0; first < hidden; first += 16)
        {
            for (int gate = 0; gate < 4; gate++)
            {
                for (int channel = first; channel < Math.Min(hidden, first + 16); channel++)
                {
                    Assert.Equal(expected, GateOrder.Index(gate, channel, hidden));
                    Assert.Equal(expected++, GateOrder.FromLogical((gate * hidden) + channel, hidden));
                }
            }
        }

        Assert.Equal(4 * hidden, expected);
    }
}

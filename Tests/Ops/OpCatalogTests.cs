using System.Reflection;
using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Ops;

public sealed class OpCatalogTests
{
    [Fact]
    public void EveryPublicOpHasARow()
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
        string[] ops = [.. typeof(Operations).GetMethods(Own).Select(method => method.Name).Distinct().Order()];
        string[] rows = [.. OpCatalog.Ops.Distinct().Order()];
        Assert.Equal(ops, rows);
    }
}

namespace Gqn.Native.Engine;

/// <content>A distribution over channels.</content>
public static partial class Operations
{
    /// <summary>exp(x) / Σ exp(x), with the sum over the channels of each pixel.</summary>
    /// <remarks>Composed of other ops and not shifted by a maximum: x must stay within ±80, or exp leaves the range of
    /// single precision.</remarks>
    public static Variable Softmax(this Variable x)
    {
        var e = x.Exp();
        return e.Divide(e.SumTo(e.Shape with { C = 1 }).BroadcastTo(e.Shape));
    }
}

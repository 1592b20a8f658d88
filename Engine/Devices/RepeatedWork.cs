namespace Gqn.Native.Engine;

/// <summary>
/// Work that is done again and again in a few forms, made by <see cref="Device.Repeat"/>. A device may record what the
/// work computes, and later compute the same on the same memory without running the work's code.
/// </summary>
public abstract class RepeatedWork : IDisposable
{
    /// <summary>Does the work.</summary>
    /// <param name="form">Identifies a form, in which the work calls the same ops on tensors of the same shapes, with
    /// parameters that are constant or step values.</param>
    /// <param name="memory">The tensors that the work uses and does not itself rent from the device's pool, as far as
    /// they may differ from call to call: it is repeated only if they are the same as when it was recorded.</param>
    /// <returns>True if the work's code ran; false if its computation alone was repeated, so that whatever else the
    /// code does on the host remains to be done.</returns>
    public abstract bool Run(int form, ReadOnlySpan<Tensor> memory);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what was recorded.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>Work whose code runs each time.</summary>
internal sealed class PlainWork(Action work) : RepeatedWork
{
    public override bool Run(int form, ReadOnlySpan<Tensor> memory)
    {
        work();
        return true;
    }

    protected override void Dispose(bool disposing)
    {
    }
}

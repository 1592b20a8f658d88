namespace Gqn.Native.Engine;

/// <summary>A tensor that a tape knows: one value in a computation.</summary>
/// <remarks>The default value is absent; ops that allow it treat it as zero.</remarks>
/// <param name="Tape">The tape that made it.</param>
/// <param name="Id">Its index on the tape.</param>
/// <param name="Value">The elements; valid until the tape is reset or, while recording, until backward has passed
/// it.</param>
public readonly record struct Variable(Tape Tape, int Id, Tensor Value)
{
    /// <summary>False for the default value.</summary>
    public bool Exists => Tape is not null;

    /// <summary>Logical shape (N, C, H, W).</summary>
    public Shape Shape => Value.Shape;

    /// <summary>The same elements in the same (channels-last) memory order under another shape, at no cost.</summary>
    /// <exception cref="ShapeException">The number of elements differs.</exception>
    public Variable Reshape(Shape shape) => this with { Value = Value.Reshape(shape) };

    /// <summary>Copies the value to the host, in memory order. Waits for the device.</summary>
    /// <exception cref="InvalidOperationException">Backward or a release has returned the memory.</exception>
    public void Download(Span<float> destination)
    {
        Tape.RequireAlive(this);
        Tape.Device.Download(Value, destination);
    }

    /// <summary>The value of a scalar, if it is available.</summary>
    /// <param name="wait">Whether to wait for the device.</param>
    /// <returns>Null if <paramref name="wait"/> is false and reading the value would mean waiting.</returns>
    /// <exception cref="ShapeException">There is more than one element.</exception>
    public float? Item(bool wait) => wait || !Tape.Device.IsAsynchronous ? Item() : null;

    /// <summary>The value of a scalar. Waits for the device.</summary>
    /// <exception cref="ShapeException">There is more than one element.</exception>
    public float Item()
    {
        if (Shape.Count != 1)
            throw new ShapeException($"Item: {Shape} is not one number.");
        float item = 0;
        Download(new Span<float>(ref item));
        return item;
    }
}

using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>η^g: the mean image from the canvas, a 1 x 1 convolution, applied without building the canvas.</summary>
/// <remarks>
/// The canvas is the sum of Δ(h) over the layers and Δ is linear: η^g of it is the sum of η^g∘Δ, a much smaller map of
/// h. Everything stays on the latent grid, with the block of pixels of a latent pixel in its channels, tap by tap.
/// </remarks>
public sealed class OutputHead : Module
{
    private readonly Parameter _weight, _bias;
    private readonly int _hidden, _scale;

    /// <summary>Declares "weight" (3, hidden, 1, 1) and "bias".</summary>
    public OutputHead(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_hidden, _scale) = (options.Hidden, options.CanvasScale);
        _weight = Scope.Convolution(
            "weight", ModelOptions.ImageChannels, _hidden, 1, 1, Initializer.TruncatedNormal(_hidden));
        _bias = Scope.Dense("bias", new Shape(1, ModelOptions.ImageChannels, 1, 1), Initializer.Zeros);
    }

    /// <summary>The map from a canvas pixel to an image pixel, (hidden, 3, 1, 1).</summary>
    public Variable Map(Tape tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.Watch(_weight).Reshape(new Shape(_hidden, ModelOptions.ImageChannels, 1, 1));
    }

    /// <summary>The image of an empty canvas, the bias in every pixel: (images, s·s·3, size, size).</summary>
    /// <param name="tape">The tape to compute on.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="size">Side of the latent grid.</param>
    public Variable Empty(Tape tape, int images, int size)
    {
        ArgumentNullException.ThrowIfNull(tape);
        int taps = _scale * _scale, depth = taps * ModelOptions.ImageChannels;
        var block = tape.Watch(_bias).BroadcastTo(new Shape(taps, ModelOptions.ImageChannels, 1, 1));
        return block.Reshape(new Shape(1, depth, 1, 1)).BroadcastTo(new Shape(images, depth, size, size));
    }
}

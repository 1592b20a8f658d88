using Gqn.Native.Engine;

namespace Gqn.Native.Model.Representation;

/// <summary>The "pyramid": three convolutions of stride 2 and one over the remaining map, down to one pixel.</summary>
/// <remarks>
/// The viewpoint enters with the image, tiled. With 64-pixel images and 256 channels it has 2,139,872 parameters.
/// </remarks>
public sealed class Pyramid : RepresentationNetwork
{
    private readonly SumConvolution _conv1;
    private readonly Convolution _conv2, _conv3, _conv4;

    /// <summary>Declares the parameters of "conv1" to "conv4".</summary>
    /// <param name="scope">The scope of the parameters.</param>
    /// <param name="options">Sizes; the layers have 1/8, 1/4, 1/2 and all of the representation's channels.</param>
    public Pyramid(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        int last = options.ImageSize / 8, channels = options.RepresentationChannels;
        _conv1 = new SumConvolution(
            Scope.Child("conv1"), [("image", ModelOptions.ImageChannels), ("view", options.ViewChannels)],
            channels / 8, 2, 2, Activation.Relu);
        _conv2 = new Convolution(Scope.Child("conv2"), channels / 8, channels / 4, 2, 2, Activation.Relu);
        _conv3 = new Convolution(Scope.Child("conv3"), channels / 4, channels / 2, 2, 2, Activation.Relu);
        _conv4 = new Convolution(Scope.Child("conv4"), channels / 2, channels, last, last, Activation.Relu);
    }

    /// <inheritdoc />
    public override Variable Forward(Variable images, Views views)
    {
        var view = views.Rays.Exists ? views.Rays : views.Poses;
        var tiled = view.Shape.H == images.Shape.H
            ? view
            : view.BroadcastTo(view.Shape with { H = images.Shape.H, W = images.Shape.W });
        return _conv4.Forward(_conv3.Forward(_conv2.Forward(_conv1.Forward([images, tiled]))));
    }
}

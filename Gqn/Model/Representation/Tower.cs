using Gqn.Native.Engine;

namespace Gqn.Native.Model.Representation;

/// <summary>The "tower": eight convolutions with two skip connections, down to a quarter of the image size.</summary>
/// <remarks>
/// Every convolution, including the last, has a bias and a ReLU; a skip is added after the ReLU. The viewpoint, the
/// same in every pixel, or each cell's ray enters at the second skip. With 256 channels it has 1,962,368 parameters.
/// </remarks>
public sealed class Tower : RepresentationNetwork
{
    /// <summary>Image pixels per cell of the representation, along each axis.</summary>
    public const int Reduction = 4;

    private readonly Convolution _down1, _skip1, _conv3, _down4, _conv7, _conv8;
    private readonly SumConvolution _skip5, _conv6;

    /// <summary>Declares the parameters of "conv1" to "conv8".</summary>
    /// <param name="scope">The scope of the parameters.</param>
    /// <param name="channels">Channels of the representation; half as many inside the blocks.</param>
    /// <param name="viewChannels">Channels of the view in each cell: those of the viewpoint, or of the cell's
    /// ray.</param>
    public Tower(ParameterScope scope, int channels, int viewChannels = ModelOptions.ViewpointDimensions)
        : base(scope)
    {
        int half = channels / 2;
        (string, int)[] merged = [("features", channels), ("view", viewChannels)];
        _down1 = new Convolution(Scope.Child("conv1"), ModelOptions.ImageChannels, channels, 2, 2, Activation.Relu);
        _skip1 = new Convolution(Scope.Child("conv2"), channels, channels, 2, 2, Activation.Relu);
        _conv3 = new Convolution(Scope.Child("conv3"), channels, half, 3, 1, Activation.Relu);
        _down4 = new Convolution(Scope.Child("conv4"), half, channels, 2, 2, Activation.Relu);
        _skip5 = new SumConvolution(Scope.Child("conv5"), merged, channels, 3, activation: Activation.Relu);
        _conv6 = new SumConvolution(Scope.Child("conv6"), merged, half, 3, activation: Activation.Relu);
        _conv7 = new Convolution(Scope.Child("conv7"), half, channels, 3, 1, Activation.Relu);
        _conv8 = new Convolution(Scope.Child("conv8"), channels, channels, 1, 1, Activation.Relu);
    }

    /// <inheritdoc />
    public override Variable Forward(Variable images, Views views) => Forward(images, views, out _);

    /// <summary>ψ(x, v), and the features of its first block, which have a finer resolution.</summary>
    /// <param name="images">(N, 3, size, size), in [0, 1].</param>
    /// <param name="views">The encoded cameras of the N images.</param>
    /// <param name="fine">(N, channels / 2, size / 2, size / 2)</param>
    /// <returns>(N, channels, size / 4, size / 4)</returns>
    internal Variable Forward(Variable images, Views views, out Variable fine)
    {
        var view = views.Rays.Exists ? views.Rays : views.Poses;
        var a = _down1.Forward(images);
        fine = _conv3.Forward(a);
        var b = _down4.Forward(fine).Add(_skip1.Forward(a));
        var d = _conv7.Forward(_conv6.Forward([b, view])).Add(_skip5.Forward([b, view]));
        return _conv8.Forward(d);
    }
}

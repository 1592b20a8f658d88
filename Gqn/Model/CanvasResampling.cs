using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>
/// One layer's maps between the latent grid and the full resolution: canvas up, canvas down, image down.
/// </summary>
/// <remarks>
/// All maps have stride = kernel = s, the canvas scale, and no other map uses the canvas: it stays on the latent grid
/// as (N, s·s·hidden, h, w), the block of a latent pixel in its channels, tap by tap, and up and down are matrix
/// products.
/// </remarks>
public sealed class CanvasResampling : Module
{
    private readonly Parameter _up;
    private readonly Parameter? _canvasDown;
    private readonly Convolution? _imageDown;
    private readonly int _hidden, _taps;

    /// <summary>
    /// Declares "up", "canvas_down" and "image_down", all with stride = kernel = canvas scale and without bias; the
    /// maps down only for a network with inference, which alone uses their results.
    /// </summary>
    public CanvasResampling(ParameterScope scope, ModelOptions options, bool inference = true)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        int scale = options.CanvasScale;
        (_hidden, _taps) = (options.Hidden, scale * scale);
        _up = Scope.Child("up").ChannelsLast(
            "weight", _hidden, _hidden, scale, Initializer.TruncatedNormal(_hidden));
        if (!inference)
            return;
        _canvasDown = Scope.Child("canvas_down").Convolution(
            "weight", _hidden, _hidden, scale, scale, Initializer.TruncatedNormal(_hidden * _taps));
        _imageDown = new Convolution(
            Scope.Child("image_down"), ModelOptions.ImageChannels, ModelOptions.ImageChannels, scale, scale,
            bias: false);
    }

    /// <summary>u + Δ(h): the canvas after a layer. An absent canvas is zero.</summary>
    public Variable Draw(Variable hidden, Variable canvas) =>
        hidden.MatMul(hidden.Tape.Watch(_up).Reshape(new Shape(_hidden, _taps * _hidden, 1, 1)), canvas);

    /// <summary>The canvas as the inference core sees it, (N, hidden, h, w); absent if the canvas is absent.</summary>
    public Variable CanvasDown(Variable canvas) => canvas.Exists
        ? canvas.MatMul(canvas.Tape.Watch(_canvasDown!).Reshape(new Shape(_taps * _hidden, _hidden, 1, 1)))
        : default;

    /// <summary>
    /// image + η(Δ(h)), with the product of both maps: adds a layer's output to the image without a canvas.
    /// </summary>
    /// <param name="hidden">h, (N, hidden, h, w)</param>
    /// <param name="map">η, from a canvas pixel to an image pixel, (hidden, channels, 1, 1)</param>
    /// <param name="image">The image so far, (N, s·s·channels, h, w)</param>
    public Variable DrawImage(Variable hidden, Variable map, Variable image)
    {
        var tape = hidden.Tape;
        var product = tape.Watch(_up).Reshape(new Shape(_hidden * _taps, _hidden, 1, 1)).MatMul(map);
        var drawn = hidden.MatMul(product.Reshape(new Shape(_hidden, _taps * map.Shape.C, 1, 1)), image);
        tape.Release(product);
        return drawn;
    }

    /// <summary>The query image, downsampled to the latent grid.</summary>
    public Variable ImageDown(Variable image) => _imageDown!.Forward(image);
}

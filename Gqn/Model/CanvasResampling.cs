using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Nn;

namespace Gqn.Native.Model;

/// <summary>
/// One layer's ways between the latent grid and the full resolution: canvas up, canvas down, image down.
/// </summary>
public sealed class CanvasResampling : Module
{
    private readonly TransposedConvolution _up;
    private readonly Convolution _canvasDown, _imageDown;

    /// <summary>
    /// Declares "up", "canvas_down" and "image_down", all with stride = kernel = canvas scale and without bias.
    /// </summary>
    public CanvasResampling(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        int scale = options.CanvasScale;
        _up = new TransposedConvolution(Scope.Child("up"), options.Hidden, options.Hidden, scale);
        _canvasDown = new Convolution(
            Scope.Child("canvas_down"), options.Hidden, options.Hidden, scale, scale, bias: false);
        _imageDown = new Convolution(
            Scope.Child("image_down"), ModelOptions.ImageChannels, ModelOptions.ImageChannels, scale, scale,
            bias: false);
    }

    /// <summary>u + Δ(h): the canvas after a layer. An absent canvas is zero.</summary>
    public Variable Draw(Variable hidden, Variable canvas) => _up.Forward(hidden, canvas);

    /// <summary>The canvas on the latent grid; absent where the canvas is.</summary>
    public Variable CanvasDown(Variable canvas) => canvas.Exists ? _canvasDown.Forward(canvas) : default;

    /// <summary>The query image on the latent grid.</summary>
    public Variable ImageDown(Variable image) => _imageDown.Forward(image);
}

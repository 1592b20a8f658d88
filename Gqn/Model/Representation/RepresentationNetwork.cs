using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Nn;

namespace Gqn.Native.Model.Representation;

/// <summary>
/// ψ(x, v): the representation of one image and its viewpoint. The representation of a scene is the sum over its
/// images.
/// </summary>
/// <param name="scope">Where the parameters are declared.</param>
public abstract class RepresentationNetwork(ParameterScope scope) : Module(scope)
{
    /// <summary>ψ(x, v) of each image by itself.</summary>
    /// <param name="images">(N, 3, size, size), in [0, 1].</param>
    /// <param name="views">(N, 7, 1, 1)</param>
    /// <returns>(N, channels, h, w)</returns>
    public abstract Variable Forward(Variable images, Variable views);

    /// <summary>The network that the options name.</summary>
    public static RepresentationNetwork Create(ParameterScope scope, ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Representation switch
        {
            RepresentationKind.Pyramid => new Pyramid(scope, options.ImageSize, options.RepresentationChannels),
            RepresentationKind.Pool => new Pool(scope, options.RepresentationChannels),
            _ => new Tower(scope, options.RepresentationChannels),
        };
    }
}

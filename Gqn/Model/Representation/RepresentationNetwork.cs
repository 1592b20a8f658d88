using Gqn.Native.Engine;

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
    /// <param name="views">Of the N cameras.</param>
    /// <returns>(N, channels, h, w)</returns>
    public abstract Variable Forward(Variable images, Views views);

    /// <summary>What the cores of the generator get of a scene for each query: r itself, but for networks that know
    /// where the query looks.</summary>
    /// <param name="representation">r, the sum over a scene's views.</param>
    /// <param name="queries">Of the cameras, one of each scene.</param>
    public virtual Variable Read(Variable representation, Views queries) => representation;

    /// <summary>The network that the options name.</summary>
    public static RepresentationNetwork Create(ParameterScope scope, ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Representation switch
        {
            RepresentationKind.Pyramid => new Pyramid(scope, options),
            RepresentationKind.Pool => new Pool(scope, options),
            RepresentationKind.Volume => new Volume(scope, options),
            _ => new Tower(scope, options.RepresentationChannels, options.ViewChannels),
        };
    }
}

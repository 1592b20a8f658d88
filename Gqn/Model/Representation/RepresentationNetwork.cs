using Gqn.Native.Engine;

namespace Gqn.Native.Model.Representation;

/// <summary>
/// ψ(x, v): the representation of one image and its viewpoint. The representation of a scene is the sum over its
/// images.
/// </summary>
/// <param name="scope">The scope of the parameters.</param>
public abstract class RepresentationNetwork(ParameterScope scope) : Module(scope)
{
    /// <summary>ψ(x, v) of each image separately.</summary>
    /// <param name="images">(N, 3, size, size), in [0, 1].</param>
    /// <param name="views">The encoded cameras of the N images.</param>
    /// <returns>(N, channels, h, w)</returns>
    public abstract Variable Forward(Variable images, Views views);

    /// <summary>The representation that the cores receive for each query: r itself, unless the network makes use of the
    /// query's camera.</summary>
    /// <param name="representation">r, the sum over a scene's views.</param>
    /// <param name="queries">The encoded cameras, one per scene.</param>
    public virtual Variable Read(Variable representation, Views queries) => representation;

    /// <summary>Creates the network that the options select.</summary>
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

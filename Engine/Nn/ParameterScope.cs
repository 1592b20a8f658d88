namespace Gqn.Native.Engine;

/// <summary>A place in the tree of parameter names, where a module declares its parameters.</summary>
public sealed class ParameterScope
{
    private readonly ParameterStore _store;
    private readonly string _prefix;

    internal ParameterScope(ParameterStore store, string prefix)
    {
        _store = store;
        _prefix = prefix;
    }

    /// <summary>The scope <paramref name="name"/> below this one.</summary>
    public ParameterScope Child(string name) => new(_store, Path(name));

    /// <summary>Declares a parameter whose memory order is its logical order.</summary>
    public Parameter Dense(string name, Shape shape, Initializer initializer) =>
        _store.Declare(Path(name), shape, initializer, default);

    /// <summary>
    /// Declares the weight of a convolution with a stride, of logical shape (outputs, inputs, kernel, kernel).
    /// </summary>
    public Parameter Convolution(
        string name, int outputs, int inputs, int kernel, int stride, Initializer initializer, bool gates = false) =>
        _store.Declare(
            Path(name), new Shape(outputs, inputs, kernel, kernel), initializer, new ParameterLayout(stride, gates));

    /// <summary>Declares the bias (1, outputs, 1, 1) of a convolution.</summary>
    public Parameter Bias(string name, int outputs, Initializer initializer, bool gates = false) =>
        _store.Declare(Path(name), new Shape(1, outputs, 1, 1), initializer, new ParameterLayout(0, gates));

    /// <summary>
    /// Declares the weight of a transposed convolution with stride = kernel, of logical shape (inputs, outputs, kernel,
    /// kernel), that is used as the matrix [inputs, kernel·kernel·outputs].
    /// </summary>
    public Parameter ChannelsLast(string name, int inputs, int outputs, int kernel, Initializer initializer) =>
        _store.Declare(
            Path(name), new Shape(inputs, outputs, kernel, kernel), initializer,
            new ParameterLayout(0, ChannelsLast: true));

    /// <summary>The initialiser of a convolution's weight.</summary>
    /// <param name="fanIn">Number of inputs summed into one output.</param>
    /// <param name="activation">The activation that follows.</param>
    internal Initializer Weight(int fanIn, Activation activation) =>
        activation == Activation.Relu && _store.HeInitialization
            ? Initializer.He(fanIn)
            : Initializer.TruncatedNormal(fanIn);

    private string Path(string name) => _prefix.Length == 0 ? name : _prefix + "." + name;
}

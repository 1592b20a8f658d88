using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Nn;

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

    /// <summary>The scope below this one.</summary>
    public ParameterScope Child(string name) => new(_store, Path(name));

    /// <summary>Declares a parameter whose memory order is its logical order.</summary>
    public Parameter Dense(string name, Shape shape, Initializer initializer) =>
        _store.Declare(Path(name), shape, initializer, ParameterLayout.Dense);

    /// <summary>Declares a convolution weight of logical shape (outputs, inputs, kernel, kernel).</summary>
    public Parameter Convolution(string name, int outputs, int inputs, int kernel, Initializer initializer) =>
        _store.Declare(
            Path(name), new Shape(outputs, inputs, kernel, kernel), initializer, ParameterLayout.Convolution);

    private string Path(string name) => _prefix.Length == 0 ? name : _prefix + "." + name;
}

namespace Gqn.Native.Engine;

/// <summary>
/// A part of a model that owns parameters: declares them in its constructor, uses them in its forward method.
/// </summary>
public abstract class Module
{
    /// <summary>A module at a place in the tree of names.</summary>
    protected Module(ParameterScope scope) => Scope = scope;

    /// <summary>Where the module declares its parameters.</summary>
    protected ParameterScope Scope { get; }
}

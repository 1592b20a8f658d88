namespace Gqn.Native.Engine;

/// <summary>
/// A part of a model that owns parameters: declares them in its constructor, uses them in its forward method.
/// </summary>
public abstract class Module
{
    /// <summary>A module with the scope of its parameters.</summary>
    protected Module(ParameterScope scope) => Scope = scope;

    /// <summary>The scope that declares the module's parameters.</summary>
    protected ParameterScope Scope { get; }
}

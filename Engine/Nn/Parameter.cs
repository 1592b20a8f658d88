using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Nn;

/// <summary>How a parameter's logical order maps to memory.</summary>
public enum ParameterLayout
{
    /// <summary>Memory order is logical order: biases, matrices.</summary>
    Dense,

    /// <summary>
    /// Logical (outputs, inputs, height, width), as Python frameworks keep it; in memory
    /// [height][width][inputs][outputs].
    /// </summary>
    Convolution,
}

/// <summary>A trained tensor: a named slice of the store's arena.</summary>
public sealed class Parameter
{
    internal Parameter(
        ParameterStore store, string name, Shape shape, Initializer initializer, ParameterLayout layout, long offset)
    {
        Store = store;
        Name = name;
        Shape = shape;
        Initializer = initializer;
        Layout = layout;
        Offset = offset;
    }

    /// <summary>Dotted path of the module and the parameter, unique in the store.</summary>
    public string Name { get; }

    /// <summary>Logical shape.</summary>
    public Shape Shape { get; }

    /// <summary>How it starts.</summary>
    public Initializer Initializer { get; }

    /// <summary>How logical order maps to memory.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The current value, in device memory.</summary>
    public Tensor Value => new(Store.Values.Buffer, Offset, Shape);

    /// <summary>The gradient of the last backward, in device memory.</summary>
    public Tensor Gradient => new(Store.Gradients.Buffer, Offset, Shape);

    internal ParameterStore Store { get; }

    /// <summary>First element within the arenas.</summary>
    internal long Offset { get; }

    /// <summary>True once this step's backward has written the gradient.</summary>
    internal bool HasGradient { get; set; }

    /// <inheritdoc />
    public override string ToString() => $"{Name} {Shape}";

    /// <summary>Rearranges logical order into memory order.</summary>
    internal void ToMemoryOrder(ReadOnlySpan<float> logical, Span<float> memory) => Rearrange(logical, memory, true);

    /// <summary>Rearranges memory order into logical order.</summary>
    internal void ToLogicalOrder(ReadOnlySpan<float> memory, Span<float> logical) => Rearrange(memory, logical, false);

    private void Rearrange(ReadOnlySpan<float> source, Span<float> target, bool toMemory)
    {
        if (Layout == ParameterLayout.Dense)
        {
            source.CopyTo(target);
            return;
        }

        int outputs = Shape.N, inputs = Shape.C, taps = Shape.H * Shape.W;
        for (int k = 0; k < outputs; k++)
        {
            for (int c = 0; c < inputs; c++)
            {
                for (int t = 0; t < taps; t++)
                {
                    int logical = (((k * inputs) + c) * taps) + t, memory = (((t * inputs) + c) * outputs) + k;
                    if (toMemory)
                        target[memory] = source[logical];
                    else
                        target[logical] = source[memory];
                }
            }
        }
    }
}

using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>How a parameter's logical order maps to memory.</summary>
/// <param name="Stride">
/// For the weight of a convolution, its stride: the logical order is (outputs, inputs, height, width), as in Python
/// frameworks, the memory order <see cref="Conv2dShape.WeightIndex"/>. 0 for biases and matrices, with one order.
/// </param>
/// <param name="Gates">
/// True if the outputs are the gates of an LSTM: [i|f|g|o] logically, <see cref="GateOrder"/> in memory.
/// </param>
/// <param name="ChannelsLast">
/// True for the weight of a transposed convolution that is used as the matrix from a pixel to its block of pixels:
/// logically (inputs, outputs, height, width), as in Python frameworks, in memory [inputs][height][width][outputs].
/// </param>
public readonly record struct ParameterLayout(int Stride, bool Gates = false, bool ChannelsLast = false)
{
    /// <summary>True for the weight of a convolution.</summary>
    public bool IsConvolution => Stride > 0;
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

    /// <summary>Logical shape; <see cref="Layout"/> gives the memory order.</summary>
    public Shape Shape { get; }

    /// <summary>How it is initialised.</summary>
    public Initializer Initializer { get; }

    /// <summary>How logical order maps to memory.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The current value, in device memory.</summary>
    public Tensor Value => new(Store.Values.Buffer, Offset, Shape);

    /// <summary>The gradient of the last backward pass, in device memory.</summary>
    public Tensor Gradient => new(Store.Gradients.Buffer, Offset, Shape);

    internal ParameterStore Store { get; }

    /// <summary>Index of the first element within the arenas.</summary>
    internal long Offset { get; }

    /// <summary>True once this step's backward pass has written the gradient.</summary>
    internal bool HasGradient { get; set; }

    /// <inheritdoc />
    public override string ToString() => $"{Name} {Shape}";

    /// <summary>Rearranges logical order into memory order.</summary>
    internal void ToMemoryOrder(ReadOnlySpan<float> logical, Span<float> memory) => Rearrange(logical, memory, true);

    /// <summary>Rearranges memory order into logical order.</summary>
    internal void ToLogicalOrder(ReadOnlySpan<float> memory, Span<float> logical) => Rearrange(memory, logical, false);

    private void Rearrange(ReadOnlySpan<float> source, Span<float> target, bool toMemory)
    {
        if (Layout == default)
        {
            source.CopyTo(target);
            return;
        }

        if (Layout is { IsConvolution: false, Gates: true })
        {
            for (int k = 0; k < Shape.C; k++)
            {
                int memory = GateOrder.FromLogical(k, Shape.C / GateOrder.Gates);
                target[toMemory ? memory : k] = source[toMemory ? k : memory];
            }

            return;
        }

        var shape = new Conv2dShape(1, Shape.C, Shape.H, Shape.W, Shape.N, Shape.H, Layout.Stride);
        int logical = 0;
        for (int k = 0; k < Shape.N; k++)
        {
            int output = Layout.Gates ? GateOrder.FromLogical(k, Shape.N / GateOrder.Gates) : k;
            for (int c = 0; c < Shape.C; c++)
            {
                for (int ky = 0; ky < Shape.H; ky++)
                {
                    for (int kx = 0; kx < Shape.W; kx++, logical++)
                    {
                        int memory = Layout.ChannelsLast
                            ? (((((k * Shape.H) + ky) * Shape.W) + kx) * Shape.C) + c
                            : (int)shape.WeightIndex(output, c, ky, kx);
                        target[toMemory ? memory : logical] = source[toMemory ? logical : memory];
                    }
                }
            }
        }
    }
}

using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>All parameters of a model in one arena, and their gradients in another of the same layout.</summary>
/// <remarks>
/// Modules declare first, then <see cref="Materialize"/> allocates the memory: the optimiser is one pass, the gradient
/// norm one reduction and a checkpoint one sweep over it.
/// </remarks>
public sealed class ParameterStore : IDisposable
{
    // Slices start on a cache line, so that no two parameters share one and vector loads stay aligned.
    private const int Alignment = 16;
    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName = [];
    private Device? _device;
    private Tensor _values, _gradients;
    private long _arenaCount;

    /// <summary>Whether weights before a ReLU are initialised by <see cref="Initializer.He"/>.</summary>
    public bool HeInitialization { get; init; }

    /// <summary>The scope of the outermost module.</summary>
    public ParameterScope Root => new(this, string.Empty);

    /// <summary>The parameters in order of declaration.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Number of trained values.</summary>
    public long Count { get; private set; }

    /// <summary>The device that holds the arenas.</summary>
    /// <exception cref="InvalidOperationException">The store has no memory yet.</exception>
    public Device Device => _device ?? throw NoMemory();

    /// <summary>The arena of values; between parameters there may be a few unused elements, always zero.</summary>
    public Tensor Values => _values.Exists ? _values : throw NoMemory();

    /// <summary>The arena of gradients, created on first use.</summary>
    public Tensor Gradients
    {
        get
        {
            if (!_gradients.Exists)
                _gradients = CreateArena();
            return _gradients;
        }
    }

    /// <summary>The parameter called <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out var parameter)
        ? parameter
        : throw new KeyNotFoundException($"There is no parameter '{name}'.");

    /// <summary>True if a parameter is called <paramref name="name"/>.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Allocates the memory and fills it with the initial values.</summary>
    /// <param name="device">The device of the arenas; it must outlive the store.</param>
    /// <param name="seed">Each parameter draws from its own stream of this seed, identified by its name: adding one
    /// leaves the others unchanged.</param>
    /// <exception cref="InvalidOperationException">The store has memory already.</exception>
    public void Materialize(Device device, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (_device is not null)
            throw new InvalidOperationException("The parameters have memory already.");
        _device = device;
        _values = CreateArena();
        if (!device.HoldsValues)
            return;
        // Each parameter has its own random stream, so the order in which threads fill them does not matter. Only one
        // thread at a time may use the device.
        var gate = new Lock();
        System.Threading.Tasks.Parallel.ForEach(_parameters, parameter =>
        {
            float[] logical = new float[parameter.Shape.Count];
            parameter.Initializer.Fill(logical, new RandomStream(seed, StreamOf(parameter.Name)));
            lock (gate)
                Write(parameter, logical);
        });
    }

    /// <summary>An arena of the same layout, zeroed: for an optimiser's moments. The caller owns its buffer.</summary>
    public Tensor CreateArena() =>
        new(
            Device.CreateBuffer(Math.Max(1, _arenaCount)), 0,
            new Shape(1, checked((int)Math.Max(1, _arenaCount)), 1, 1));

    /// <summary>Replaces the arena of values by another of the same layout.</summary>
    /// <param name="arena">An arena from <see cref="CreateArena"/>; its buffer now belongs to the store.</param>
    /// <returns>The previous values; their buffer now belongs to the caller.</returns>
    /// <exception cref="ShapeException">The arena has another layout.</exception>
    public Tensor ExchangeValues(Tensor arena)
    {
        var values = Values;
        if (!arena.Exists || arena.Offset != 0 || arena.Shape != values.Shape)
            throw new ShapeException($"ExchangeValues: {arena.Shape} is not an arena of {values.Shape}.");
        _values = arena;
        return values;
    }

    /// <summary>Reads a parameter in logical order.</summary>
    /// <exception cref="ShapeException">The number of values is not that of the parameter.</exception>
    public void Read(Parameter parameter, Span<float> logical) => Read(Values, parameter, logical);

    /// <summary>Writes a parameter in logical order.</summary>
    /// <exception cref="ShapeException">The number of values is not that of the parameter.</exception>
    public void Write(Parameter parameter, ReadOnlySpan<float> logical) => Write(Values, parameter, logical);

    /// <summary>Reads a parameter's part of an arena of this layout, in logical order.</summary>
    /// <exception cref="ShapeException">The number of values is not that of the parameter.</exception>
    public void Read(Tensor arena, Parameter parameter, Span<float> logical)
    {
        CheckLength(parameter, logical.Length);
        float[] memory = new float[parameter.Shape.Count];
        Device.Download(Slice(arena, parameter), memory);
        parameter.ToLogicalOrder(memory, logical);
    }

    /// <summary>Writes a parameter's part of an arena of this layout, in logical order.</summary>
    /// <exception cref="ShapeException">The number of values is not that of the parameter.</exception>
    public void Write(Tensor arena, Parameter parameter, ReadOnlySpan<float> logical)
    {
        CheckLength(parameter, logical.Length);
        float[] memory = new float[parameter.Shape.Count];
        parameter.ToMemoryOrder(logical, memory);
        Device.Upload(memory, Slice(arena, parameter));
    }

    /// <summary>Marks all gradients as absent: the next backward pass overwrites instead of accumulating.</summary>
    public void BeginStep()
    {
        foreach (var parameter in _parameters)
            parameter.HasGradient = false;
    }

    /// <summary>
    /// Zeroes the gradients that the last backward pass did not reach, so that the whole arena can be read.
    /// </summary>
    public void CompleteGradients()
    {
        foreach (var parameter in _parameters)
        {
            if (parameter.HasGradient)
                continue;
            Device.Fill(parameter.Gradient, 0f);
            parameter.HasGradient = true;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _values.Buffer?.Dispose();
        _gradients.Buffer?.Dispose();
        _values = _gradients = default;
    }

    internal Parameter Declare(string name, Shape shape, Initializer initializer, ParameterLayout layout)
    {
        if (_device is not null)
            throw new InvalidOperationException($"Parameter '{name}' is declared after the store got its memory.");
        var parameter = new Parameter(this, name, shape, initializer, layout, _arenaCount);
        if (!_byName.TryAdd(name, parameter))
            throw new ArgumentException($"Two parameters are called '{name}'.", nameof(name));
        _parameters.Add(parameter);
        Count += shape.Count;
        _arenaCount += Ceiling.Multiple(shape.Count, Alignment);
        return parameter;
    }

    internal static (Tensor Gradient, float Beta) Contribute(Parameter parameter)
    {
        float beta = parameter.HasGradient ? 1f : 0f;
        parameter.HasGradient = true;
        return (parameter.Gradient, beta);
    }

    private static InvalidOperationException NoMemory() =>
        new("The parameters have no memory yet: call Materialize first.");

    private static void CheckLength(Parameter parameter, int values)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (values != parameter.Shape.Count)
        {
            throw new ShapeException(
                $"Parameter '{parameter.Name}' {parameter.Shape} has {parameter.Shape.Count} values, not {values}.");
        }
    }

    private static Tensor Slice(Tensor arena, Parameter parameter) =>
        new(arena.Buffer, arena.Offset + parameter.Offset, parameter.Shape);

    private static uint StreamOf(string name)
    {
        // FNV-1a: a hash that is the same in every process.
        uint hash = 2166136261;
        foreach (char c in name)
            hash = (hash ^ c) * 16777619;
        return hash;
    }
}

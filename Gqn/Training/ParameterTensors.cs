using System.Globalization;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Training;

/// <summary>Parameters as tensors of a safetensors file, each named by a prefix and the parameter's name.</summary>
/// <remarks>
/// Tensors have the layout of Python frameworks: (outputs, inputs, height, width), gates [i|f|g|o].
/// </remarks>
internal static class ParameterTensors
{
    /// <summary>Adds all parameters of an arena to a file.</summary>
    /// <param name="writer">The writer of the file.</param>
    /// <param name="store">The names and layouts of the parameters.</param>
    /// <param name="arena">The values; read when the file is written.</param>
    /// <param name="prefix">The prefix of the tensors' names.</param>
    /// <param name="dtype">F32, or F16 to round the values.</param>
    public static void Add(
        SafetensorsWriter writer, ParameterStore store, Tensor arena, string prefix, string dtype = "F32")
    {
        foreach (var parameter in store.Parameters)
        {
            writer.Add(prefix + parameter.Name, dtype, FileShape(parameter), sink =>
            {
                float[] values = new float[parameter.Shape.Count];
                store.Read(arena, parameter, values);
                sink.Write(values);
            });
        }
    }

    /// <summary>Checks that a file has all parameters with their shapes.</summary>
    /// <exception cref="SafetensorsException">One is missing or differs in shape; the message names the
    /// first.</exception>
    public static void Require(SafetensorsReader reader, ParameterStore store, string prefix) =>
        Require(reader, store.Parameters, prefix);

    /// <summary>Checks that a file has some parameters with their shapes.</summary>
    /// <exception cref="SafetensorsException">One is missing or differs in shape; the message names the
    /// first.</exception>
    public static void Require(SafetensorsReader reader, IEnumerable<Parameter> parameters, string prefix)
    {
        foreach (var parameter in parameters)
            RequireShape(reader, parameter, prefix + parameter.Name);
    }

    /// <summary>Reads all parameters of an arena from a file.</summary>
    /// <exception cref="SafetensorsException">The file cannot be read.</exception>
    public static void Read(SafetensorsReader reader, ParameterStore store, Tensor arena, string prefix) =>
        Read(reader, store, store.Parameters, arena, prefix);

    /// <summary>Reads some parameters of an arena from a file.</summary>
    /// <exception cref="SafetensorsException">The file cannot be read.</exception>
    public static void Read(
        SafetensorsReader reader, ParameterStore store, IEnumerable<Parameter> parameters, Tensor arena, string prefix)
    {
        foreach (var parameter in parameters)
        {
            float[] values = new float[parameter.Shape.Count];
            reader.Read(prefix + parameter.Name, values);
            store.Write(arena, parameter, values);
        }
    }

    /// <summary>An entry of a file's metadata.</summary>
    /// <exception cref="SafetensorsException">There is none.</exception>
    public static string Metadata(SafetensorsReader reader, string key) =>
        reader.Metadata.TryGetValue(key, out string? value)
            ? value
            : throw new SafetensorsException(reader.Path, $"its metadata lacks '{key}'");

    /// <summary>An integer in a file's metadata.</summary>
    /// <exception cref="SafetensorsException">The entry is missing or not a number.</exception>
    public static long Number(SafetensorsReader reader, string key) =>
        long.TryParse(Metadata(reader, key), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new SafetensorsException(reader.Path, $"its metadata '{key}' is not a number");

    private static void RequireShape(SafetensorsReader reader, Parameter parameter, string name)
    {
        if (!reader.Contains(name))
            throw new SafetensorsException(reader.Path, $"the tensor '{name}' is missing");
        long[] expected = FileShape(parameter);
        var entry = reader[name];
        if (!entry.Shape.SequenceEqual(expected))
        {
            throw new SafetensorsException(
                reader.Path,
                $"the tensor '{name}' has shape ({string.Join(", ", entry.Shape)}), "
                + $"the model's is ({string.Join(", ", expected)})");
        }
    }

    private static long[] FileShape(Parameter parameter)
    {
        var shape = parameter.Shape;
        if (parameter.Layout.IsConvolution || parameter.Layout.ChannelsLast)
            return [shape.N, shape.C, shape.H, shape.W];
        return shape.N == 1 ? [shape.C] : [shape.N, shape.C];
    }
}

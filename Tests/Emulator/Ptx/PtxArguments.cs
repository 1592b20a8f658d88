using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// Packs managed kernel arguments as ILGPU lowers them: a view becomes its address and its length (two times 8 bytes),
/// bool takes 4 bytes, an empty structure 1, everything else its own size at its natural alignment.
/// </summary>
internal static class PtxArguments
{
    private static readonly MethodInfo MapAny =
        typeof(PtxArguments).GetMethod(nameof(MapView), BindingFlags.Static | BindingFlags.NonPublic)!;

    public static byte[] Pack(PtxProgram program, object[] arguments)
    {
        if (arguments.Length != program.Parameters.Count)
        {
            throw new ArgumentException(
                $"{program.Name} takes {program.Parameters.Count} arguments, not {arguments.Length}.");
        }

        byte[] bytes = new byte[program.ParameterBytes];
        for (int i = 0; i < arguments.Length; i++)
        {
            var parameter = program.Parameters[i];
            var layout = Measure(arguments[i].GetType());
            if (layout.Size != parameter.Size)
            {
                throw new ArgumentException(
                    $"{program.Name}: {arguments[i].GetType().Name} packs to {layout.Size} bytes, but parameter {i} " +
                    $"has {parameter.Size}.");
            }

            Write(arguments[i], bytes.AsSpan(parameter.Address, layout.Size));
        }

        return bytes;
    }

    /// <summary>Makes all memory accessible that the views among the arguments refer to.</summary>
    public static void MapViews(PtxMemory memory, object arguments)
    {
        foreach (var field in Fields(arguments.GetType()))
        {
            object value = field.GetValue(arguments)!;
            if (IsView(field.FieldType))
                MapAny.MakeGenericMethod(field.FieldType.GetGenericArguments()).Invoke(null, [memory, value]);
            else if (!field.FieldType.IsPrimitive && !field.FieldType.IsEnum)
                MapViews(memory, value);
        }
    }

    private static Layout Measure(Type type)
    {
        if (IsView(type))
            return new Layout(16, 8);
        if (type == typeof(bool))
            return new Layout(4, 4);
        if (type.IsEnum)
            return Measure(type.GetEnumUnderlyingType());
        if (type.IsPrimitive)
            return new Layout(Marshal.SizeOf(type), Marshal.SizeOf(type));
        if (!type.IsValueType)
            throw new ArgumentException($"{type.Name} is no structure; a kernel cannot take it.");
        int size = 0;
        int alignment = 1;
        foreach (var field in Fields(type))
        {
            var layout = Measure(field.FieldType);
            size = Align(size, layout.Alignment) + layout.Size;
            alignment = Math.Max(alignment, layout.Alignment);
        }

        return new Layout(Align(Math.Max(size, 1), alignment), alignment);
    }

    private static void Write(object value, Span<byte> target)
    {
        var type = value.GetType();
        if (IsView(type))
        {
            var address = typeof(PtxMemory).GetMethod(nameof(PtxMemory.Address))!
                .MakeGenericMethod(type.GetGenericArguments());
            MemoryMarshal.Write(target, (ulong)address.Invoke(null, [value])!);
            MemoryMarshal.Write(target[8..], (long)type.GetProperty("Length")!.GetValue(value)!);
            return;
        }

        if (type.IsEnum)
            value = Convert.ChangeType(
                value, type.GetEnumUnderlyingType(), System.Globalization.CultureInfo.InvariantCulture);
        switch (value)
        {
            case bool flag:
                MemoryMarshal.Write(target, flag ? 1 : 0);
                return;
            case byte or sbyte:
                target[0] = value is byte b ? b : (byte)(sbyte)value;
                return;
            case short or ushort or char:
                MemoryMarshal.Write(target, value is short s ? s : (short)(value is char c ? c : (ushort)value));
                return;
            case int or uint:
                MemoryMarshal.Write(target, value is int i ? i : (int)(uint)value);
                return;
            case long or ulong:
                MemoryMarshal.Write(target, value is long l ? l : (long)(ulong)value);
                return;
            case float single:
                MemoryMarshal.Write(target, single);
                return;
            case double real:
                MemoryMarshal.Write(target, real);
                return;
        }

        int offset = 0;
        foreach (var field in Fields(type))
        {
            var layout = Measure(field.FieldType);
            offset = Align(offset, layout.Alignment);
            Write(field.GetValue(value)!, target.Slice(offset, layout.Size));
            offset += layout.Size;
        }
    }

    private static void MapView<T>(PtxMemory memory, ArrayView<T> view) where T : unmanaged =>
        memory.Map((nint)PtxMemory.Address(view), view.LengthInBytes);

    private static bool IsView(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    private static IEnumerable<FieldInfo> Fields(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .OrderBy(field => field.MetadataToken);

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private readonly record struct Layout(int Size, int Alignment);
}

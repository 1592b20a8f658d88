using System.Reflection;
using Gqn.Native.Kernels.Gpu;
using ILGPU.Runtime;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// Every kernel of the library: all static fields that hold handles or sets of them. A generic holder counts once for
/// each choice of type arguments among the library's structures that meet the constraints.
/// </summary>
internal static class GpuKernelCatalog
{
    private static readonly Type[] Structures = [.. typeof(KernelHandle).Assembly.GetTypes().Where(type => type.IsValueType)];

    private static readonly SortedDictionary<string, KernelHandle> Found = Find();

    public static IEnumerable<string> Names => Found.Keys;

    public static KernelHandle Handle(string name) => Found[name];

    /// <summary>Whether the runtime passes the kernel an index, which the runtime guards.</summary>
    public static bool IsImplicitlyGrouped(KernelHandle handle) =>
        handle.GetType().GetGenericTypeDefinition() == typeof(KernelHandle<>);

    /// <summary>The bounds that a kernel of explicit groups is compiled with on CUDA.</summary>
    public static KernelSpecialization Bounds(KernelHandle handle) => IsImplicitlyGrouped(handle)
        ? default
        : (KernelSpecialization)handle.GetType()
            .GetProperty(nameof(GroupKernelHandle<int>.Bounds))!.GetValue(handle)!;

    /// <summary>Kernels in CUDA's own instructions, which no other platform compiles.</summary>
    public static bool IsForCudaOnly(KernelHandle handle) =>
        handle.Body.Method.DeclaringType!.FullName!.Contains("TensorCore", StringComparison.Ordinal);

    /// <summary>Fields that hold a handle, with generic holders still open.</summary>
    public static IEnumerable<FieldInfo> Fields() => typeof(KernelHandle).Assembly.GetTypes().SelectMany(type => type
        .GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        .Where(field => typeof(KernelHandle).IsAssignableFrom(field.FieldType)
            || typeof(IKernelSet).IsAssignableFrom(field.FieldType)));

    private static SortedDictionary<string, KernelHandle> Find()
    {
        var found = new SortedDictionary<string, KernelHandle>(StringComparer.Ordinal);
        foreach (var field in Fields())
        {
            foreach (var holder in Closed(field.DeclaringType!))
            {
                object value = holder.GetField(
                    field.Name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(null)!;
                if (value is KernelHandle handle)
                    found.Add($"{Title(holder)}.{handle.Body.Method.Name} ({field.Name})", handle);
                foreach (var (name, form) in (value as IKernelSet)?.Handles ?? [])
                    found.Add($"{Title(holder)}.{form.Body.Method.Name} ({field.Name}, {name})", form);
            }
        }

        return found;
    }

    private static IEnumerable<Type> Closed(Type type)
    {
        if (!type.ContainsGenericParameters)
            return [type];
        IEnumerable<Type[]> choices = [[]];
        foreach (var parameter in type.GetGenericArguments())
        {
            Type[] constraints =
                [.. parameter.GetGenericParameterConstraints().Where(constraint => constraint.IsInterface)];
            // A generic structure, such as an epilogue with an activation, counts in each of its closed forms.
            Type[] fitting = [.. Structures
                .Where(candidate => constraints.Length > 0 && constraints.All(
                    constraint => constraint.IsAssignableFrom(candidate)))
                .SelectMany(Closed)];
            if (fitting.Length == 0)
                throw new InvalidOperationException($"No structure fits {parameter.Name} of {type.Name}.");
            choices = [.. choices.SelectMany(chosen => fitting.Select(candidate => (Type[])[.. chosen, candidate]))];
        }

        return choices.Select(chosen => type.MakeGenericType(chosen));
    }

    private static string Title(Type type)
    {
        string outer = type.DeclaringType is { } declaring ? $"{declaring.Name}." : "";
        string own = type.Name.Split('`')[0];
        return type.IsGenericType
            ? $"{outer}{own}<{string.Join(", ", type.GetGenericArguments().Select(Title))}>"
            : outer + own;
    }
}

using System.ComponentModel;
using System.IO.Enumeration;
using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Gqn.Native.Benchmarks;

/// <summary>A class of benchmarks.</summary>
/// <param name="Type">The class.</param>
/// <param name="Description">One line on what it measures.</param>
/// <param name="Methods">Its benchmarks in order of declaration.</param>
internal sealed record BenchmarkClass(Type Type, string Description, IReadOnlyList<string> Methods)
{
    /// <summary>The method that the others are compared with; null if there is none.</summary>
    public string? Baseline => Methods.FirstOrDefault(
        method => Type.GetMethod(method)!.GetCustomAttribute<BenchmarkAttribute>()!.Baseline);
}

/// <summary>The benchmarks of this program.</summary>
internal static class BenchmarkCatalog
{
    private const string Suffix = "Benchmarks";

    /// <summary>All classes by name.</summary>
    public static IReadOnlyList<BenchmarkClass> Classes { get; } =
    [
        .. from type in typeof(BenchmarkCatalog).Assembly.GetTypes()
           let methods = type.GetMethods().Where(method => method.IsDefined(typeof(BenchmarkAttribute))).ToList()
           where methods.Count > 0
           orderby type.Name
           select new BenchmarkClass(
               type, type.GetCustomAttribute<DescriptionAttribute>()?.Description ?? string.Empty,
               [.. methods.Select(method => method.Name)]),
    ];

    /// <summary>
    /// The benchmarks whose class, method or Class.Method matches a pattern, each class with its baseline.
    /// </summary>
    /// <param name="pattern">With * and ?, ignoring case; the ending "Benchmarks" of a class may be omitted.</param>
    public static IReadOnlyList<BenchmarkClass> Select(string pattern) =>
    [
        .. from benchmarks in Classes
           let matching = benchmarks.Methods.Where(method => Matches(pattern, benchmarks.Type.Name, method)).ToList()
           where matching.Count > 0
           select benchmarks with
           {
               Methods =
               [
                   .. benchmarks.Methods.Where(method => matching.Contains(method) || method == benchmarks.Baseline),
               ],
           },
    ];

    /// <summary>The name of a class without the ending "Benchmarks".</summary>
    public static string ShortNameOf(Type type) => WithoutSuffix(type.Name);

    private static string WithoutSuffix(string type) =>
        type.EndsWith(Suffix, StringComparison.Ordinal) ? type[..^Suffix.Length] : type;

    private static bool Matches(string pattern, string type, string method)
    {
        string shortName = WithoutSuffix(type);
        string[] names = [type, shortName, method, $"{type}.{method}", $"{shortName}.{method}"];
        return names.Any(name => FileSystemName.MatchesSimpleExpression(pattern, name));
    }
}

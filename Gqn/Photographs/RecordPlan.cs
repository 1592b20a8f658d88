using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Photographs;

/// <summary>How photographs are divided among records.</summary>
internal sealed record DivisionOptions
{
    /// <summary>Pictures of a record; null for as many as are useful.</summary>
    public int? Views { get; init; }

    /// <summary>Whether the pictures of a record follow each other; otherwise they are spread over the scene.</summary>
    public bool Consecutive { get; init; }

    /// <summary>The fraction that is held out for tests, above 0 and below 1.</summary>
    public double TestShare { get; init; } = 0.1;

    /// <summary>Determines which pictures go where.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>One record to make: some photographs of a scene.</summary>
/// <param name="Scene">The index of the scene.</param>
/// <param name="Views">The indices of its photographs, in the order of the file of poses.</param>
internal readonly record struct PlannedRecord(int Scene, IReadOnlyList<int> Views);

/// <summary>Which photographs become which records. No photograph is in two records.</summary>
/// <remarks>
/// With several scenes, whole scenes are held out; a scene with enough photographs for several records becomes several.
/// With one, photographs are held out: the others are one record, since training takes contexts and queries from all
/// pairs within a record, and cutting it up would only lose pairs.
/// </remarks>
internal sealed class RecordPlan
{
    /// <summary>The views of the smallest useful record: five contexts, as in the article, and a query.</summary>
    public const int UsefulViews = 6;

    private const int LeastViews = 2;
    private const uint ViewsPurpose = 0, ScenesPurpose = 1;

    private RecordPlan(IReadOnlyList<PlannedRecord> train, IReadOnlyList<PlannedRecord> test) =>
        (Train, Test) = (train, test);

    /// <summary>The records for training.</summary>
    public IReadOnlyList<PlannedRecord> Train { get; }

    /// <summary>The records that are held out.</summary>
    public IReadOnlyList<PlannedRecord> Test { get; }

    /// <summary>Divides photographs.</summary>
    /// <param name="names">The names of the scenes, for messages.</param>
    /// <param name="counts">The number of photographs of each scene.</param>
    /// <param name="options">How to divide them.</param>
    /// <exception cref="OptionException">There are too few photographs.</exception>
    public static RecordPlan Create(
        IReadOnlyList<string> names, IReadOnlyList<int> counts, DivisionOptions options)
    {
        if (options is { Consecutive: true, Views: null })
            throw new OptionException("--consecutive needs --views, the number of pictures of a record.");
        if (counts.Count == 1 && options.Views is null)
            return DivideScene(0, names[0], counts[0], options);
        int views = options.Views ?? Math.Max(LeastViews, counts.Min());
        int[] usable = [.. Enumerable.Range(0, counts.Count).Where(scene => counts[scene] >= views)];
        if (usable.Length == 0)
        {
            int most = Enumerable.Range(0, counts.Count).MaxBy(scene => counts[scene]);
            throw new OptionException(
                $"Records of {views} views need as many pictures of a scene; {names[most]} has most, {counts[most]}.");
        }

        return usable.Length == 1
            ? DivideScene(usable[0], names[usable[0]], counts[usable[0]], options)
            : HoldOutScenes(usable, counts, views, options);
    }

    private static RecordPlan HoldOutScenes(
        int[] scenes, IReadOnlyList<int> counts, int views, DivisionOptions options)
    {
        int[] order = [.. scenes];
        new RandomStream(options.Seed, ScenesPurpose).Shuffle(order.AsSpan());
        var held = order.Take(HeldOut(scenes.Length, options.TestShare)).ToHashSet();
        List<PlannedRecord> train = [], test = [];
        foreach (int scene in scenes)
            (held.Contains(scene) ? test : train).AddRange(Cut(scene, counts[scene], views, options));
        return new RecordPlan(train, test);
    }

    private static RecordPlan DivideScene(int scene, string name, int count, DivisionOptions options)
    {
        if (options.Views is not { } views)
        {
            if (count < 2 * LeastViews)
            {
                throw new OptionException(
                    $"{name} has {Quantity.Of(count, "picture")}; a scene alone needs at "
                    + $"least {2 * LeastViews}, half of them held out.");
            }

            // A record for tests should have the contexts that training has.
            int held = Math.Clamp(
                Math.Max((int)Math.Round(count * options.TestShare), UsefulViews), LeastViews, count / 2);
            int[] order = Order(scene, count, options);
            return new RecordPlan([Sorted(scene, order.Skip(held))], [Sorted(scene, order.Take(held))]);
        }

        var records = Cut(scene, count, views, options);
        if (records.Length < 2)
        {
            throw new OptionException(
                $"--views {views}: the {count} pictures of {name} are one record, but one is needed for training and "
                + $"one for tests; --views {count / 2} is the most.");
        }

        new RandomStream(options.Seed, ScenesPurpose).Shuffle(records.AsSpan());
        int tests = HeldOut(records.Length, options.TestShare);
        return new RecordPlan(records[tests..], records[..tests]);
    }

    /// <summary>As many disjoint records as a scene's photographs suffice for.</summary>
    private static PlannedRecord[] Cut(int scene, int count, int views, DivisionOptions options)
    {
        int[] order = Order(scene, count, options);
        return [.. Enumerable.Range(0, count / views).Select(record =>
            Sorted(scene, order.Skip(record * views).Take(views)))];
    }

    private static int[] Order(int scene, int count, DivisionOptions options)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        if (!options.Consecutive)
            new RandomStream(SceneHash.Mix(options.Seed, (ulong)scene), ViewsPurpose).Shuffle(order.AsSpan());
        return order;
    }

    private static PlannedRecord Sorted(int scene, IEnumerable<int> views) => new(scene, [.. views.Order()]);

    private static int HeldOut(int count, double share) => Math.Clamp((int)Math.Round(count * share), 1, count - 1);
}

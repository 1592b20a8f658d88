namespace Gqn.Native.Data;

/// <summary>The damaged records that a source of scenes has passed over, up to a limit. Safe for use by several
/// threads.</summary>
/// <param name="limit">The number of different records that may be passed over.</param>
public sealed class DamagedRecords(int limit)
{
    private readonly object _gate = new();
    private readonly HashSet<(string Path, long? Offset)> _known = [];
    private readonly List<string> _sentences = [];

    /// <summary>The number of different records that may be passed over.</summary>
    public int Limit => limit;

    /// <summary>A sentence for each record passed over, in the order in which they were met: file, byte, fault.</summary>
    public IReadOnlyList<string> Sentences
    {
        get
        {
            lock (_gate)
                return [.. _sentences];
        }
    }

    /// <summary>The number of records passed over.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _sentences.Count;
        }
    }

    /// <summary>Passes over a record.</summary>
    /// <exception cref="DatasetException">It is one more than the limit.</exception>
    internal void Add(DatasetException damage)
    {
        lock (_gate)
        {
            if (_known.Contains((damage.Path, damage.Offset)))
                return;
            if (_known.Count == limit)
            {
                throw new DatasetException(
                    damage, $"{Quantity.Of(limit, "damaged record")} passed over before, as training.skipDamaged allows");
            }

            _known.Add((damage.Path, damage.Offset));
            _sentences.Add(damage.Message);
        }
    }
}

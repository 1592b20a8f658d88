using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gqn.Native.Data;
using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Tests.Data;

/// <summary>A short fingerprint of a batch.</summary>
internal static class BatchPrint
{
    /// <summary>A hash over the part of a batch that is in use; scene numbers are left out, as they differ between
    /// sources.</summary>
    public static byte[] Of(SceneBatch batch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int contexts = batch.Scenes * batch.Contexts;
        Add([batch.Contexts]);
        Add(batch.ContextImages.AsSpan(0, contexts * (batch.QueryImages.Length / batch.Scenes)));
        Add(batch.ContextViews.AsSpan(0, contexts * (batch.QueryViews.Length / batch.Scenes)));
        Add(batch.QueryImages);
        Add(batch.QueryViews);
        if (batch.ContextGeometry is { } ofContexts)
            AddGeometry(ofContexts, contexts, batch.Scenes * batch.MaxContexts);
        if (batch.QueryGeometry is { } ofQueries)
            AddGeometry(ofQueries, batch.Scenes, batch.Scenes);
        return hash.GetHashAndReset();

        void AddGeometry(ViewArrays geometry, int views, int room)
        {
            Add(geometry.Rays.AsSpan(0, geometry.Rays.Length / room * views));
            Add(geometry.Sight.AsSpan(0, geometry.Sight.Length / room * views));
            foreach (var rows in (SparseRowArrays?[])[geometry.Coarse, geometry.Fine, geometry.Depth, geometry.Points])
            {
                for (int view = 0; rows is not null && view < views; view++)
                {
                    AddEntries(rows.Starts, rows.Rows, rows.Columns, rows.Weights, view, rows.Entries);
                    AddEntries(
                        rows.TransposedStarts, rows.SourceLength, rows.TransposedColumns, rows.TransposedWeights, view,
                        rows.Entries);
                }
            }
        }

        // Whatever follows the last entry is left over from earlier batches.
        void AddEntries(float[] starts, int rows, float[] columns, float[] weights, int view, int room)
        {
            var own = starts.AsSpan(view * (rows + 1), rows + 1);
            Add(own);
            Add(columns.AsSpan(view * room, (int)own[^1]));
            Add(weights.AsSpan(view * room, (int)own[^1]));
        }

        void Add(ReadOnlySpan<float> values) => hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}

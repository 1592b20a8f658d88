using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gqn.Native.Data;

namespace Gqn.Native.Tests.Data;

/// <summary>What a batch holds, in a few bytes.</summary>
internal static class BatchPrint
{
    /// <summary>A hash over the part of a batch that is in use; scene numbers differ between sources and do not
    /// count.</summary>
    public static byte[] Of(SceneBatch batch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int contexts = batch.Scenes * batch.Contexts;
        Add([batch.Contexts]);
        Add(batch.ContextImages.AsSpan(0, contexts * (batch.QueryImages.Length / batch.Scenes)));
        Add(batch.ContextViews.AsSpan(0, contexts * (batch.QueryViews.Length / batch.Scenes)));
        Add(batch.QueryImages);
        Add(batch.QueryViews);
        return hash.GetHashAndReset();

        void Add(ReadOnlySpan<float> values) => hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}

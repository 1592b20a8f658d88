using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Divides the scenes of a data set without a test set: a share of them is held out, the others are for
/// training.</summary>
/// <remarks>
/// The records of a file are cut into blocks of 1/share, and a hash of the file's number and of the block's chooses
/// one record of each. So whether a scene is held out depends on the share and on its place alone, and no file that
/// is added or removed moves a scene from one side to the other.
/// </remarks>
/// <param name="Share">The share that is held out, above 0 and below 1.</param>
/// <param name="IsHeldOut">True for the scenes that are held out, false for the others.</param>
internal readonly record struct HeldOutShare(double Share, bool IsHeldOut)
{
    /// <summary>The share that is held out if none is given.</summary>
    public const double Usual = 0.05;

    /// <summary>The records on this side, in order.</summary>
    /// <param name="file">The number of the file, from its name.</param>
    /// <param name="count">The number of records in the file.</param>
    public IEnumerable<int> Of(int file, int count)
    {
        for (long block = 0, first = 0; first < count; block++)
        {
            long next = (long)Math.Ceiling((block + 1) / Share);
            ulong hash = SceneHash.Mix(SceneHash.Mix(SceneHash.OfName("held out"), (ulong)file), (ulong)block);
            long chosen = first + (long)(hash % (ulong)(next - first));
            for (long record = first; record < Math.Min(next, count); record++)
            {
                if ((record == chosen) == IsHeldOut)
                    yield return (int)record;
            }

            first = next;
        }
    }
}

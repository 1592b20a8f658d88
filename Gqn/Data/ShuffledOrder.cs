using Gqn.Native.Engine;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>An endless shuffled order of the scenes of a finite set: each epoch has every scene once.</summary>
/// <remarks>
/// In each epoch the files come in random order, and their records in file order pass through a shuffle buffer of
/// references: each step takes a random one out of it and puts the next record in. The files are therefore read almost
/// sequentially. The order depends only on (seed, capacity, number of scenes in each file), and as only references are
/// shuffled, any position in it is found again without reading a scene.
/// </remarks>
internal sealed class ShuffledOrder
{
    /// <summary>The default number of references in the buffer.</summary>
    public const int UsualCapacity = 4096;

    private const uint FilesPurpose = 3, BufferPurpose = 4;

    private readonly ISceneFiles _files;
    private readonly ulong _seed;
    private readonly SceneReference[] _buffer;
    private readonly int[] _fileOrder;
    private RandomStream _draws = null!;
    private long _epoch;
    private int _held, _filePlace, _record;

    /// <summary>Starts before the first scene of the first epoch.</summary>
    /// <param name="files">The files of the set.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="capacity">The number of references in the buffer, at least 1; with 1, records stay in file
    /// order.</param>
    public ShuffledOrder(ISceneFiles files, ulong seed, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_files, _seed) = (files, seed);
        _buffer = new SceneReference[capacity];
        _fileOrder = new int[files.Count];
        StartEpoch(0);
    }

    /// <summary>Draws the next scene.</summary>
    /// <exception cref="DatasetException">A file is damaged or cannot be read, or the set has no scene.</exception>
    public SceneReference Next()
    {
        Fill();
        if (_held == 0)
        {
            StartEpoch(_epoch + 1);
            Fill();
            if (_held == 0)
                throw new DatasetException(_files.Path, null, "there is no scene in any of the files");
        }

        int place = _draws.NextInt32(_held);
        var drawn = _buffer[place];
        _buffer[place] = _buffer[--_held];
        return drawn;
    }

    /// <summary>Skips scenes as calls of <see cref="Next"/> would; valid only at the start of the order.</summary>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    public void Skip(long count)
    {
        long total = 0;
        for (int place = 0; place < _fileOrder.Length && total <= count; place++)
            total += _files.CountScenes(_fileOrder[place]);
        if (total > 0 && total <= count)
        {
            StartEpoch(count / total);
            count %= total;
        }

        for (; count > 0; count--)
            Next();
    }

    private void StartEpoch(long epoch)
    {
        ulong key = SceneHash.Mix(_seed, (ulong)epoch);
        for (int i = 0; i < _fileOrder.Length; i++)
            _fileOrder[i] = i;
        new RandomStream(key, FilesPurpose).Shuffle(_fileOrder.AsSpan());
        _draws = new RandomStream(key, BufferPurpose);
        (_epoch, _held, _filePlace, _record) = (epoch, 0, 0, 0);
    }

    private void Fill()
    {
        while (_held < _buffer.Length && _filePlace < _fileOrder.Length)
        {
            int file = _fileOrder[_filePlace], scenes = _files.CountScenes(file);
            for (; _record < scenes && _held < _buffer.Length; _record++)
                _buffer[_held++] = new SceneReference(file, _record);
            if (_record == scenes)
                (_filePlace, _record) = (_filePlace + 1, 0);
        }
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>An endless order over the scenes of a finite set: each epoch has every scene once.</summary>
/// <remarks>
/// In each epoch the files come in a random order and their records in the order of the file, through a buffer of some
/// thousand references: each step takes a random one out of it and puts the next record in. So the files are read
/// nearly from beginning to end. The order depends on (seed, capacity, the files' numbers of scenes) alone, and as
/// nothing but numbers is shuffled, any place in it is found again without reading a scene.
/// </remarks>
internal sealed class ShuffledOrder
{
    /// <summary>References in the buffer where nobody asks for another number.</summary>
    public const int UsualCapacity = 4096;

    private const uint FilesPurpose = 3, BufferPurpose = 4;

    private readonly ISceneFiles _files;
    private readonly ulong _seed;
    private readonly SceneReference[] _buffer;
    private readonly int[] _fileOrder;
    private RandomStream _draws = null!;
    private long _epoch;
    private int _held, _filePlace, _record;

    /// <summary>Stands before the first scene of the first epoch.</summary>
    /// <param name="files">The set.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="capacity">References in the buffer, at least 1; with 1, records keep the order of their
    /// file.</param>
    public ShuffledOrder(ISceneFiles files, ulong seed, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_files, _seed) = (files, seed);
        _buffer = new SceneReference[capacity];
        _fileOrder = new int[files.Count];
        StartEpoch(0);
    }

    /// <summary>The next scene.</summary>
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

    /// <summary>Passes over scenes as <see cref="Next"/> would; only from the beginning of the order.</summary>
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

using Gqn.Native.Imaging;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Scenes from the files of a data set; frames are resampled to the requested size.</summary>
/// <param name="dataset">One split of a data set.</param>
/// <param name="skipDamaged">The number of damaged records that may be passed over; the next record takes the place of
/// each.</param>
public sealed class RecordedScenes(GqnDataset dataset, int skipDamaged = 0) : SceneSource
{
    private const int UsualGridWidth = 16;

    /// <inheritdoc/>
    public override string Name => dataset.Name;

    /// <inheritdoc/>
    public override int ViewsPerScene => dataset.ViewsPerScene;

    /// <inheritdoc/>
    /// <remarks>A set with a released name has the bounds of the environment that renders such scenes; those of other
    /// sets are estimated from their cameras.</remarks>
    public override (SceneBounds Bounds, int GridWidth) FindBounds(double? fieldOfViewDegrees = null)
    {
        if (GqnDatasetInfo.Find(Name) is not { } known)
        {
            var cameras = SceneSight.Cameras(this).Select(camera => camera.WithFieldOfView(fieldOfViewDegrees));
            return (CameraBounds.Of([.. cameras]), UsualGridWidth);
        }

        var environment = Environments.Create(known.Environment);
        return (environment.Bounds, environment.UsualGridWidth);
    }

    /// <inheritdoc/>
    public override DamagedRecords? Damaged { get; } = skipDamaged > 0 ? new DamagedRecords(skipDamaged) : null;

    /// <inheritdoc/>
    public override void RequireReadable(int imageSize)
    {
        int first = Enumerable.Range(0, Files.Count).Cast<int?>()
            .FirstOrDefault(file => Files.CountScenes(file!.Value) > 0)
            ?? throw new DatasetException(dataset.Path, null, "there is no scene in any of the files");
        // Where damaged records may be passed over, this one may be damaged.
        if (Damaged is not null)
            return;
        using var reader = CreateReader(imageSize);
        reader.Load(new SceneReference(first, 0));
        reader.Render(0, new byte[imageSize * imageSize * 3]);
    }

    /// <inheritdoc/>
    internal override ISceneFiles Files { get; } = new OffsetCache(dataset);

    /// <inheritdoc/>
    internal override SceneReader CreateReader(int imageSize) => new Reader(dataset, (OffsetCache)Files, imageSize);

    /// <summary>A least-recently-used cache of the scene offsets of files.</summary>
    private sealed class OffsetCache(GqnDataset dataset) : ISceneFiles
    {
        /// <summary>32 MiB of offsets; a shuffle buffer refers to far fewer.</summary>
        private const long MaxOffsets = 4 << 20;

        private readonly object _gate = new();
        private readonly Dictionary<int, (long[] Offsets, long Used)> _files = [];
        private long _held, _clock;

        public string Path => dataset.Path;

        public int Count => dataset.Files.Count;

        public int CountScenes(int file) => dataset.TryCountScenes(file, out int count) ? count : this[file].Length;

        /// <summary>The byte offsets of the scenes in a file.</summary>
        public long[] this[int file]
        {
            get
            {
                lock (_gate)
                {
                    long[] offsets = _files.TryGetValue(file, out var known) ? known.Offsets : Add(file);
                    _files[file] = (offsets, ++_clock);
                    return offsets;
                }
            }
        }

        private long[] Add(int file)
        {
            long[] offsets = dataset.ReadOffsets(file);
            _held += offsets.Length;
            while (_held > MaxOffsets && _files.Count > 0)
            {
                var (oldest, entry) = _files.MinBy(held => held.Value.Used);
                _held -= entry.Offsets.Length;
                _files.Remove(oldest);
            }

            return offsets;
        }
    }

    private sealed class Reader(GqnDataset dataset, OffsetCache offsets, int imageSize) : SceneReader
    {
        private readonly ImageDecoder _decoder = new();
        private SquareResampler _resampler = new(imageSize, imageSize);
        private SceneReference _reference;
        private SceneRecord _record = null!;
        private TfRecordFile? _file;
        private byte[] _data = [], _frame = [];

        public override ulong Index => _reference.Index;

        public override void Load(SceneReference reference)
        {
            string path = dataset.Files[reference.File];
            if (_file?.Path != path)
            {
                _file?.Dispose();
                _file = null;
                _file = new TfRecordFile(path);
            }

            long[] places = offsets[reference.File];
            if (reference.Record >= places.Length)
                throw new DatasetException(path, null, "the file has fewer scenes than when it was opened");
            _reference = reference;
            _record = dataset.Parse(_file.Read(places[reference.Record], ref _data), path, places[reference.Record]);
        }

        public override SceneReference After(SceneReference damaged)
        {
            int files = dataset.Files.Count, file = damaged.File;
            if (damaged.Record + 1 < offsets[file].Length)
                return new SceneReference(file, damaged.Record + 1);
            do
                file = (file + 1) % files;
            while (offsets[file].Length == 0 && file != damaged.File);
            return new SceneReference(file, 0);
        }

        public override Camera Camera(int view) => _record.Camera(view);

        public override void Render(int view, Span<byte> rgb)
        {
            _record.Decode(view, _decoder);
            int size = _decoder.Width;
            _record.RequireSquare(view, size, _decoder.Height);
            if (size == imageSize)
            {
                _decoder.WriteRgb(rgb);
                return;
            }

            int length = size * size * 3;
            if (_frame.Length < length)
                _frame = new byte[length];
            if (_resampler.From != size)
                _resampler = new SquareResampler(size, imageSize);
            _decoder.WriteRgb(_frame.AsSpan(0, length));
            _resampler.Resample(_frame.AsSpan(0, length), rgb);
        }

        public override Scene? FindScene() => _record.ToScene(dataset.Split);

        public override void Dispose() => _file?.Dispose();
    }
}

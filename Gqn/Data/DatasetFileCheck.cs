using Gqn.Native.Imaging;

namespace Gqn.Native.Data;

/// <summary>Checks one file of a data set, record by record, as far as its framing leads. Not thread-safe.</summary>
/// <param name="dataset">The data set.</param>
/// <param name="path">The file.</param>
/// <param name="views">The number of views that each scene should have; null if it is not known.</param>
/// <param name="mostFaults">How many faults are kept; with 1, the check ends at the first.</param>
internal sealed class DatasetFileCheck(GqnDataset dataset, string path, int? views, int mostFaults)
{
    private readonly List<DatasetException> _faults = [];
    private readonly ImageDecoder _decoder = new();
    private byte[] _pixels = [];

    /// <summary>The number of records that are in order.</summary>
    public long Scenes { get; private set; }

    /// <summary>The number of frames of these records.</summary>
    public long Frames { get; private set; }

    /// <summary>The number of these records that have ground truth.</summary>
    public long GroundTruths { get; private set; }

    /// <summary>The first faults, in order.</summary>
    public IReadOnlyList<DatasetException> Faults => _faults;

    /// <summary>The number of all faults.</summary>
    public long FaultCount { get; private set; }

    /// <summary>The number of frames with an EXIF orientation that is not followed.</summary>
    public long TurnedFrames { get; private set; }

    /// <summary>The first of these frames; null if there is none.</summary>
    public string? FirstTurned { get; private set; }

    private bool IsEnough => mostFaults == 1 && FaultCount > 0;

    /// <summary>Checks the file.</summary>
    /// <param name="progress">Receives the number of bytes of the file checked since its last call.</param>
    /// <param name="cancellation">Requests a stop.</param>
    /// <exception cref="OperationCanceledException">The check was stopped.</exception>
    public void Run(Action<long> progress, CancellationToken cancellation)
    {
        long reported = 0;
        try
        {
            using var records = new TfRecordReader(path);
            while (!IsEnough && CheckNext(records))
            {
                cancellation.ThrowIfCancellationRequested();
                progress(records.BytesRead - reported);
                reported = records.BytesRead;
            }
        }
        catch (DatasetException fault)
        {
            Add(fault);
        }

        progress(Length(path) - reported);
    }

    /// <summary>The length of a file in bytes; 0 if it is not there any more.</summary>
    internal static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Checks the next record; false at the end of what can be read.</summary>
    private bool CheckNext(TfRecordReader records)
    {
        long offset = records.Position;
        try
        {
            if (!records.TryRead(out var data))
                return false;
            Check(SceneRecord.Parse(data, path, offset));
        }
        catch (DatasetException fault) when (records.IsLost)
        {
            Add(new DatasetException(
                fault.Path, fault.Offset, $"{fault.Problem}; the rest of the file is lost", fault));
            return false;
        }
        catch (DatasetException fault)
        {
            Add(fault);
        }

        return true;
    }

    private void Check(SceneRecord record)
    {
        long before = FaultCount;
        Try(() => RequireViews(record));
        for (int view = 0; view < record.Views && !IsEnough; view++)
        {
            int frame = view;
            Try(() => CheckFrame(record, frame));
        }

        bool truth = false;
        Try(() => truth = record.ToScene(dataset.Split) is not null);
        if (FaultCount > before)
            return;
        Scenes++;
        Frames += record.Views;
        GroundTruths += truth ? 1 : 0;
    }

    /// <summary>A fault in one part of a record does not hide those in the others.</summary>
    private void Try(Action check)
    {
        try
        {
            if (!IsEnough)
                check();
        }
        catch (DatasetException fault)
        {
            Add(fault);
        }
    }

    private void Add(DatasetException fault)
    {
        FaultCount++;
        if (_faults.Count < mostFaults)
            _faults.Add(fault);
    }

    private void RequireViews(SceneRecord record)
    {
        if (record.Views < SceneRecord.MinViews)
        {
            throw new DatasetException(
                record.Source.Path, record.Source.Offset,
                $"the scene has {Quantity.Of(record.Views, "view")}; it needs at least {SceneRecord.MinViews}, a "
                + "context and the query");
        }

        if (views is { } expected)
            dataset.RequireViews(record, expected);
    }

    private void CheckFrame(SceneRecord record, int view)
    {
        record.Decode(view, _decoder);
        record.RequireSquare(view, _decoder.Width, _decoder.Height);
        int length = _decoder.Width * _decoder.Height * 3;
        if (_pixels.Length != length)
            _pixels = new byte[length];
        _decoder.WriteRgb(_pixels);
        if (_decoder.Orientation == ExifOrientation.Upright)
            return;
        TurnedFrames++;
        FirstTurned ??= $"frame {view} of the scene in '{record.Source.Path}', byte {record.Source.Offset}, with "
            + $"orientation {_decoder.Orientation}";
    }
}

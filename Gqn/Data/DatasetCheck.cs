namespace Gqn.Native.Data;

/// <summary>What is in order in a checked data set.</summary>
/// <param name="Scenes">Number of records.</param>
/// <param name="Frames">Number of frames of all records.</param>
/// <param name="GroundTruths">Number of records with ground truth: the factors that generated their images.</param>
public readonly record struct DatasetTotals(long Scenes, long Frames, long GroundTruths);

/// <summary>The outcome of the check of a data set.</summary>
/// <param name="Totals">The records, frames and ground truths that are in order; a record counts if all of it
/// is.</param>
/// <param name="Faults">The faults in the order of files and bytes, at most the number asked for.</param>
/// <param name="FaultCount">The number of all faults.</param>
/// <param name="FaultyFiles">The number of files with a fault.</param>
/// <param name="TurnedFrames">The number of frames whose EXIF orientation says that they should be turned, which
/// nothing here does.</param>
/// <param name="FirstTurned">The first of these frames, as a phrase with file and byte; null if there is none.</param>
public sealed record DatasetFindings(
    DatasetTotals Totals, IReadOnlyList<DatasetException> Faults, long FaultCount, int FaultyFiles, long TurnedFrames,
    string? FirstTurned);

/// <summary>Reads a whole data set, on all processors, to verify that it can be read.</summary>
public static class DatasetCheck
{
    /// <summary>Verifies every checksum, decodes every frame, reads all cameras and composes the scenes of all records
    /// with ground truth.</summary>
    /// <param name="dataset">The data set to check.</param>
    /// <param name="progress">Receives the number of bytes of the files checked since its last call; called
    /// concurrently by several threads.</param>
    /// <param name="mostFaults">How many faults are returned; the others are counted. With 1, the check ends at the
    /// first fault in the order of files and bytes.</param>
    /// <param name="cancellation">Requests a stop.</param>
    /// <exception cref="OperationCanceledException">The check was stopped.</exception>
    public static DatasetFindings Run(
        GqnDataset dataset, Action<long> progress, int mostFaults, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostFaults, 1);
        int? views = FindViews(dataset);
        var files = new DatasetFileCheck[dataset.Files.Count];
        Parallel.For(0, files.Length, new ParallelOptions { CancellationToken = cancellation }, (file, state) =>
        {
            files[file] = new DatasetFileCheck(dataset, dataset.Files[file], views, mostFaults);
            files[file].Run(progress, cancellation);
            // Files before this one are still checked to their ends, so the first fault is found.
            if (mostFaults == 1 && files[file].FaultCount > 0)
                state.Break();
        });
        return Sum([.. files.Where(file => file is not null)], mostFaults);
    }

    private static DatasetFindings Sum(DatasetFileCheck[] files, int mostFaults) => new(
        new DatasetTotals(
            files.Sum(file => file.Scenes), files.Sum(file => file.Frames), files.Sum(file => file.GroundTruths)),
        [.. files.SelectMany(file => file.Faults).Take(mostFaults)],
        files.Sum(file => file.FaultCount), files.Count(file => file.FaultCount > 0),
        files.Sum(file => file.TurnedFrames),
        files.Select(file => file.FirstTurned).FirstOrDefault(first => first is not null));

    /// <summary>The number of views that each scene should have: if it is not known from the data set's name, that of
    /// the first scene that can be read; null if none can.</summary>
    private static int? FindViews(GqnDataset dataset)
    {
        if (dataset.Info is { } info)
            return info.Views;
        foreach (string file in dataset.Files)
        {
            try
            {
                using var records = new TfRecordReader(file);
                while (ReadViews(records, file, out int? views))
                {
                    if (views is not null)
                        return views;
                }
            }
            catch (DatasetException)
            {
                // The check of the file tells it again, in its turn.
            }
        }

        return null;
    }

    private static bool ReadViews(TfRecordReader records, string path, out int? views)
    {
        views = null;
        try
        {
            if (!records.TryRead(out var data))
                return false;
            views = SceneRecord.Parse(data, path).Views;
        }
        catch (DatasetException)
        {
            return !records.IsLost;
        }

        return true;
    }
}

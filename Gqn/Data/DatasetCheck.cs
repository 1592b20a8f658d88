using Gqn.Native.Imaging;

namespace Gqn.Native.Data;

/// <summary>The totals of a checked data set.</summary>
/// <param name="Scenes">Number of records.</param>
/// <param name="Frames">Number of frames of all records.</param>
/// <param name="GroundTruths">Number of records with ground truth: the factors that generated their images.</param>
public readonly record struct DatasetTotals(long Scenes, long Frames, long GroundTruths);

/// <summary>Reads a whole data set, on all processors, to verify that it can be read.</summary>
public static class DatasetCheck
{
    /// <summary>Verifies every checksum, decodes every frame, reads all cameras and composes the scenes of all records
    /// with ground truth.</summary>
    /// <param name="dataset">The data set to check.</param>
    /// <param name="progress">Receives the number of bytes checked since its last call; called concurrently by several
    /// threads.</param>
    /// <param name="cancellation">Requests a stop.</param>
    /// <returns>The totals, if all of the data set is in order.</returns>
    /// <exception cref="DatasetException">The data set is damaged; of several faults, this is the first in the order of
    /// files and bytes.</exception>
    /// <exception cref="OperationCanceledException">The check was stopped.</exception>
    public static DatasetTotals Run(GqnDataset dataset, Action<long> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(progress);
        // Evaluated here, so that a fault of the first scene is not attributed to another file.
        _ = dataset.ViewsPerScene;
        var faults = new DatasetException?[dataset.Files.Count];
        var totals = new DatasetTotals[faults.Length];
        Parallel.For(0, faults.Length, new ParallelOptions { CancellationToken = cancellation }, (file, state) =>
        {
            try
            {
                totals[file] = CheckFile(dataset, file, progress, cancellation);
            }
            catch (DatasetException fault)
            {
                // Files before this one are still checked to their ends, so the first fault is found.
                faults[file] = fault;
                state.Break();
            }
        });
        if (Array.Find(faults, fault => fault is not null) is { } first)
            throw first;
        return new DatasetTotals(
            totals.Sum(file => file.Scenes), totals.Sum(file => file.Frames), totals.Sum(file => file.GroundTruths));
    }

    private static DatasetTotals CheckFile(
        GqnDataset dataset, int file, Action<long> progress, CancellationToken cancellation)
    {
        var decoder = new ImageDecoder();
        byte[] pixels = [];
        (long scenes, long frames, long truths, long reported) = (0, 0, 0, 0);
        foreach (var record in dataset.ReadFile(file))
        {
            cancellation.ThrowIfCancellationRequested();
            for (int view = 0; view < record.Views; view++)
                CheckFrame(record, view, decoder, ref pixels);
            if (record.ToScene(dataset.Split) is not null)
                truths++;
            scenes++;
            frames += record.Views;
            progress(record.Source.Offset - reported);
            reported = record.Source.Offset;
        }

        progress(new FileInfo(dataset.Files[file]).Length - reported);
        return new DatasetTotals(scenes, frames, truths);
    }

    private static void CheckFrame(SceneRecord record, int view, ImageDecoder decoder, ref byte[] pixels)
    {
        record.Decode(view, decoder);
        record.RequireSquare(view, decoder.Width, decoder.Height);
        int length = decoder.Width * decoder.Height * 3;
        if (pixels.Length != length)
            pixels = new byte[length];
        try
        {
            decoder.WriteRgb(pixels);
        }
        catch (ImageFormatException fault)
        {
            throw new DatasetException(
                record.Source.Path, record.Source.Offset,
                $"frame {view} of the scene cannot be decoded: {fault.Message}", fault);
        }
    }
}

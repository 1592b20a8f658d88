using Gqn.Native.Imaging;

namespace Gqn.Native.Data;

/// <summary>What a whole data set was found to hold.</summary>
/// <param name="Scenes">Records.</param>
/// <param name="Frames">Pictures.</param>
/// <param name="GroundTruths">Records that say what the causes of their pictures are.</param>
public readonly record struct DatasetTotals(long Scenes, long Frames, long GroundTruths);

/// <summary>Reads all of a data set, by all processors, to prove that it can be read.</summary>
public static class DatasetCheck
{
    /// <summary>Compares every check value, decodes every frame, reads all cameras and, where there are some, composes
    /// the scenes that records describe.</summary>
    /// <param name="dataset">What to check.</param>
    /// <param name="progress">Hears how many bytes were checked since it heard last, from several threads at
    /// once.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <returns>What there is, all of it in order.</returns>
    /// <exception cref="DatasetException">Something is damaged; of several faults this is the first, in the order of
    /// the files and their bytes.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static DatasetTotals Run(GqnDataset dataset, Action<long> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(progress);
        // Asked for here, where a fault of the first scene is nobody else's.
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
                // All files before this one are still checked to their ends.
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

using Gqn.Native.Data;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>The representations of consecutive scenes, computed a batch at a time.</summary>
/// <remarks>
/// The views of a scene that are shown are its first ones. Nothing is drawn at random: a row depends on the weights and
/// on its scene alone.
/// </remarks>
public sealed class SceneRepresentations
{
    private readonly TrainedModel _model;
    private readonly SceneSource _source;

    /// <summary>Chooses the scenes.</summary>
    /// <param name="model">The model that represents them.</param>
    /// <param name="source">The source of the scenes.</param>
    /// <param name="first">The number of the first scene: in the environment's split, or in the order of the
    /// files.</param>
    /// <param name="count">The number of scenes; null for all from the first on.</param>
    /// <param name="contexts">M, the number of views of each scene.</param>
    /// <param name="eachView">Whether each view has a row of its own, instead of the sum of the views.</param>
    /// <exception cref="OptionException">There are not as many scenes or views, or their supply is endless and no count
    /// is given.</exception>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    public SceneRepresentations(
        TrainedModel model, SceneSource source, long first, long? count, int contexts, bool eachView)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        if (contexts < 1 || contexts > source.ViewsPerScene)
        {
            throw new OptionException(
                $"{contexts} contexts: a scene of {source.Name} has {source.ViewsPerScene} views.");
        }

        long? there = source.CountScenes();
        if (there is { } known && (first >= known || count > known - first))
        {
            throw new OptionException(
                $"There are {known} scenes of {source.Name} in this split, numbered from 0, so from number {first} on "
                + $"there are {(first >= known ? "none" : $"{known - first}, not {count}")}.");
        }

        (_model, _source, First, Contexts, EachView) = (model, source, first, contexts, eachView);
        Scenes = count ?? there - first ?? throw new OptionException(
            $"There is no end of scenes of {source.Name}: say how many.");
        var options = model.Configuration.Model;
        var shape = options.RepresentationShape(1);
        var volume = options.Volume;
        RowShape = options.Representation switch
        {
            RepresentationKind.Volume => [volume.Up, volume.Across, volume.Across, volume.Channels],
            RepresentationKind.Tower => [shape.H, shape.W, shape.C],
            _ => [shape.C],
        };
    }

    /// <summary>The number of the first scene.</summary>
    public long First { get; }

    /// <summary>The number of scenes.</summary>
    public long Scenes { get; }

    /// <summary>M, the number of views of each scene.</summary>
    public int Contexts { get; }

    /// <summary>Whether each view has a row of its own.</summary>
    public bool EachView { get; }

    /// <summary>The number of rows: one for each scene, or for each view of each scene.</summary>
    public long Rows => EachView ? Scenes * Contexts : Scenes;

    /// <summary>The shape of r, outermost first: (channels) for pool and pyramid, (row, column, channel) for the tower,
    /// (z, y, x, channel) for the volume, whose places are counted from the lowest coordinates.</summary>
    public IReadOnlyList<int> RowShape { get; }

    /// <summary>The numbers in a row.</summary>
    public int Columns => RowShape.Aggregate(1, (product, size) => product * size);

    /// <summary>Computes the rows in order, a batch at a time.</summary>
    /// <param name="cancellation">Requests a stop before the next batch.</param>
    /// <exception cref="DatasetException">A scene is damaged or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">A stop was requested.</exception>
    public IEnumerable<RepresentationRows> Batches(CancellationToken cancellation = default)
    {
        var options = _model.Configuration.Model;
        using var reader = _source.CreateReader(options.ImageSize);
        using var scenes = _source.InOrder(First).GetEnumerator();
        // No more scenes at a time than in training, so that this fits the memory if training did.
        int batch = (int)Math.Min(_model.Configuration.Training.Batch, Scenes);
        byte[] rgb = new byte[options.ImageLength];
        float[] pixels = new float[(long)batch * Contexts * options.ImageLength];
        for (long done = 0; done < Scenes; done += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(batch, Scenes - done);
            var cameras = new Camera[count * Contexts];
            for (int view = 0; view < cameras.Length; view++)
            {
                if (view % Contexts == 0)
                {
                    scenes.MoveNext();
                    reader.Load(scenes.Current);
                }

                cameras[view] = reader.Camera(view % Contexts);
                reader.Render(view % Contexts, rgb);
                for (int i = 0; i < rgb.Length; i++)
                    pixels[(view * options.ImageLength) + i] = rgb[i] / 255f;
            }

            float[] values = _model.RepresentBatch(
                pixels.AsSpan(0, cameras.Length * options.ImageLength), cameras, EachView ? 1 : Contexts);
            yield return new RepresentationRows(First + done, count, values, cameras);
        }
    }
}

/// <summary>The rows of a batch of scenes.</summary>
/// <param name="First">The number of the first scene.</param>
/// <param name="Scenes">The number of scenes.</param>
/// <param name="Values">The rows one after the other, each in the order of
/// <see cref="SceneRepresentations.RowShape"/>.</param>
/// <param name="Cameras">The cameras of the views that were shown, those of a scene adjacent.</param>
public sealed record RepresentationRows(
    long First, int Scenes, ReadOnlyMemory<float> Values, IReadOnlyList<Camera> Cameras);

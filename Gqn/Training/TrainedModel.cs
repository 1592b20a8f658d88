using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>
/// A model's representation of one scene: r, on the host. It can be added to, and rendered from any viewpoint.
/// </summary>
/// <param name="Values">The values of r, channels last.</param>
/// <param name="Contexts">The number of images summed in r.</param>
public sealed record SceneRepresentation(ReadOnlyMemory<float> Values, int Contexts);

/// <summary>A trained model that represents scenes and renders them from new viewpoints.</summary>
public sealed class TrainedModel : IDisposable
{
    private const uint NoiseStream = 0x52656E64;
    private readonly Device _device;
    private readonly bool _ownsDevice;
    private readonly Tape _tape;
    private readonly CameraEncoder _cameras;

    private TrainedModel(RunConfiguration configuration, Device device, bool ownsDevice, bool inference)
    {
        Configuration = configuration;
        _device = device;
        _ownsDevice = ownsDevice;
        _tape = new Tape(device) { Recording = false };
        Network = new GenerativeQueryNetwork(configuration.Model, device, configuration.Training.Seed, inference);
        _cameras = new CameraEncoder(configuration.Model);
    }

    /// <summary>The run's configuration.</summary>
    public RunConfiguration Configuration { get; }

    /// <summary>The network with its trained weights.</summary>
    public GenerativeQueryNetwork Network { get; }

    /// <summary>The number of updates of the weights.</summary>
    public long Step { get; private set; }

    /// <summary>Whether the weights are raw or averaged.</summary>
    public WeightKind Weights { get; private set; }

    /// <summary>Loads a shipped model, a weights file, or the newest checkpoint of a run.</summary>
    /// <param name="name">The folder of a run, the path of a weights file, or the name of a shipped model.</param>
    /// <param name="device">The device to compute on; null for the processor.</param>
    /// <param name="weights">Which weights to load; null for the average if there is one.</param>
    /// <exception cref="OptionException">There is nothing of that name, or the folder is not a run, or it lacks a
    /// checkpoint or the requested weights.</exception>
    /// <exception cref="IOException">The file is damaged.</exception>
    public static TrainedModel Load(string name, Device? device = null, WeightKind? weights = null)
    {
        var location = ShippedModels.Installed.Locate(name);
        return location.IsRun
            ? LoadRun(location.Path, device, weights, inference: true)
            : LoadFile(location.Path, device, weights);
    }

    /// <summary>Loads the newest checkpoint of a run, with or without the inference network.</summary>
    internal static TrainedModel LoadRun(string run, Device? device, WeightKind? weights, bool inference)
    {
        var directory = new RunDirectory(run);
        var configuration = directory.ReadConfiguration();
        string checkpoint = directory.LatestCheckpoint()
            ?? throw new OptionException($"{run} has no checkpoint yet; train it first: train --resume {Shell.Quote(run)}");
        return Open(
            configuration, device, inference,
            model => Checkpoint.LoadWeights(checkpoint, model.Network, weights));
    }

    private static TrainedModel LoadFile(string path, Device? device, WeightKind? weights)
    {
        var description = WeightsFile.Describe(path);
        if (weights is { } wanted && wanted != description.Weights)
        {
            var (there, asked) = description.Weights == WeightKind.Average ? ("averaged", "raw") : ("raw", "averaged");
            throw new OptionException($"{path} has {there} weights alone, not {asked} ones.");
        }

        return Open(description.Configuration, device, description.CanInfer, model =>
        {
            WeightsFile.Load(path, model.Network);
            return (description.Step, description.Weights);
        });
    }

    private static TrainedModel Open(
        RunConfiguration configuration, Device? device, bool inference,
        Func<TrainedModel, (long Step, WeightKind Kind)> load)
    {
        var model = new TrainedModel(configuration, device ?? new CpuDevice(), device is null, inference);
        try
        {
            (model.Step, model.Weights) = load(model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Computes r of a scene from images and their cameras.</summary>
    /// <exception cref="ArgumentException">
    /// There is no image, the counts differ, or an image is not of the model's size.
    /// </exception>
    public SceneRepresentation Represent(IReadOnlyList<RgbImage> images, IReadOnlyList<Camera> cameras)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(cameras);
        int size = Configuration.Model.ImageSize, length = Configuration.Model.ImageLength;
        if (images.Count == 0 || images.Count != cameras.Count)
        {
            throw new ArgumentException(
                $"{images.Count} images and {cameras.Count} cameras: there must be as many, and at least one.",
                nameof(images));
        }

        float[] pixels = new float[images.Count * length];
        for (int i = 0; i < images.Count; i++)
        {
            if (images[i].Width != size || images[i].Height != size)
            {
                throw new ArgumentException(
                    $"Image {i} is {images[i].Width}x{images[i].Height}; the model takes {size}x{size}.",
                    nameof(images));
            }

            for (int p = 0; p < length; p++)
                pixels[(i * length) + p] = images[i].Bytes[p] / 255f;
        }

        return new SceneRepresentation(RepresentBatch(pixels, [.. cameras], images.Count), images.Count);
    }

    /// <summary>Computes r of several scenes.</summary>
    /// <param name="pixels">The images in [0, 1], height × width × 3 each, with those of a scene adjacent.</param>
    /// <param name="cameras">The cameras of the images.</param>
    /// <param name="contexts">M, images per scene.</param>
    /// <returns>r of each scene, channels last.</returns>
    internal float[] RepresentBatch(ReadOnlySpan<float> pixels, ReadOnlySpan<Camera> cameras, int contexts)
    {
        var representation = Network.Represent(
            _tape.Constant(Configuration.Model.ImageShape(cameras.Length), pixels),
            _cameras.Contexts(_tape, cameras), contexts);
        float[] values = new float[representation.Shape.Count];
        representation.Download(values);
        _tape.Reset();
        return values;
    }

    /// <summary>Predicts a scene from a new viewpoint: the mean image of one sample from the prior.</summary>
    /// <param name="scene">The result of <see cref="Represent"/>.</param>
    /// <param name="camera">The camera to predict.</param>
    /// <param name="sample">The number of the sample; equal numbers give equal images.</param>
    public RgbImage Render(SceneRepresentation scene, Camera camera, uint sample = 0)
    {
        ArgumentNullException.ThrowIfNull(scene);
        int size = Configuration.Model.ImageSize;
        var mean = Network.Generate(
            _tape.Constant(Configuration.Model.RepresentationShape(1), scene.Values.Span),
            _cameras.Queries(_tape, [camera]),
            new RandomStream(Configuration.Training.Seed, NoiseStream) { Position = sample << 8 });
        float[] pixels = new float[Configuration.Model.ImageLength];
        mean.Download(pixels);
        _tape.Reset();
        foreach (ref float value in pixels.AsSpan())
            value = Math.Clamp(value, 0f, 1f);
        return RgbImage.FromUnit(pixels, size, size);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _tape.Dispose();
        Network.Dispose();
        if (_ownsDevice)
            _device.Dispose();
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Model.Representation;

namespace Gqn.Native.Model;

/// <summary>The Generative Query Network (Eslami et al., Science 360:1204, 2018).</summary>
/// <remarks>
/// A representation network aggregates the context views of a scene into r; a recurrent latent-variable generator draws
/// the image of any query viewpoint from r. Training maximises the evidence lower bound with the help of an inference
/// network that sees the query image. Training and generation share one rollout, so the prior that is trained is the
/// one that is sampled.
/// </remarks>
public sealed class GenerativeQueryNetwork : IDisposable
{
    private readonly RepresentationNetwork _representation;
    private readonly GenerationCore[] _generation;
    private readonly InferenceCore[] _inference;
    private readonly CanvasResampling[] _resampling;
    private readonly Convolution[] _priorHeads, _posteriorHeads;
    private readonly OutputHead _output;
    private readonly Variable[] _divergences;

    /// <summary>Creates a network with initial weights.</summary>
    /// <param name="options">Sizes and variants of the architecture.</param>
    /// <param name="device">The device to compute on; it must outlive the network.</param>
    /// <param name="seed">Seed of the initial weights.</param>
    /// <param name="inference">False for a network that only predicts: it has no inference cores or posterior heads,
    /// and cannot be trained.</param>
    /// <exception cref="OptionException">The options are inconsistent.</exception>
    public GenerativeQueryNetwork(ModelOptions options, Device device, ulong seed, bool inference = true)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        Parameters = new ParameterStore { HeInitialization = options.HeInitialization };
        CanInfer = inference;
        _divergences = new Variable[options.Layers];
        var root = Parameters.Root;
        _representation = RepresentationNetwork.Create(root.Child("representation"), options);
        _generation = PerLayer(options.SharedCores, "generation", scope => new GenerationCore(scope, options));
        _inference = inference
            ? PerLayer(options.SharedCores, "inference", scope => new InferenceCore(scope, options))
            : [];
        _resampling = PerLayer(
            options.SharedCores || options.SharedResampling, "resampling",
            scope => new CanvasResampling(scope, options, inference));
        _priorHeads = PerLayer(!options.HeadsPerLayer, "prior", scope => Head(scope, options));
        _posteriorHeads = inference
            ? PerLayer(!options.HeadsPerLayer, "posterior", scope => Head(scope, options))
            : [];
        _output = new OutputHead(root.Child("output"), options);
        Parameters.Materialize(device, seed);
    }

    /// <summary>Sizes and variants of the architecture.</summary>
    public ModelOptions Options { get; }

    /// <summary>Whether a parameter of that name serves inference alone.</summary>
    internal static bool IsOfInference(string name) =>
        name.Split('.').Any(part => part is "inference" or "posterior" or "canvas_down" or "image_down");

    /// <summary>
    /// Whether there is an inference network, without which it can neither reconstruct nor measure a divergence.
    /// </summary>
    public bool CanInfer { get; }

    /// <summary>All trained parameters.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>r = Σₖ ψ(xᵏ, vᵏ), the representation of each scene.</summary>
    /// <param name="images">(scenes·contexts, 3, size, size) in [0, 1], with the images of a scene adjacent.</param>
    /// <param name="views">The encoded cameras of the images.</param>
    /// <param name="contexts">M, images per scene.</param>
    /// <returns>(scenes, channels, h, w): one pixel for pyramid and pool, one entry per place for volume.</returns>
    /// <exception cref="ShapeException">
    /// The images are not of the model's size, or their number is not divisible by the contexts.
    /// </exception>
    public Variable Represent(Variable images, Views views, int contexts)
    {
        RequireImages("Represent", images, views.Poses);
        RequireGeometry("Represent", Options.NeedsBounds, views.Rays);
        return _representation.Forward(images, views).SumGroups(contexts);
    }

    /// <summary>The evidence lower bound of the query images and its parts, for training.</summary>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="queryImages">(scenes, 3, size, size) in [0, 1].</param>
    /// <param name="sigma">Standard deviation of a pixel.</param>
    /// <param name="noise">The random stream of the posterior samples.</param>
    public Elbo EstimateElbo(
        Variable representation, Views queryViews, Variable queryImages, Sigma sigma, RandomStream noise)
    {
        RequireImages("EstimateElbo", queryImages, queryViews.Poses);
        var tape = representation.Tape;
        var (mean, divergences) = Roll(representation, queryViews, queryImages, noise);
        float perScene = 1f / queryImages.Shape.N;
        Variable kl = default;
        for (int layer = 0; layer < divergences.Length; layer++)
        {
            var divergence = divergences[layer].Sum().Scale(perScene);
            tape.Keep(divergence);
            divergences[layer] = divergence;
            kl = kl.Exists ? kl.Add(divergence) : divergence;
        }

        var nll = mean.GaussianNll(queryImages, sigma).Sum().Scale(perScene);
        tape.Keep(kl);
        tape.Keep(nll);
        tape.Keep(mean);
        return new Elbo(nll.Add(kl), nll, kl, mean, divergences);
    }

    /// <summary>The same bound with the prior for the posterior: −log p(x | z) of a sample from the prior.</summary>
    /// <remarks>
    /// A valid bound, as tight as the other if the latents carry nothing, and without the cost of the inference cores.
    /// It trains neither the inference cores nor the latents to carry information.
    /// </remarks>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="queryImages">(scenes, 3, size, size) in [0, 1].</param>
    /// <param name="sigma">Standard deviation of a pixel.</param>
    /// <param name="noise">The random stream of the prior samples.</param>
    public Elbo EstimatePriorElbo(
        Variable representation, Views queryViews, Variable queryImages, Sigma sigma, RandomStream noise)
    {
        RequireImages("EstimatePriorElbo", queryImages, queryViews.Poses);
        var tape = representation.Tape;
        var mean = Generate(representation, queryViews, noise);
        var nll = mean.GaussianNll(queryImages, sigma).Sum().Scale(1f / queryImages.Shape.N);
        tape.Keep(nll);
        tape.Keep(mean);
        return new Elbo(nll, nll, tape.Constant(Shape.Scalar, 0f), mean, default);
    }

    /// <summary>
    /// The mean image of a sample from the prior: the network's prediction for an unseen viewpoint.
    /// </summary>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="noise">The random stream of the prior samples.</param>
    /// <returns>(scenes, 3, size, size); not clipped to [0, 1].</returns>
    public Variable Generate(Variable representation, Views queryViews, RandomStream noise) =>
        Roll(representation, queryViews, default, noise).Mean;

    /// <summary>
    /// The mean image of a sample from the posterior, which has seen the query image: never a prediction.
    /// </summary>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="queryImages">(scenes, 3, size, size) in [0, 1].</param>
    /// <param name="noise">The random stream of the posterior samples.</param>
    public Variable Reconstruct(
        Variable representation, Views queryViews, Variable queryImages, RandomStream noise) =>
        Roll(representation, queryViews, queryImages, noise).Mean;

    /// <summary>
    /// Bayesian surprise: Σ over layers of KL(posterior ‖ prior) for one posterior sample per scene, in nats.
    /// </summary>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="queryImages">(scenes, 3, size, size) in [0, 1].</param>
    /// <param name="noise">The random stream of the posterior samples.</param>
    /// <returns>(scenes, 1, 1, 1)</returns>
    public Variable EvaluateKl(Variable representation, Views queryViews, Variable queryImages, RandomStream noise)
    {
        var (kl, mean) = Infer(representation, queryViews, queryImages, noise);
        kl.Tape.Release(mean);
        return kl;
    }

    /// <summary>
    /// One posterior sample per scene: the two parts of the evidence lower bound, scene by scene.
    /// </summary>
    /// <param name="representation">The result of <see cref="Represent"/>.</param>
    /// <param name="queryViews">The encoded cameras of the images to predict, one per scene.</param>
    /// <param name="queryImages">(scenes, 3, size, size) in [0, 1].</param>
    /// <param name="noise">The random stream of the posterior samples.</param>
    /// <returns>KL(posterior ‖ prior) in nats, (scenes, 1, 1, 1), and the mean image of the sample, which has seen the
    /// query image, (scenes, 3, size, size).</returns>
    public (Variable Kl, Variable Mean) Infer(
        Variable representation, Views queryViews, Variable queryImages, RandomStream noise)
    {
        var (mean, divergences) = Roll(representation, queryViews, queryImages, noise);
        var tape = representation.Tape;
        Variable kl = default;
        foreach (var divergence in divergences)
        {
            var layer = divergence.SumTo(new Shape(divergence.Shape.N, 1, 1, 1));
            if (layer.Id != divergence.Id)
                tape.Release(divergence);
            if (!kl.Exists)
            {
                kl = layer;
                continue;
            }

            Replace(ref kl, kl.Add(layer));
            tape.Release(layer);
        }

        return (kl, mean);
    }

    /// <inheritdoc />
    public void Dispose() => Parameters.Dispose();

    /// <summary>
    /// The recurrence of generation and, with a query image, of inference. π_l is computed from h^g of the previous
    /// layer, q_l from h^e of this layer; z_l is a sample of q_l with a query image, of π_l without.
    /// </summary>
    /// <remarks>
    /// Only the inference cores use the canvas, and none uses that of the last layer. The image is the sum of the
    /// layers' outputs; if they share the resampling, it is drawn once, from the sum of their states.
    /// </remarks>
    private (Variable Mean, Variable[] Divergences) Roll(
        Variable representation, Views views, Variable image, RandomStream noise)
    {
        int scenes = representation.Shape.N;
        if (views.Poses.Shape != ModelOptions.ViewShape(scenes))
        {
            throw new ShapeException(
                $"GQN: query views {views.Poses.Shape} do not fit the representation {representation.Shape}.");
        }

        if (image.Exists && !CanInfer)
        {
            throw new OptionException(
                "These weights are without the inference network: they predict, but neither reconstruct nor measure "
                + "a divergence.");
        }

        RequireGeometry("GQN", Options.ViewBroadcast == SpatialBroadcast.Rays, views.Rays);
        RequireGeometry("GQN", Options.Representation == RepresentationKind.Volume, views.Points.Rows.Starts);
        var tape = representation.Tape;
        var condition = new Conditioning(
            views.Rays.Exists ? views.Rays : views.Poses, _representation.Read(representation, views));
        var latentHead = new Shape(scenes, 2 * Options.LatentChannels, Options.LatentSize, Options.LatentSize);
        ConvLstmState generation = default, inference = default;
        // Whatever is the same in every layer is computed once. Shared cores imply shared resampling.
        Variable canvas = default, drawing = default, sharedImage = default, inferenceGates = default;
        bool drawOnce = _resampling.Length == 1;
        if (image.Exists && drawOnce)
            sharedImage = _resampling[0].ImageDown(image);
        if (image.Exists && Options.SharedCores)
            inferenceGates = _inference[0].Prepare(condition, sharedImage);
        var generationGates = Options.SharedCores ? _generation[0].Prepare(condition) : default;
        var map = _output.Map(tape);
        var mean = _output.Empty(tape, scenes, Options.LatentSize);
        for (int layer = 0; layer < Options.Layers; layer++)
        {
            var priorHead = At(_priorHeads, layer);
            var resampling = At(_resampling, layer);
            var prior = generation.Hidden.Exists
                ? priorHead.Forward(generation.Hidden)
                : priorHead.ForwardZero(tape, latentHead);
            Variable latent;
            if (image.Exists)
            {
                var canvasDown = resampling.CanvasDown(canvas);
                var next = inferenceGates.Exists
                    ? _inference[0].Step(inferenceGates, generation.Hidden, canvasDown, inference)
                    : _inference[layer].Step(
                        condition, sharedImage.Exists ? sharedImage : resampling.ImageDown(image), generation.Hidden,
                        canvasDown, inference);
                Replace(ref inference, next);
                tape.Release(canvasDown);
                var posterior = At(_posteriorHeads, layer).Forward(inference.Hidden);
                (latent, _divergences[layer]) = posterior.GaussianLatent(prior, noise);
            }
            else
            {
                latent = prior.GaussianSample(noise);
            }

            var state = generationGates.Exists
                ? _generation[0].Step(generationGates, latent, generation)
                : _generation[layer].Step(condition, latent, generation);
            // Before the previous state is released: after the first layer, that state is the drawing.
            if (drawOnce)
                Replace(ref drawing, drawing.Exists ? drawing.Add(state.Hidden) : state.Hidden);
            else
                Replace(ref mean, resampling.DrawImage(state.Hidden, map, mean));
            Replace(ref generation, state);
            tape.Release(prior);
            tape.Release(latent);
            if (image.Exists && layer < Options.Layers - 1)
                Replace(ref canvas, resampling.Draw(generation.Hidden, canvas));
        }

        tape.Release(sharedImage);
        tape.Release(inferenceGates);
        tape.Release(generationGates);
        // Release only what was read for this query; the caller owns r itself.
        if (condition.Representation.Id != representation.Id)
            tape.Release(condition.Representation);
        if (drawOnce)
            Replace(ref mean, _resampling[0].DrawImage(drawing, map, mean));
        Replace(ref drawing, default);
        Replace(ref generation, default);
        Replace(ref inference, default);
        var blocks = mean;
        mean = blocks.DepthToSpace(Options.CanvasScale);
        tape.Release(blocks);
        return (mean, _divergences);
    }

    private static void Replace(ref Variable variable, Variable next)
    {
        if (variable.Exists)
            variable.Tape.Release(variable);
        variable = next;
    }

    private static void Replace(ref ConvLstmState state, ConvLstmState next)
    {
        if (state.Hidden.Exists)
        {
            state.Hidden.Tape.Release(state.Hidden);
            state.Cell.Tape.Release(state.Cell);
        }

        state = next;
    }

    private static Convolution Head(ParameterScope scope, ModelOptions options) =>
        new(scope, options.Hidden, 2 * options.LatentChannels, options.Kernel);

    private static T At<T>(T[] layers, int layer) => layers.Length == 1 ? layers[0] : layers[layer];

    private T[] PerLayer<T>(bool shared, string name, Func<ParameterScope, T> create)
    {
        var scope = Parameters.Root.Child(name);
        if (shared)
            return [create(scope)];
        var layers = new T[Options.Layers];
        for (int layer = 0; layer < layers.Length; layer++)
            layers[layer] = create(scope.Child(layer.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return layers;
    }

    private void RequireImages(string op, Variable images, Variable views)
    {
        var expected = Options.ImageShape(images.Shape.N);
        if (images.Shape != expected)
            throw new ShapeException($"{op}: images {images.Shape} are not of the model's size {expected}.");
        if (views.Shape != ModelOptions.ViewShape(images.Shape.N))
            throw new ShapeException($"{op}: views {views.Shape} do not fit images {images.Shape}.");
    }

    private static void RequireGeometry(string op, bool needed, Variable geometry)
    {
        if (needed && !geometry.Exists)
        {
            throw new ShapeException(
                $"{op}: this network is told more of a camera than its viewpoint; make the views with CameraEncoder.");
        }
    }
}

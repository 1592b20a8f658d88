using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>A device that computes nothing, as a base for counting what a step would do.</summary>
/// <remarks>
/// Ops that are bound by memory traffic are counted here, by the values that they read and write once each;
/// convolutions, cells and matrix products are left to the subclass, which knows how they are computed.
/// </remarks>
public abstract class CountingDevice : Device
{
    /// <inheritdoc />
    public override bool HoldsValues => false;

    /// <inheritdoc />
    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
    }

    /// <inheritdoc />
    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    /// <inheritdoc />
    public override void Fill(Tensor t, float value) => Move("fill", t.Shape.Count);

    /// <inheritdoc />
    public override void Unary<TOp>(Tensor y, Tensor x, TOp op) => Move(typeof(TOp).Name, 2 * y.Shape.Count);

    /// <inheritdoc />
    public override void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op) =>
        Move(typeof(TOp).Name, (3 + Reads(beta)) * dx.Shape.Count, backward: true);

    /// <inheritdoc />
    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op) => Move(typeof(TOp).Name, 3 * y.Shape.Count);

    /// <inheritdoc />
    public override void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        Move(typeof(TOp).Name, (2 + Reads(beta)) * da.Shape.Count, backward: true);

    /// <inheritdoc />
    public override void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        Move(typeof(TOp).Name, (2 + Reads(beta)) * db.Shape.Count, backward: true);

    /// <inheritdoc />
    public override void Broadcast(Tensor y, float beta, Tensor x, float scale) =>
        Move("broadcast", ((1 + Reads(beta)) * y.Shape.Count) + x.Shape.Count);

    /// <inheritdoc />
    public override void Sum(Tensor y, float beta, Tensor x, float scale) =>
        Move("sums of axes", x.Shape.Count + y.Shape.Count, launches: 2);

    /// <inheritdoc />
    public override void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count) =>
        Move("copies of channels", (2 + Reads(beta)) * y.Shape.Pixels * count);

    /// <inheritdoc />
    public override void DepthToSpace(Tensor y, Tensor x, int scale) => Move("depth to space", 2 * y.Shape.Count);

    /// <inheritdoc />
    public override void SpaceToDepth(Tensor y, float beta, Tensor x, int scale) =>
        Move("depth to space", (2 + Reads(beta)) * y.Shape.Count);

    /// <inheritdoc />
    public override void Gather(Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights) =>
        Move(
            "gather",
            ((1 + Reads(beta)) * y.Shape.Count) + x.Shape.Count + starts.Shape.Count + (2 * columns.Shape.Count));

    /// <inheritdoc />
    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext) =>
        Move("cell", (2 * dGates.Shape.Count) + (6 * cellNext.Shape.Count), backward: true);

    /// <inheritdoc />
    public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise) =>
        Move("latents", z.Shape.Count * 6);

    /// <inheritdoc />
    public override void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, Noise noise) =>
        Move("latents", posterior.Shape.Count * 5, backward: true);

    /// <inheritdoc />
    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step,
        Tensor squaredNorm, float clipNorm) => Move("Adam", 7 * values.Shape.Count);

    /// <inheritdoc />
    public override void SumOfSquares(Tensor sum, Tensor x) => Move("norm of the gradient", x.Shape.Count, launches: 3);

    /// <summary>Counts an op.</summary>
    /// <param name="op">Name of the op.</param>
    /// <param name="numbers">Values that it reads and writes.</param>
    /// <param name="launches">Kernels that a GPU launches for it.</param>
    /// <param name="backward">Whether it is the gradient of the op.</param>
    protected virtual void Move(string op, double numbers, int launches = 1, bool backward = false)
    {
    }

    private static int Reads(float beta) => beta == 0f ? 0 : 1;
}

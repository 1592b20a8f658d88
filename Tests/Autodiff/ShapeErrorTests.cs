using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>Every op says in one sentence which shapes do not fit, names itself, and leaves no memory behind.</summary>
public sealed class ShapeErrorTests
{
    private static readonly Shape A = new(2, 3, 4, 5), B = new(2, 3, 5, 4);

    private static readonly Dictionary<string, Func<Tape, object>> Mistakes = new()
    {
        ["Add: (2, 3, 4, 5) and (2, 3, 5, 4) differ."] = t => Zeros(t, A).Add(Zeros(t, B)),
        ["Subtract: (2, 3, 4, 5) and (2, 3, 5, 4) differ."] = t => Zeros(t, A).Subtract(Zeros(t, B)),
        ["Multiply: (2, 3, 4, 5) and (2, 3, 5, 4) differ."] = t => Zeros(t, A).Multiply(Zeros(t, B)),
        ["Divide: (2, 3, 4, 5) and (2, 3, 5, 4) differ."] = t => Zeros(t, A).Divide(Zeros(t, B)),
        ["GaussianNll: (2, 3, 5, 4) and (2, 3, 4, 5) differ."] = t => Zeros(t, A).GaussianNll(Zeros(t, B), 1f),
        ["BroadcastTo: (2, 3, 4, 5) does not broadcast to (2, 3, 5, 4); each axis must be equal or 1."] =
            t => Zeros(t, A).BroadcastTo(B),
        ["SumTo: (2, 3, 5, 4) does not broadcast to (2, 3, 4, 5); each axis must be equal or 1."] = t =>
            Zeros(t, A).SumTo(B),
        ["SumGroups: (2, 3, 4, 5) does not divide into groups of 3 images."] = t => Zeros(t, A).SumGroups(3),
        ["SumGroups: (2, 3, 4, 5) does not divide into groups of 0 images."] = t => Zeros(t, A).SumGroups(0),
        ["SliceChannels: 2 channels from 2 do not lie in (2, 3, 4, 5)."] = t => Zeros(t, A).SliceChannels(2, 2),
        ["SliceChannels: 1 channels from -1 do not lie in (2, 3, 4, 5)."] = t => Zeros(t, A).SliceChannels(-1, 1),
        ["ConcatChannels: (2, 3, 4, 5) and (2, 3, 5, 4) differ in more than their channels."] =
            t => Zeros(t, A).ConcatChannels(Zeros(t, B)),
        ["MatMul: (2, 3, 4, 5) times (4, 7, 1, 1); the right factor must be (3, columns, 1, 1)."] =
            t => Zeros(t, A).MatMul(Zeros(t, new(4, 7, 1, 1))),
        ["MatMul: (2, 3, 4, 5) times (3, 7, 1, 2); the right factor must be (3, columns, 1, 1)."] =
            t => Zeros(t, A).MatMul(Zeros(t, new(3, 7, 1, 2))),
        ["MatMul: the addend (2, 3, 4, 5) differs from the product (2, 7, 4, 5)."] =
            t => Zeros(t, A).MatMul(Zeros(t, new(3, 7, 1, 1)), Zeros(t, A)),
        ["DepthToSpace: the channels of (2, 3, 4, 5) do not fill blocks of 2 x 2 pixels."] =
            t => Zeros(t, A).DepthToSpace(2),
        ["DepthToSpace: the channels of (2, 3, 4, 5) do not fill blocks of 0 x 0 pixels."] =
            t => Zeros(t, A).DepthToSpace(0),
        ["Conv2d: there is no input."] = _ => Operations.Conv2d([], default, 1),
        ["Conv2d: the kernel of (8, 3, 3, 1) is not square."] = t => Convolve(t, new(8, 3, 3, 1), 1),
        ["Conv2d: input (2, 3, 4, 5) has 3 channels, weight (8, 4, 3, 3) takes 4."] = t =>
            Convolve(t, new(8, 4, 3, 3), 1),
        ["Conv2d: weight (8, 3, 2, 2) on input (2, 3, 4, 5) with stride 1 needs an odd kernel."] = t =>
            Convolve(t, new(8, 3, 2, 2), 1),
        ["Conv2d: weight (8, 3, 2, 2) on input (2, 3, 4, 5) with stride 2 needs a stride equal to the kernel and "
            + "sides that it divides."] =
            t => Convolve(t, new(8, 3, 2, 2), 2),
        ["Conv2d: weight (8, 3, 3, 3) on input (2, 3, 4, 5) with stride 2 needs a stride equal to the kernel and "
            + "sides that it divides."] =
            t => Convolve(t, new(8, 3, 3, 3), 2),
        ["Conv2d: the bias (1, 7, 1, 1) must be (1, 8, 1, 1)."] =
            t => Zeros(t, A).Conv2d(Zeros(t, new(8, 3, 1, 1)), Zeros(t, new(1, 7, 1, 1)), 1),
        ["Conv2d: the terms (2, 3, 4, 5) * (8, 3, 1, 1) and (2, 3, 5, 4) * (8, 3, 1, 1) give different shapes."] = t =>
            Operations.Conv2d(
                [new(Zeros(t, A), Zeros(t, new(8, 3, 1, 1))), new(Zeros(t, B), Zeros(t, new(8, 3, 1, 1)))], default, 1),
        ["ConvTranspose2d: input (2, 3, 4, 5) has 3 channels, weight (4, 8, 2, 2) takes 4."] =
            t => Zeros(t, A).ConvTranspose2d(Zeros(t, new(4, 8, 2, 2)), 2),
        ["Conv2d: the addend (2, 3, 4, 5) differs from the output (2, 8, 4, 5)."] = t =>
            Operations.Conv2d(
                [new(Zeros(t, A), Zeros(t, new(8, 3, 3, 3)))], default, 1, addend: Zeros(t, A)),
        ["Conv2d: weight (8, 3, 2, 2) on input (2, 3, 1, 1) with stride 2 needs a stride equal to the kernel and "
            + "sides that it divides."] = t =>
            Operations.Conv2d(
                [new(Zeros(t, new(2, 3, 4, 6)), Zeros(t, new(8, 3, 2, 2))),
                    new(Zeros(t, new(2, 3, 1, 1)), Zeros(t, new(8, 3, 2, 2)))], default, 2),
        ["ConvLstm: there is no input."] = t => Operations.ConvLstm([], default, Zeros(t, A)),
        ["ConvLstm: the channels of the gates (2, 7, 4, 5) are not a multiple of 4."] = t =>
            Operations.ConvLstm([new(Zeros(t, A), Zeros(t, new(7, 3, 1, 1)))], default, default),
        ["ConvLstm: gates (2, 8, 4, 5) need a cell (2, 2, 4, 5), not (2, 3, 4, 5)."] = t =>
            Operations.ConvLstm([new(Zeros(t, A), Zeros(t, new(8, 3, 1, 1)))], default, Zeros(t, A)),
        ["GaussianLatent: (2, 4, 1, 1) and (2, 6, 1, 1) differ."] =
            t => Zeros(t, new(2, 4, 1, 1)).GaussianLatent(Zeros(t, new(2, 6, 1, 1)), new RandomStream(1, 1)),
        ["GaussianLatent: the channels of (2, 3, 4, 5) are not [mean|log variance]."] =
            t => Zeros(t, A).GaussianSample(new RandomStream(1, 1)),
        ["Gather: starts none, columns none and weights none are no sparse matrices for the images of (2, 3, 4, 5)."] =
            t => Zeros(t, A).Gather(default),
        ["Gather: starts (1, 1, 8, 1), columns (1, 1, 9, 1) and weights (1, 1, 9, 1) are no sparse matrices for the "
            + "images of (2, 3, 4, 5)."] = t => Zeros(t, A).Gather(Matrices(t, 1, 7, 9)),
        ["Gather: starts (2, 1, 8, 1), columns (2, 1, 9, 1) and weights (2, 1, 8, 1) are no sparse matrices for the "
            + "images of (2, 3, 4, 5)."] = t =>
            Zeros(t, A).Gather(Matrices(t, 2, 7, 9) with { Weights = Zeros(t, new(2, 1, 8, 1)) }),
        ["Gather: starts (2, 1, 8, 1), columns (2, 3, 9, 1) and weights (2, 3, 9, 1) are no sparse matrices for the "
            + "images of (2, 3, 4, 5)."] = t =>
        {
            var entries = Zeros(t, new(2, 3, 9, 1));
            return Zeros(t, A).Gather(Matrices(t, 2, 7, 9) with { Columns = entries, Weights = entries });
        },
        ["Gather: starts (2, 1, 8, 1), columns none and weights none are no sparse matrices for the images of "
            + "(2, 3, 4, 5)."] = t =>
            Zeros(t, A).Gather(new SparseRows(Zeros(t, new(2, 1, 8, 1)), default, default)),
        ["Gather: (1, 1, 4097, 4096) to 1 rows of 1 entries is too large; an image can have 16777216 of each."] = t =>
            t.Constant(new Tensor(null!, 0, new(1, 1, 4097, 4096))).Gather(Matrices(t, 1, 1, 1)),
        ["Gather: the gradient of (2, 3, 4, 5) needs transposed matrices of 20 rows and 9 entries."] = t =>
            Watched(t, A).Gather(Matrices(t, 2, 7, 9)),
        ["Gather: the gradient of (2, 3, 5, 4) needs transposed matrices of 20 rows and 9 entries."] = t =>
            Watched(t, B).Gather(Matrices(t, 2, 7, 9), Matrices(t, 2, 7, 9)),
        ["Gather: the gradient of (2, 4, 5, 4) needs transposed matrices of 20 rows and 9 entries."] = t =>
            Watched(t, B with { C = 4 }).Gather(Matrices(t, 2, 7, 9), Matrices(t, 2, 20, 8)),
        ["Reshape: (2, 3, 4, 5) has 120 elements, (2, 3, 4, 6) has 144."] = t => Zeros(t, A).Reshape(new(2, 3, 4, 6)),
        ["Images: 2 images from 1 do not lie in (2, 3, 4, 5)."] = t => Zeros(t, A).Value.Images(1, 2),
        ["Item: (2, 3, 4, 5) is not one number."] = t => Zeros(t, A).Item(),
        ["SumConvolution: 1 inputs for 2 weights."] = t => Sum(t, [Zeros(t, A)]),
        ["SumConvolution: all inputs are absent."] = t => Sum(t, [default, default]),
    };

    public static TheoryData<string> Messages => [.. Mistakes.Keys];

    [Theory]
    [MemberData(nameof(Messages))]
    public void MessageNamesOpAndShapes(string message)
    {
        using var device = new CpuDevice(1);
        using (var tape = new Tape(device))
            Assert.Equal(message, Assert.Throws<ShapeException>(() => Mistakes[message](tape)).Message);
        Assert.Equal(0, device.Pool.Live);
    }

    [Fact]
    public void SigmaMustBePositive()
    {
        using var device = new CpuDevice(1);
        using var tape = new Tape(device);
        var x = Zeros(tape, A);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.GaussianNll(x, 0f));
    }

    private static Variable Zeros(Tape tape, Shape shape) => tape.Constant(shape, 0f);

    // Uses no memory but that of the zeros: a mistake is found before anything is read.
    private static Variable Watched(Tape tape, Shape shape) => tape.Leaf(Zeros(tape, shape).Value);

    private static SparseRows Matrices(Tape tape, int images, int rows, int entries) => new(
        Zeros(tape, new(images, 1, rows + 1, 1)), Zeros(tape, new(images, 1, entries, 1)),
        Zeros(tape, new(images, 1, entries, 1)));

    private static Variable Convolve(Tape tape, Shape weight, int stride) =>
        Zeros(tape, A).Conv2d(Zeros(tape, weight), default, stride);

    private static Variable Sum(Tape tape, ReadOnlySpan<Variable> inputs)
    {
        using var store = new ParameterStore();
        var convolution = new SumConvolution(store.Root, [("a", 3), ("b", 3)], 4, 3);
        store.Materialize(tape.Device, 1);
        return convolution.Forward(inputs);
    }
}

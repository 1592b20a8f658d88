using Gqn.Native.Engine;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Every op in every shape that matters: the rows behind gradient, parity and determinism tests.</summary>
/// <remarks>To prove a new op, add rows here. Sizes are odd (1, 7, 17) or span several items of a CPU loop.</remarks>
internal static partial class OpCatalog
{
    // One unit in the last place of a float between 1 and 2.
    private const double Ulp = 1.0 / (1 << 23);

    // An element-wise body is a handful of rounded operations, the worst of which is an exponential (1.2e-7).
    private const double Elementwise = 8 * Ulp;

    // A single number has no larger neighbour to set the scale, and 1 - y² of a saturated function cancels.
    private const double Single = 64 * Ulp;

    private static readonly Shape[] ElementwiseShapes =
        [new(1, 1, 1, 1), new(1, 7, 1, 1), new(2, 17, 3, 5), new(2, 17, 31, 33)];

    private static readonly Dictionary<string, OpCase> Rows = All().ToDictionary(row => row.Name);

    /// <summary>Names of all rows, for theories.</summary>
    public static TheoryData<string> Names => [.. Rows.Keys];

    /// <summary>Names of the rows that are small enough for an entry-by-entry Jacobian.</summary>
    public static TheoryData<string> TinyNames =>
        [.. Rows.Values.Where(row => row.Operands.Sum(x => x.Shape.Count) <= 80).Select(row => row.Name)];

    /// <summary>Names of the rows with no more elements in all operands than a slow device can take.</summary>
    public static TheoryData<string> NamesUpTo(long elements) =>
        [.. Rows.Values.Where(row => row.Operands.Sum(x => x.Shape.Count) <= elements).Select(row => row.Name)];

    public static IEnumerable<string> Ops => Rows.Values.Select(row => row.Op);

    public static OpCase Find(string name) => Rows[name];

    /// <summary>Sums of many terms: errors of random sign grow with the root of the number of terms.</summary>
    private static double Reduction(double depth) => (8 + (2 * Math.Sqrt(depth))) * Ulp;

    /// <summary>
    /// A convolution with stride 1: Winograd's algorithm, if it is chosen, rounds more than a plain sum.
    /// </summary>
    private static double Convolved(Shape x, int channels, int k, int kernel, double depth) =>
        Winograd.IsFaster(new Conv2dShape(x.N, channels, x.H, x.W, k, kernel, 1))
            ? Math.Max(1e-5, Reduction(depth))
            : Reduction(depth);

    private static double Pointwise(Shape shape) => shape.Count == 1 ? Single : Elementwise;

    private static IEnumerable<OpCase> All() =>
    [
        .. Unary(), .. Binary(), .. Broadcasts(), .. Products(), .. Convolutions(), .. Sums(), .. Transposed(),
        .. Channels(), .. Blocks(), .. Lstm(), .. Latent(), .. FanOut(), .. Gathers(), .. Distributions(),
    ];

    private static IEnumerable<OpCase> Unary()
    {
        (string Op, double Low, double High, double Gap, Func<Variable, Variable> Apply)[] ops =
        [
            ("Relu", -2, 2, 0.01, x => x.Relu()),
            ("Sigmoid", -8, 8, 0, x => x.Sigmoid()),
            ("Tanh", -4, 4, 0, x => x.Tanh()),
            ("Softplus", -8, 8, 0, x => x.Softplus()),
            ("Exp", -3, 3, 0, x => x.Exp()),
            ("Log", 0.1, 5, 0, x => x.Log()),
            ("Square", -3, 3, 0, x => x.Square()),
            ("Abs", -2, 2, 0.01, x => x.Abs()),
            ("Affine", -2, 2, 0, x => x.Affine(-1.7f, 0.3f)),
            ("Scale", -2, 2, 0, x => x.Scale(0.37f)),
        ];
        foreach (var (op, low, high, gap, apply) in ops)
        {
            foreach (var shape in ElementwiseShapes)
                yield return new(op, $"{shape}", [new(shape, low, high, gap)], Pointwise(shape),
                    (_, x) => [apply(x[0])]);
        }
    }

    private static IEnumerable<OpCase> Binary()
    {
        (string Op, Func<Variable, Variable, Variable> Apply)[] ops =
        [
            ("Add", (a, b) => a.Add(b)),
            ("Subtract", (a, b) => a.Subtract(b)),
            ("Multiply", (a, b) => a.Multiply(b)),
            ("Divide", (a, b) => a.Divide(b)),
            ("GaussianNll", (a, b) => a.GaussianNll(b, 0.7f)),
        ];
        foreach (var (op, apply) in ops)
        {
            foreach (var shape in ElementwiseShapes)
                yield return new(op, $"{shape}", [new(shape, -2, 2), new(shape, 0.4, 2)], Pointwise(shape),
                    (_, x) => [apply(x[0], x[1])]);
        }
    }

    private static IEnumerable<OpCase> Broadcasts()
    {
        var large = new Shape(3, 17, 4, 5);
        for (int axes = 0; axes < 16; axes++)
        {
            var small = new Shape(
                (axes & 1) != 0 ? 1 : large.N, (axes & 2) != 0 ? 1 : large.C, (axes & 4) != 0 ? 1 : large.H,
                (axes & 8) != 0 ? 1 : large.W);
            double tolerance = Reduction((double)large.Count / small.Count);
            yield return new("BroadcastTo", $"{small} to {large}", [new(small)], tolerance,
                (_, x) => [x[0].BroadcastTo(large)]);
            yield return new("SumTo", $"{large} to {small}", [new(large)], tolerance, (_, x) => [x[0].SumTo(small)]);
        }

        yield return new("SumTo", "tiny", [new(new(2, 3, 2, 1))], Elementwise, (_, x) => [x[0].SumTo(new(2, 1, 1, 1))]);
        yield return new("BroadcastTo", "tiny", [new(new(1, 3, 1, 1))], Elementwise,
            (_, x) => [x[0].BroadcastTo(new(2, 3, 2, 1))]);
        // Means of random signs come near zero; an offset keeps the relative error meaningful.
        foreach (var shape in (Shape[])[new(1, 1, 1, 1), new(2, 3, 2, 2), new(7, 1, 5, 3), new(3, 17, 13, 11),
            new(2, 70, 11, 13)])
        {
            double tolerance = Reduction(shape.Count);
            yield return new("Sum", $"{shape}", [new(shape, -0.5, 1)], tolerance, (_, x) => [x[0].Sum()]);
            yield return new("Mean", $"{shape}", [new(shape, -0.5, 1)], tolerance, (_, x) => [x[0].Mean()]);
            yield return new("GlobalAveragePool", $"{shape}", [new(shape)], tolerance,
                (_, x) => [x[0].GlobalAveragePool()]);
        }

        yield return new("SumGroups", "1 of 3", [new(new(3, 2, 2, 2))], Elementwise, (_, x) => [x[0].SumGroups(1)]);
        yield return new("SumGroups", "2 of 4", [new(new(4, 3, 2, 2))], Elementwise, (_, x) => [x[0].SumGroups(2)]);
        yield return new("SumGroups", "5 of 15", [new(new(15, 17, 3, 7))], Elementwise, (_, x) => [x[0].SumGroups(5)]);
        yield return new("SumGroups", "7 of 7", [new(new(7, 33, 9, 9))], Elementwise, (_, x) => [x[0].SumGroups(7)]);
    }

    private static IEnumerable<OpCase> Products()
    {
        (Shape A, int Columns)[] sizes =
        [
            (new(1, 1, 1, 1), 1), (new(3, 2, 1, 1), 4), (new(7, 17, 1, 1), 31), (new(2, 5, 3, 7), 1),
            (new(1, 129, 1, 1), 33), (new(3, 64, 5, 5), 47),
        ];
        foreach (var (a, columns) in sizes)
        {
            yield return new(
                "MatMul", $"{a} to {columns}", [new(a), new(new(a.C, columns, 1, 1))],
                Reduction(Math.Max(a.C, a.Pixels)),
                (_, x) => [x[0].MatMul(x[1])]);
            yield return new(
                "MatMul", $"{a} to {columns}, addend",
                [new(a), new(new(a.C, columns, 1, 1)), new(a with { C = columns })],
                Reduction(Math.Max(a.C, a.Pixels)),
                (_, x) => [x[0].MatMul(x[1], x[2])]);
        }

        yield return new(
            "MatMul", "its own addend", [new(new(1, 3, 2, 3)), new(new(3, 3, 1, 1))], Reduction(6),
            (_, x) => [x[0].MatMul(x[1], x[0])]);
        yield return new(
            "MatMul", "chain of addends", [new(new(2, 3, 1, 2)), new(new(3, 2, 1, 1))], Reduction(8),
            (_, x) =>
            {
                var sum = x[0].MatMul(x[1]);
                return [x[0].Tanh().MatMul(x[1], sum), sum];
            });
    }

    private static IEnumerable<OpCase> Convolutions()
    {
        (Shape X, int K, int Kernel, int Stride)[] sizes =
        [
            (new(1, 1, 1, 1), 1, 1, 1), (new(2, 7, 5, 3), 17, 1, 1), (new(3, 17, 17, 9), 33, 1, 1),
            (new(1, 2, 3, 2), 1, 3, 1), (new(1, 1, 1, 1), 2, 3, 1), (new(2, 7, 7, 5), 17, 3, 1),
            (new(1, 33, 17, 17), 8, 3, 1),
            (new(1, 1, 3, 3), 1, 5, 1), (new(2, 3, 7, 17), 7, 5, 1), (new(1, 17, 9, 8), 34, 5, 1),
            (new(1, 2, 2, 4), 2, 2, 2), (new(3, 7, 6, 10), 17, 2, 2), (new(2, 3, 34, 34), 31, 2, 2),
            (new(1, 1, 4, 4), 1, 4, 4), (new(2, 17, 8, 12), 7, 4, 4),
            (new(2, 3, 16, 24), 17, 8, 8), (new(1, 7, 8, 8), 1, 8, 8),
        ];
        foreach (var (x, k, kernel, stride) in sizes)
        {
            // The forward sum has C·kernel² terms, the weight gradient one for each output pixel.
            double depth = Math.Max(x.C * kernel * kernel, x.Pixels);
            double tolerance = stride == 1 ? Convolved(x, x.C, k, kernel, depth) : Reduction(depth);
            Operand input = new(x), weight = new(new(k, x.C, kernel, kernel)), bias = new(new(1, k, 1, 1));
            string detail = $"{x} * {kernel}x{kernel}/{stride} to {k}";
            yield return new("Conv2d", detail, [input, weight, bias], tolerance,
                (_, v) => [v[0].Conv2d(v[1], v[2], stride)]);
            yield return new("Conv2d", $"{detail}, no bias", [input, weight], tolerance,
                (_, v) => [v[0].Conv2d(v[1], default, stride)]);
        }

        // Few outputs, so that no difference of the gradient test steps over a ReLU's kink.
        foreach (var activation in (Activation[])[Activation.Relu, Activation.Sigmoid, Activation.Tanh])
        {
            yield return new(
                "Conv2d", $"{activation}",
                [new(new(2, 7, 9, 5)), new(new(17, 7, 3, 3), -0.3, 0.3), new(new(1, 17, 1, 1))], Reduction(90),
                (_, v) => [v[0].Conv2d(v[1], v[2], 1, activation)]);
            yield return new(
                "Conv2d", $"{activation}, tiny", [new(new(1, 2, 2, 2)), new(new(3, 2, 2, 2))], Reduction(8),
                (_, v) => [v[0].Conv2d(v[1], default, 2, activation)]);
            yield return new(
                "Conv2d", $"three terms, {activation}",
                [
                    new(new(1, 7, 3, 5)), new(new(17, 7, 3, 3), -0.3, 0.3), new(new(1, 1, 3, 5)),
                    new(new(17, 1, 5, 5), -0.3, 0.3),
                    new(new(1, 33, 3, 5)), new(new(17, 33, 1, 1), -0.3, 0.3), new(new(1, 17, 1, 1)),
                ],
                Reduction(121),
                (_, v) =>
                    [Operations.Conv2d([new(v[0], v[1]), new(v[2], v[3]), new(v[4], v[5])], v[6], 1, activation)]);
        }

        yield return new(
            "Conv2d", "two terms of one input, no bias",
            [new(new(1, 3, 2, 2)), new(new(2, 3, 1, 1)), new(new(2, 3, 3, 3))], Reduction(30),
            (_, v) => [Operations.Conv2d([new(v[0], v[1]), new(v[0], v[2])], default, 1)]);
        yield return new(
            "Conv2d", "two terms of one weight",
            [new(new(2, 3, 4, 6)), new(new(2, 3, 4, 6)), new(new(5, 3, 2, 2)), new(new(1, 5, 1, 1))], Reduction(24),
            (_, v) => [Operations.Conv2d([new(v[0], v[2]), new(v[1], v[2])], v[3], 2, Activation.Tanh)]);
    }

    private static IEnumerable<OpCase> Transposed()
    {
        (Shape X, int C, int Kernel, int Stride)[] sizes =
        [
            (new(1, 1, 1, 1), 1, 2, 2), (new(1, 2, 2, 1), 1, 2, 2), (new(2, 17, 5, 3), 7, 2, 2),
            (new(1, 33, 7, 9), 16, 4, 4),
            (new(2, 7, 2, 3), 3, 8, 8), (new(2, 5, 4, 3), 7, 1, 1), (new(2, 7, 5, 6), 17, 3, 1),
        ];
        foreach (var (x, c, kernel, stride) in sizes)
        {
            double tolerance = Reduction(Math.Max(Math.Max(x.C, c) * kernel * kernel, x.Pixels));
            yield return new(
                "ConvTranspose2d", $"{x} * {kernel}x{kernel}/{stride} to {c}",
                [new(x), new(new(x.C, c, kernel, kernel))], tolerance,
                (_, v) => [v[0].ConvTranspose2d(v[1], stride)]);
        }
    }

    private static IEnumerable<OpCase> Channels()
    {
        var shape = new Shape(2, 17, 3, 5);
        foreach (var (first, count) in ((int, int)[])[(0, 1), (16, 1), (0, 17), (3, 8), (1, 16)])
        {
            yield return new(
                "SliceChannels", $"{count} from {first}", [new(shape)], Elementwise,
                (_, x) => [x[0].SliceChannels(first, count)]);
        }

        yield return new(
            "SliceChannels", "overlapping", [new(new(2, 7, 1, 2))], Elementwise,
            (_, x) => [x[0].SliceChannels(0, 4), x[0].SliceChannels(2, 5), x[0]]);
        yield return new(
            "SliceChannels", "many pixels", [new(new(3, 9, 70, 71))], Elementwise,
            (_, x) => [x[0].SliceChannels(2, 5)]);
        foreach (var (a, b) in ((int, int)[])[(1, 1), (7, 17), (16, 8), (33, 1)])
        {
            yield return new(
                "ConcatChannels", $"{a} and {b}", [new(shape with { C = a }), new(shape with { C = b })], Elementwise,
                (_, x) => [x[0].ConcatChannels(x[1])]);
        }

        yield return new("ConcatChannels", "with itself", [new(new(1, 3, 2, 2))], Elementwise,
            (_, x) => [x[0].ConcatChannels(x[0])]);
    }

    private static IEnumerable<OpCase> Blocks()
    {
        (Shape X, int Scale)[] sizes =
        [
            (new(1, 1, 1, 1), 1), (new(1, 4, 1, 1), 2), (new(1, 8, 2, 1), 2), (new(2, 7, 3, 5), 1),
            (new(2, 12, 3, 5), 2), (new(3, 63, 5, 3), 3), (new(2, 48, 7, 9), 4), (new(1, 68, 17, 31), 2),
            (new(3, 272, 16, 15), 4),
        ];
        foreach (var (x, scale) in sizes)
        {
            yield return new("DepthToSpace", $"{x} by {scale}", [new(x)], Elementwise,
                (_, v) => [v[0].DepthToSpace(scale)]);
        }

        yield return new("DepthToSpace", "of a variable read twice", [new(new(1, 8, 2, 1))], Elementwise,
            (_, v) => [v[0].DepthToSpace(2), v[0].Tanh(), v[0].DepthToSpace(1)]);
    }

    private static IEnumerable<OpCase> Latent()
    {
        foreach (var shape in (Shape[])[new(1, 1, 1, 1), new(1, 3, 2, 1), new(2, 7, 3, 5), new(2, 17, 17, 16)])
        {
            Operand parameters = new(shape with { C = 2 * shape.C }, -1.5, 1.5);
            yield return new("GaussianLatent", $"{shape}", [parameters, parameters], Pointwise(shape), (_, x) =>
            {
                var (z, kl) = x[0].GaussianLatent(x[1], new RandomStream(5, 1));
                return [z, kl];
            });
            yield return new(
                "GaussianLatent", $"{shape}, z alone", [parameters, parameters], Pointwise(shape),
                (_, x) => [x[0].GaussianLatent(x[1], new RandomStream(5, 1)).Z]);
            yield return new(
                "GaussianLatent", $"{shape}, divergence alone", [parameters, parameters], Pointwise(shape),
                (_, x) => [x[0].GaussianLatent(x[1], new RandomStream(5, 1)).Kl]);
            yield return new(
                "GaussianSample", $"{shape}", [parameters], Pointwise(shape),
                (_, x) => [x[0].GaussianSample(new RandomStream(5, 2))]);
        }

        yield return new("GaussianLatent", "with itself", [new(new(1, 6, 1, 2))], Elementwise, (_, x) =>
        {
            var (z, kl) = x[0].GaussianLatent(x[0], new RandomStream(5, 1));
            return [z, kl];
        });
    }

    private static IEnumerable<OpCase> FanOut()
    {
        Operand small = new(new(2, 3, 2, 1));
        yield return new("Add", "to itself", [small], Elementwise, (_, x) => [x[0].Add(x[0])]);
        yield return new("Add", "chain that hands its gradient on", [small, small], Elementwise, (_, x) =>
        {
            var sum = x[0].Add(x[1]);
            return [sum.Add(x[0]).Add(sum), sum.Tanh()];
        });
        yield return new("Multiply", "with itself", [small], Elementwise, (_, x) => [x[0].Multiply(x[0])]);
        yield return new(
            "Multiply", "of one variable read four times", [small], Elementwise,
            (_, x) => [x[0].Tanh().Multiply(x[0].Sigmoid()).Add(x[0]), x[0].Square()]);
        yield return new("Add", "of a reshaped variable", [small, new(new(1, 12, 1, 1))], Elementwise, (_, x) =>
            [x[0].Reshape(new(1, 12, 1, 1)).Add(x[1]), x[0]]);
        yield return new("BroadcastTo", "of a reshaped variable", [new(new(1, 6, 1, 1))], Elementwise, (_, x) =>
            [x[0].Reshape(new(2, 3, 1, 1)).BroadcastTo(new(2, 3, 1, 4))]);
        yield return new("SumTo", "of a reshaped variable", [new(new(1, 6, 1, 1))], Elementwise, (_, x) =>
            [x[0].Reshape(new(2, 1, 3, 1)).SumTo(new(2, 1, 1, 1)), x[0]]);
        yield return new("SliceChannels", "of a reshaped variable", [new(new(6, 1, 1, 1))], Elementwise, (_, x) =>
            [x[0].Reshape(new(1, 3, 2, 1)).SliceChannels(1, 2)]);
        yield return new("MatMul", "of a reshaped variable", [new(new(1, 6, 1, 1)), new(new(1, 6, 1, 1))], Elementwise,
            (_, x) =>
            [x[0].Reshape(new(2, 3, 1, 1)).MatMul(x[1].Reshape(new(3, 2, 1, 1)))]);
        yield return new("MatMul", "square of a matrix", [new(new(3, 3, 1, 1))], Elementwise,
            (_, x) => [x[0].MatMul(x[0])]);
    }
}

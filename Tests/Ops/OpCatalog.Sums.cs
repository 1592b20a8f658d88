using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Ops;

/// <content>Sums of convolutions with constant maps and an addend, and the cells on top of them.</content>
internal static partial class OpCatalog
{
    private static IEnumerable<OpCase> Sums()
    {
        foreach (var (kernel, k, activation) in ((int, int, Activation)[])[
            (1, 33, Activation.None), (3, 17, Activation.Tanh), (3, 70, Activation.None), (5, 40, Activation.Sigmoid)])
        {
            Operand input = new(new(2, 5, 7, 9)), view = new(new(2, 7, 1, 1)), code = new(new(2, 18, 1, 1)),
                bias = new(new(1, k, 1, 1)), addend = new(new(2, k, 7, 9));
            Operand Weight(int channels) => new(new(k, channels, kernel, kernel), -0.2, 0.2);
            string detail = $"{kernel}x{kernel} to {k}, {activation}";
            yield return new(
                "Conv2d", $"map and two constants, {detail}",
                [view, Weight(7), input, Weight(5), code, Weight(18), bias],
                Convolved(new(2, k, 7, 9), 5, k, kernel, 30 * kernel * kernel),
                (_, v) => [Operations.Conv2d([new(v[0], v[1]), new(v[2], v[3]), new(v[4], v[5])], v[6], 1, activation)]);
            yield return new(
                "Conv2d", $"constants alone, {detail}", [view, Weight(7), code, Weight(18)],
                Reduction(25 * kernel * kernel),
                (_, v) => [Operations.Conv2d([new(v[0], v[1]), new(v[2], v[3])], default, 1, activation, map: (7, 9))]);
            yield return new(
                "Conv2d", $"constant and addend, {detail}", [view, Weight(7), bias, addend], Reduction(126),
                (_, v) => [Operations.Conv2d([new(v[0], v[1])], v[2], 1, activation, v[3])]);
            yield return new(
                "Conv2d", $"two terms and addend, {detail}", [input, Weight(5), Weight(5), addend],
                Convolved(new(2, k, 7, 9), 10, k, kernel, 10 * kernel * kernel),
                (_, v) =>
                    [Operations.Conv2d([new(v[0], v[1]), new(v[0], v[2])], default, 1, activation, v[3]), v[3]]);
            yield return new(
                "Conv2d", $"addend alone, {detail}", [bias, addend], Reduction(126),
                (_, v) => [Operations.Conv2d([], v[0], 1, activation, v[1])]);
        }

        yield return new(
            "Conv2d", "addend without bias, Tanh", [new(new(2, 3, 5, 3))], Elementwise,
            (_, v) => [Operations.Conv2d([], default, 1, Activation.Tanh, v[0])]);
        yield return new(
            "Conv2d", "patches and addend",
            [new(new(2, 3, 6, 8)), new(new(9, 3, 2, 2)), new(new(1, 9, 1, 1)), new(new(2, 9, 3, 4))], Reduction(24),
            (_, v) => [Operations.Conv2d([new(v[0], v[1])], v[2], 2, Activation.Sigmoid, v[3])]);
        yield return new(
            "Conv2d", "its own addend", [new(new(1, 3, 2, 3)), new(new(3, 3, 3, 3))], Reduction(27),
            (_, v) => [Operations.Conv2d([new(v[0], v[1])], default, 1, addend: v[0])]);
        yield return new(
            "Conv2d", "tiny constant and map",
            [new(new(1, 2, 1, 1)), new(new(2, 2, 3, 3)), new(new(1, 1, 3, 2)), new(new(2, 1, 3, 3))], Reduction(27),
            (_, v) => [Operations.Conv2d([new(v[0], v[1]), new(v[2], v[3])], default, 1)]);
        yield return new(
            "Conv2d", "more terms than a node has room for at first",
            [new(new(1, 2, 3, 3)), new(new(3, 2, 1, 1))], Reduction(20),
            (_, v) => [Operations.Conv2d([.. Enumerable.Repeat(new ConvolutionTerm(v[0], v[1]), 10)], default, 1)]);
        yield return new(
            "Conv2d", "more terms than a launch has room for, constants among them",
            [
                new(new(2, 3, 5, 4)), new(new(6, 3, 3, 3)), new(new(2, 7, 1, 1)), new(new(6, 7, 5, 5)),
                new(new(1, 6, 1, 1)), new(new(2, 6, 5, 4)),
            ],
            Reduction((6 * 27) + (2 * 175)),
            (_, v) =>
            {
                ConvolutionTerm map = new(v[0], v[1]), constant = new(v[2], v[3]);
                return
                [
                    Operations.Conv2d(
                        [map, constant, map, map, map, constant, map, map], v[4], 1, Activation.Tanh, v[5]),
                ];
            });
        yield return new(
            "Conv2d", "one addend of two sums",
            [new(new(1, 2, 3, 3)), new(new(3, 2, 3, 3)), new(new(1, 3, 3, 3))], Reduction(36),
            (_, v) =>
            {
                var addend = v[2].Tanh();
                return
                [
                    Operations.Conv2d([new(v[0], v[1])], default, 1, Activation.Sigmoid, addend),
                    Operations.Conv2d([new(v[0], v[1])], default, 1, Activation.Tanh, addend),
                ];
            });
    }

    private static IEnumerable<OpCase> Lstm()
    {
        foreach (int hidden in (int[])[1, 7, 16, 20, 64])
        {
            var state = new Shape(2, hidden, 5, 3);
            Operand input = new(state with { C = 3 }), view = new(new(2, 7, 1, 1)), bias = new(new(1, 4 * hidden, 1, 1)),
                cell = new(state, -2, 2), addend = new(state with { C = 4 * hidden }, -3, 3),
                previous = new(state);
            Operand Weight(int channels, int kernel, double range = 0.2) =>
                new(new(4 * hidden, channels, kernel, kernel), -range, range);
            // Twice: for the rounding of the gates, and for its effect on their gradients.
            double tolerance = 2 * Convolved(state, 10 + hidden, 4 * hidden, 5, (10 + hidden) * 25);
            yield return new(
                "ConvLstm", $"{state}, all inputs",
                [view, Weight(7, 3), input, Weight(3, 5), previous, Weight(hidden, 3), bias, cell, addend], tolerance,
                (_, v) => Both(Operations.ConvLstm(
                    [new(v[0], v[1]), new(v[2], v[3]), new(v[4], v[5])], v[6], v[7], v[8])));
            yield return new(
                "ConvLstm", $"{state}, all inputs, one kernel",
                [
                    view, Weight(7, 5, 0.05), input, Weight(3, 5, 0.05), previous, Weight(hidden, 5, 0.05), bias, cell,
                    addend,
                ],
                tolerance,
                (_, v) => Both(Operations.ConvLstm(
                    [new(v[0], v[1]), new(v[2], v[3]), new(v[4], v[5])], v[6], v[7], v[8])));
            yield return new(
                "ConvLstm", $"{state}, no cell, no addend, no bias", [input, Weight(3, 5)], tolerance,
                (_, v) => Both(Operations.ConvLstm([new(v[0], v[1])], default, default)));
            yield return new(
                "ConvLstm", $"{state}, constant and cell, hidden alone", [view, Weight(7, 3), bias, cell], tolerance,
                (_, v) => [Operations.ConvLstm([new(v[0], v[1])], v[2], v[3]).Hidden]);
            yield return new(
                "ConvLstm", $"{state}, addend alone, cell alone", [bias, cell, addend], tolerance,
                (_, v) => [Operations.ConvLstm([], v[0], v[1], v[2]).Cell]);
            yield return new(
                "ConvLstm", $"{state}, two steps of one addend", [input, Weight(3, 3), Weight(hidden, 3), addend],
                tolerance, (_, v) =>
                {
                    var gates = Operations.Conv2d([new(v[0], v[1])], default, 1, addend: v[3]);
                    var (h, c) = Operations.ConvLstm([], default, default, gates);
                    return Both(Operations.ConvLstm([new(h, v[2])], default, c, gates));
                });
        }

        yield return new(
            "ConvLstm", "tiny",
            [
                new(new(1, 1, 3, 3)), new(new(4, 1, 3, 3), -0.5, 0.5), new(new(1, 1, 3, 3)), new(new(4, 1, 1, 1)),
                new(new(1, 4, 1, 1)), new(new(1, 1, 3, 3)),
            ],
            Reduction(36), (_, v) => Both(Operations.ConvLstm([new(v[0], v[1]), new(v[2], v[3])], v[4], v[5])));
        yield return new(
            "ConvLstm", "tiny, its own addend and its own cell",
            [new(new(1, 4, 2, 1)), new(new(4, 4, 1, 1)), new(new(1, 1, 2, 1)), new(new(4, 1, 1, 1))], Reduction(36),
            (_, v) => Both(Operations.ConvLstm([new(v[0], v[1]), new(v[2], v[3])], default, v[2], v[0])));

        yield return new(
            "ConvLstm", "more terms than a launch has room for, a constant among them",
            [
                new(new(2, 3, 5, 4)), new(new(20, 3, 3, 3), -0.2, 0.2), new(new(2, 7, 1, 1)),
                new(new(20, 7, 3, 3), -0.1, 0.1), new(new(1, 20, 1, 1)), new(new(2, 5, 5, 4), -2, 2),
            ],
            2 * Convolved(new(2, 5, 5, 4), 18, 20, 3, 18 * 9),
            (_, v) =>
            {
                ConvolutionTerm map = new(v[0], v[1]), constant = new(v[2], v[3]);
                return Both(Operations.ConvLstm([map, map, constant, map, map, map, map], v[4], v[5]));
            });

        static Variable[] Both((Variable Hidden, Variable Cell) state) => [state.Hidden, state.Cell];
    }
}

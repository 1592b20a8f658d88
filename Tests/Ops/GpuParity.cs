using Gqn.Native.Engine;
using Gqn.Native.Tests.Reference;

namespace Gqn.Native.Tests.Ops;

/// <summary>A GPU device against the reference, row by row of the catalogue.</summary>
internal static class GpuParity
{
    /// <summary>Fails if outputs or gradients differ by more than the row's tolerance, or from run to run.</summary>
    /// <param name="reference">The device that is right.</param>
    /// <param name="device">The device under test.</param>
    /// <param name="name">The row.</param>
    /// <param name="rounding">Relative error of the device's matrix products, if it is larger than the row's
    /// tolerance.</param>
    public static void Check(ReferenceDevice reference, GpuDevice device, string name, double rounding = 0)
    {
        var row = OpCatalog.Find(name);
        double tolerance = Math.Max(row.Tolerance, rounding);
        double[][] inputs = OpRun.Inputs(row), weights = OpRun.Weights(row, OpRun.Forward(reference, row, inputs));
        var expected = OpRun.Backward(reference, row, inputs, weights);
        OpRun.Poison(device, [.. inputs.Select(x => x.Length), .. weights.Select(y => y.Length)]);
        var actual = OpRun.Backward(device, row, inputs, weights);
        string where = $"{device.Description}, ";
        for (int o = 0; o < weights.Length; o++)
        {
            // A single sum may come close to zero as its terms cancel; its error is that of the terms.
            double least = expected.Outputs[o].Length == 1 && rounding > 0
                ? Math.Sqrt(inputs.Max(x => x.Length)) / 3
                : 0;
            OpAssert.Close(expected.Outputs[o], actual.Outputs[o], tolerance, where + $"output {o}", least);
        }

        for (int i = 0; i < inputs.Length; i++)
            OpAssert.Close(
                expected.Gradients[i], actual.Gradients[i], tolerance, where + $"gradient {i}");
        var again = OpRun.Backward(device, row, inputs, weights);
        OpAssert.SameBytes(actual.Outputs, again.Outputs, where + "outputs of a second run");
        OpAssert.SameBytes(actual.Gradients, again.Gradients, where + "gradients of a second run");
    }
}

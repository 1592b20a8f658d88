using Gqn.Native.Engine.Devices;
using Gqn.Native.Tests.Reference;

namespace Gqn.Native.Tests.Ops;

/// <summary>A GPU device against the reference, row by row of the catalogue.</summary>
internal static class GpuParity
{
    /// <summary>Fails where outputs or gradients differ by more than the row's tolerance times
    /// <paramref name="slack"/>, or from run to run.</summary>
    public static void Check(ReferenceDevice reference, GpuDevice device, string name, double slack)
    {
        var row = OpCatalog.Find(name);
        double[][] inputs = OpRun.Inputs(row), weights = OpRun.Weights(row, OpRun.Forward(reference, row, inputs));
        var expected = OpRun.Backward(reference, row, inputs, weights);
        OpRun.Poison(device, [.. inputs.Select(x => x.Length), .. weights.Select(y => y.Length)]);
        var actual = OpRun.Backward(device, row, inputs, weights);
        string where = $"{device.Description}, ";
        for (int o = 0; o < weights.Length; o++)
            OpAssert.Close(expected.Outputs[o], actual.Outputs[o], row.Tolerance * slack, where + $"output {o}");
        for (int i = 0; i < inputs.Length; i++)
            OpAssert.Close(
                expected.Gradients[i], actual.Gradients[i], row.Tolerance * slack, where + $"gradient {i}");
        var again = OpRun.Backward(device, row, inputs, weights);
        OpAssert.SameBytes(actual.Outputs, again.Outputs, where + "outputs of a second run");
        OpAssert.SameBytes(actual.Gradients, again.Gradients, where + "gradients of a second run");
    }
}

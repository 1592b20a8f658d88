using Gqn.Native.Engine;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Tests.Ops;

/// <summary>One input of a case: uniform numbers between two bounds, at least a gap away from 0.</summary>
/// <param name="Shape">Logical shape.</param>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Largest value.</param>
/// <param name="Gap">Least magnitude: keeps ops with a kink or a pole at 0 away from it.</param>
internal sealed record Operand(Shape Shape, double Low = -1, double High = 1, double Gap = 0)
{
    /// <summary>Values that are exact in single precision, so that all devices start from the same numbers.</summary>
    public double[] Values(uint stream)
    {
        double[] values = new double[Shape.Count];
        uint draw = 0;
        for (int i = 0; i < values.Length; i++)
        {
            do
                values[i] = (float)(Low
                    + ((High - Low) * Philox.Uniform(Philox.Block(new PhiloxKey(2018, stream, 0), draw++).X0)));
            while (Math.Abs(values[i]) < Gap);
        }

        return values;
    }
}

/// <summary>One row of the catalogue.</summary>
/// <param name="Op">Name of the public method that the row tests.</param>
/// <param name="Detail">What distinguishes the row from others of its op.</param>
/// <param name="Operands">The inputs; each gets a gradient.</param>
/// <param name="Tolerance">Bound on the single-precision error, relative to the largest magnitude of the tensor
/// compared.</param>
/// <param name="Build">Applies the op and returns the outputs that the loss reads.</param>
internal sealed record OpCase(
    string Op, string Detail, Operand[] Operands, double Tolerance, Func<Tape, Variable[], Variable[]> Build)
{
    public string Name => Detail.Length == 0 ? Op : $"{Op}: {Detail}";

    /// <summary>A random stream that depends only on the row and on <paramref name="purpose"/>.</summary>
    public uint Stream(uint purpose)
    {
        uint hash = 2166136261;
        foreach (char c in Name)
            hash = (hash ^ c) * 16777619;
        return hash + purpose;
    }
}

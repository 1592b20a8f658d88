using Gqn.Native.Engine;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>The results of a case on one device: its outputs, and the gradients of Σ weights·outputs.</summary>
/// <param name="Outputs">Each output, in memory order.</param>
/// <param name="Gradients">The gradient of each operand, in memory order; zeros if there is none.</param>
internal sealed record OpRun(double[][] Outputs, double[][] Gradients)
{
    /// <summary>The values of all operands.</summary>
    public static double[][] Inputs(OpCase row)
    {
        double[][] inputs = new double[row.Operands.Length][];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = row.Operands[i].Values(row.Stream((uint)i));
        return inputs;
    }

    /// <summary>Fixed random weights for the outputs, of magnitude 1/2 to 1.</summary>
    public static double[][] Weights(OpCase row, double[][] outputs)
    {
        double[][] weights = new double[outputs.Length][];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = new Operand(new Shape(1, outputs[i].Length, 1, 1), Gap: 0.5).Values(row.Stream(100 + (uint)i));
        return weights;
    }

    /// <summary>The outputs alone.</summary>
    public static double[][] Forward(Device device, OpCase row, double[][] inputs) =>
        Forward(device, row, inputs, null, out _);

    /// <summary>Outputs and gradients, with every operand a leaf.</summary>
    public static OpRun Backward(Device device, OpCase row, double[][] inputs, double[][] weights)
    {
        double[][] outputs = Forward(device, row, inputs, weights, out double[][] gradients);
        return new(outputs, gradients);
    }

    /// <summary>The gradients, with every operand a watched parameter instead of a leaf.</summary>
    public static double[][] BackwardOfParameters(Device device, OpCase row, double[][] inputs, double[][] weights)
    {
        using var store = new ParameterStore();
        for (int i = 0; i < inputs.Length; i++)
            store.Root.Dense($"operand{i}", row.Operands[i].Shape, Initializer.Zeros);
        store.Materialize(device, 1);
        device.Fill(store.Gradients, float.NaN);
        using var tape = new Tape(device);
        var variables = new Variable[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            Write(device, store.Parameters[i].Value, inputs[i]);
            variables[i] = tape.Watch(store.Parameters[i]);
        }

        tape.Backward(Loss(tape, row.Build(tape, variables), weights));
        store.CompleteGradients();
        return [.. store.Parameters.Select(parameter => Read(device, parameter.Gradient))];
    }

    /// <summary>Fills free buffers of the given sizes with NaN, to expose an op that reads them.</summary>
    public static void Poison(Device device, IEnumerable<int> sizes)
    {
        const int Buffers = 8;
        var rented = new List<DeviceBuffer>();
        foreach (long capacity in sizes.Select(size => BufferPool.CapacityFor(size)).Distinct())
        {
            for (int i = 0; i < Buffers; i++)
                rented.Add(device.Pool.Rent(capacity));
        }

        foreach (var buffer in rented)
        {
            device.Fill(new Tensor(buffer, 0, new Shape(1, (int)buffer.Capacity, 1, 1)), float.NaN);
            device.Pool.Return(buffer);
        }
    }

    private static double[][] Forward(Device device, OpCase row, double[][] inputs, double[][]? weights,
        out double[][] gradients)
    {
        using (var tape = new Tape(device))
        {
            var buffers = new Tensor[inputs.Length];
            var variables = new Variable[inputs.Length];
            for (int i = 0; i < inputs.Length; i++)
            {
                buffers[i] = tape.Rent(row.Operands[i].Shape);
                Write(device, buffers[i], inputs[i]);
                variables[i] = tape.Leaf(buffers[i]);
            }

            var outputs = row.Build(tape, variables);
            double[][] results = [.. outputs.Select(output => Read(device, output.Value))];
            gradients = [];
            if (weights is not null)
            {
                tape.Backward(Loss(tape, outputs, weights));
                gradients = [.. variables.Select(x =>
                    tape.Gradient(x).Exists ? Read(device, tape.Gradient(x)) : new double[x.Shape.Count])];
            }

            foreach (var buffer in buffers)
                tape.Return(buffer);
            tape.Reset();
            Assert.Equal(0, device.Pool.Live);
            return results;
        }
    }

    private static Variable Loss(Tape tape, Variable[] outputs, double[][] weights)
    {
        Variable loss = default;
        for (int i = 0; i < outputs.Length; i++)
        {
            float[] weight = Array.ConvertAll(weights[i], value => (float)value);
            var part = outputs[i].Multiply(tape.Constant(outputs[i].Shape, weight)).Sum();
            loss = loss.Exists ? loss.Add(part) : part;
        }

        return loss;
    }

    private static void Write(Device device, Tensor to, double[] values)
    {
        if (device is ReferenceDevice)
            ReferenceDevice.Write(to, values);
        else
            device.Upload(Array.ConvertAll(values, value => (float)value), to);
    }

    private static double[] Read(Device device, Tensor from)
    {
        if (device is ReferenceDevice)
            return ReferenceDevice.Read(from);
        float[] values = new float[from.Shape.Count];
        device.Download(from, values);
        return Array.ConvertAll(values, value => (double)value);
    }
}

using Gqn.Native.Engine;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Tests.Reference;
using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>The CPU device, at every vector width and number of threads, against the reference.</summary>
public sealed class OpParityTests : IClassFixture<OpParityTests.Devices>
{
    private readonly Devices _devices;

    public OpParityTests(Devices devices) => _devices = devices;

    public static TheoryData<string> Rows => OpCatalog.Names;

    [Theory]
    [MemberData(nameof(Rows))]
    public void CpuAgreesWithTheReference(string name)
    {
        var row = OpCatalog.Find(name);
        double[][] inputs = OpRun.Inputs(row),
            weights = OpRun.Weights(row, OpRun.Forward(_devices.Reference, row, inputs));
        var expected = OpRun.Backward(_devices.Reference, row, inputs, weights);
        int[] sizes = [.. inputs.Select(x => x.Length), .. weights.Select(y => y.Length)];
        foreach (var level in _devices.Cpu.Select(device => device.Level).Distinct())
        {
            OpRun? single = null;
            foreach (var (_, device) in _devices.Cpu.Where(device => device.Level == level))
            {
                OpRun.Poison(device, sizes);
                var actual = OpRun.Backward(device, row, inputs, weights);
                string where = $"{device.Description}, ";
                for (int o = 0; o < weights.Length; o++)
                    OpAssert.Close(expected.Outputs[o], actual.Outputs[o], row.Tolerance, where + $"output {o}");
                for (int i = 0; i < inputs.Length; i++)
                    OpAssert.Close(expected.Gradients[i], actual.Gradients[i], row.Tolerance, where + $"gradient {i}");
                single ??= actual;
                OpAssert.SameBytes(single.Outputs, actual.Outputs, where + "outputs");
                OpAssert.SameBytes(single.Gradients, actual.Gradients, where + "gradients");
            }
        }
    }

    /// <summary>One device for each vector width of this processor and each number of threads.</summary>
    public sealed class Devices : IDisposable
    {
        public Devices()
        {
            var cpu = new List<(SimdLevel Level, CpuDevice Device)>();
            for (var level = SimdLevel.Scalar; level <= Simd.Level; level++)
                cpu.AddRange([(level, new CpuDevice(1, level)), (level, new CpuDevice(3, level))]);
            Cpu = cpu;
        }

        internal ReferenceDevice Reference { get; } = new();

        internal List<(SimdLevel Level, CpuDevice Device)> Cpu { get; }

        public void Dispose()
        {
            Reference.Dispose();
            foreach (var (_, device) in Cpu)
                device.Dispose();
        }
    }
}

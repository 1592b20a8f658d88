using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ops;
using Gqn.Native.Tests.Ptx;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Every kernel compiles for CUDA and OpenCL without a device, to code as if written by hand.</summary>
public sealed class OfflineCompileTests(OfflineCompileTests.Report report, ITestOutputHelper output)
    : IClassFixture<OfflineCompileTests.Report>
{
    public static TheoryData<string> Kernels => [.. GpuKernelCatalog.Names];

    public static TheoryData<string> PortableKernels => [.. GpuKernelCatalog.Names.Where(
        name => !GpuKernelCatalog.IsForCudaOnly(GpuKernelCatalog.Handle(name)))];

    public static TheoryData<string> Assembled => DeviceRows.Where(PtxAssembler.Exists, Kernels);

    [Fact]
    public void TheCatalogueHoldsAllFieldsOfHandles()
    {
        Assert.NotEmpty(GpuKernelCatalog.Names);
        Assert.All(GpuKernelCatalog.Fields(), field => Assert.True(
            field.IsInitOnly, $"{field.DeclaringType!.Name}.{field.Name} is not readonly"));
        // A handle made elsewhere would escape these tests: every library kernel of which this process has made a
        // handle, including in other tests' launches, must be in the catalogue.
        var known = GpuKernelCatalog.Names.Select(GpuKernelCatalog.Handle).ToHashSet();
        Assert.All(
            KernelHandle.All.Where(
                handle => handle.Body.Method.DeclaringType!.Assembly == typeof(KernelHandle).Assembly),
            handle => Assert.True(known.Contains(handle), $"{handle.Name} is in no static field"));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void PtxKeepsToRegistersAndSinglePrecision(string name)
    {
        string ptx = Ptx(name);
        Assert.DoesNotMatch(@"\.local\b", ptx);
        Assert.DoesNotMatch(@"\.extern(?! \.shared)", ptx);
        Assert.DoesNotMatch(@"\.f64\b", ptx);
        Assert.DoesNotMatch(@"\bcall\b", ptx);
        // Pointers that stay generic cost an extra instruction per access and hide the address space.
        Assert.DoesNotMatch(@"\b(ld|st)\.(v[24]\.)?[bfus]\d", ptx);
        // ILGPU turns a Boolean that is added to a float into the bits of the integer 1.
        Assert.DoesNotMatch(@"0f00[0-7](?!00000)[0-9A-F]{5}", ptx);
        // The interpreter knows every instruction and finds every operand declared with the right width.
        Assert.NotEmpty(PtxKernel.Parse(ptx).Name);
    }

    [Theory]
    [MemberData(nameof(PortableKernels))]
    public void OpenClKeepsToSinglePrecision(string name)
    {
        var handle = GpuKernelCatalog.Handle(name);
        using var context = Context.Create(builder => builder.EnableAlgorithms().Optimize(OptimizationLevel.O2));
        using var backend = new CLBackend(
            context, new CLCapabilityContext(false, true, true, true, true), CLDeviceVendor.Other,
            new CLCVersion(2, 0));
        var entry = GpuKernelCatalog.IsImplicitlyGrouped(handle)
            ? EntryPointDescription.FromImplicitlyGroupedKernel(handle.Body.Method)
            : EntryPointDescription.FromExplicitlyGroupedKernel(handle.Body.Method);
        string source = ((CLCompiledKernel)backend.Compile(entry, KernelSpecialization.Empty)).Source;
        Assert.Contains($"{handle.Body.Method.Name}(", source, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\bdouble\b", source);
    }

    [Theory]
    [MemberData(nameof(Assembled))]
    public void MachineCodeSpillsNothing(string name)
    {
        PtxAssembler.SkipWithout();
        string ptx = Ptx(name);
        foreach (string architecture in (string[])["sm_80", "sm_90"])
        {
            var code = PtxAssembler.Assemble(ptx, architecture);
            string row = $"{name,-80} {architecture} {code.Registers,4} registers {code.SharedBytes,6} bytes shared";
            output.WriteLine(row);
            report.Add(row);
            Assert.Equal(0, code.StackBytes);
            Assert.Equal(0, code.SpillBytes);
            Assert.True(code.Registers > 0);
        }
    }

    private static string Ptx(string name)
    {
        var handle = GpuKernelCatalog.Handle(name);
        return PtxCompiler.Compile(
            handle.Body.Method, GpuKernelCatalog.IsImplicitlyGrouped(handle), GpuKernelCatalog.Bounds(handle));
    }

    /// <summary>The table of registers, written beside the test program once all kernels are assembled.</summary>
    public sealed class Report : IDisposable
    {
        private readonly List<string> _rows = [];

        public void Add(string row)
        {
            lock (_rows)
                _rows.Add(row);
        }

        public void Dispose()
        {
            if (_rows.Count == 0)
                return;
            string folder = Path.Combine(AppContext.BaseDirectory, "TestResults");
            Directory.CreateDirectory(folder);
            File.WriteAllLines(Path.Combine(folder, "ptxas.txt"), _rows.Order(StringComparer.Ordinal));
        }
    }
}

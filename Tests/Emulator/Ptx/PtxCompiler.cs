using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Compiles kernels to PTX without a device, with the settings that the library launches them with.</summary>
internal static class PtxCompiler
{
    private static readonly Lock Gate = new();
    private static Context? _context;

    /// <param name="method">The kernel's static method.</param>
    /// <param name="implicitlyGrouped">Whether its first parameter is the index, which the runtime guards.</param>
    /// <param name="specialization">Launch bounds, as .maxntid and .minnctapersm.</param>
    public static string Compile(
        MethodInfo method, bool implicitlyGrouped, KernelSpecialization specialization = default)
    {
        lock (Gate)
        {
            _context ??= Context.Create(builder => builder.EnableAlgorithms().Optimize(OptimizationLevel.O2));
            try
            {
                using var backend = new PTXBackend(
                    _context, new CudaCapabilityContext(CudaArchitecture.SM_80), CudaArchitecture.SM_80,
                    CudaInstructionSet.ISA_80, nvvmAPI: null);
                var entry = implicitlyGrouped
                    ? EntryPointDescription.FromImplicitlyGroupedKernel(method)
                    : EntryPointDescription.FromExplicitlyGroupedKernel(method);
                return ((PTXCompiledKernel)backend.Compile(entry, specialization)).PTXAssembly;
            }
            catch
            {
                // A statement that ILGPU cannot compile leaves its context unusable for all later kernels.
                _context.Dispose();
                _context = null;
                throw;
            }
        }
    }
}

using System.Collections.Immutable;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Choosing and opening a device.</content>
public sealed partial class GpuContext
{
    // A simulated thread block (group) is as large as the largest kernels ask for, in narrow warps, which are faster.
    private const int SimulatedWarp = 8, SimulatedWarps = 32;

    // Set to 0 to launch kernels one by one, for profilers.
    private const string GraphVariable = "GQN_CUDA_GRAPHS";

    /// <summary>Opens a device.</summary>
    /// <param name="name">"cuda:0" (or "cuda"), "opencl:0" (or "opencl"), or "simulator".</param>
    /// <param name="precision">Null for the device's best: tf32 if it has tensor cores, else fp32.</param>
    /// <exception cref="GpuException">There is no such device, it is refused, or it does not support the precision; the
    /// message says what helps.</exception>
    public static GpuContext Open(string name, MatrixPrecision? precision = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var info = Choose(name, GpuSurvey.Find());
        DriverTrace.Start();
        Context? context = null;
        try
        {
            lock (GpuSurvey.Asking)
                context = Context.Create(builder => Configure(builder, info.Platform));
            var accelerator = Device(context, info).CreateAccelerator(context);
            bool tensorCores = TensorCoresOf(accelerator);
            if (precision is MatrixPrecision.Tf32 or MatrixPrecision.Bf16 && !tensorCores)
            {
                string wanted = precision == MatrixPrecision.Tf32 ? "tf32" : "bf16";
                throw new GpuException(
                    $"The precision {wanted} needs tensor cores (CUDA, compute capability 8.0 or more), which "
                    + $"{info.Name} ({info.Title}) has not; use fp32.");
            }

            return new GpuContext(
                info, context, accelerator, precision ?? (tensorCores ? MatrixPrecision.Tf32 : MatrixPrecision.Fp32));
        }
        catch (Exception exception)
        {
            context?.Dispose();
            if (exception is GpuException)
                throw;
            throw Explain($"opening {info.Name} ({info.Title}) failed", exception);
        }
    }

    private static void Configure(Context.Builder builder, GpuPlatform platform)
    {
        // At the default level pointers stay generic and inline assembly goes through local memory.
        builder.EnableAlgorithms().Optimize(OptimizationLevel.O2);
        switch (platform)
        {
            case GpuPlatform.Cuda:
                builder.Cuda(_ => true);
                break;
            case GpuPlatform.OpenCl:
                builder.OpenCL(_ => true);
                break;
            default:
                builder.CPU(new CPUDevice(SimulatedWarp, SimulatedWarps, 1));
                break;
        }
    }

    private static Device Device(Context context, GpuDeviceInfo info)
    {
        int index = info.Platform == GpuPlatform.Simulator ? 0 : int.Parse(info.Name.AsSpan(info.Name.IndexOf(':') + 1));
        return info.Platform switch
        {
            GpuPlatform.Cuda => context.GetCudaDevice(index),
            GpuPlatform.OpenCl => context.GetCLDevice(index),
            _ => context.GetCPUDevice(0),
        };
    }

    private static GpuDeviceInfo Choose(string name, ImmutableArray<GpuDeviceInfo> found)
    {
        string wanted = name is "cuda" or "opencl" ? name + ":0" : name;
        var usable = new List<string>();
        bool platformHasDevices = false;
        foreach (var info in found)
        {
            if (info.Name == wanted)
            {
                return info.Refusal is null
                    ? info
                    : throw new GpuException($"{info.Name} ({info.Title}) cannot be used: {info.Refusal}.");
            }

            if (info.Refusal is null)
                usable.Add(info.Name);
            platformHasDevices |= wanted.Contains(':')
                && info.Name.StartsWith(wanted[..(wanted.IndexOf(':') + 1)], StringComparison.Ordinal);
        }

        GpuPlatform? platform = wanted.StartsWith("cuda:", StringComparison.Ordinal) ? GpuPlatform.Cuda
            : wanted.StartsWith("opencl:", StringComparison.Ordinal) ? GpuPlatform.OpenCl : null;
        throw new GpuException(platform is { } known && !platformHasDevices
            ? GpuSurvey.WhyNone(known)
            : $"There is no device '{name}'; there are: cpu, {string.Join(", ", usable)}.");
    }

    private static bool TensorCoresOf(Accelerator accelerator) =>
        accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80;
}

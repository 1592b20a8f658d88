using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks;

[Description("The image from the latent grid and its gradient, against a scalar loop over the image")]
public unsafe class DepthToSpaceBenchmarks : IKernelBenchmarks
{
    private const int Images = 8, Side = 16, Scale = 4, Channels = 3, Width = Side * Scale;
    private CpuWorkspace _workspace = null!;
    private Floats _depth = null!, _space = null!;

    public int Threads { get; set; } = Environment.ProcessorCount;

    public Work WorkOf(string method) => Work.PerElement(Images * Width * Width * Channels, flops: 0, floats: 2);

    [GlobalSetup]
    public void Allocate()
    {
        const int Count = Images * Width * Width * Channels;
        _workspace = new CpuWorkspace(Threads);
        (_depth, _space) = (new Floats(Count), new Floats(Count));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        _depth.Dispose();
        _space.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void Naive()
    {
        for (int line = 0; line < Images * Width; line++)
        {
            for (int w = 0; w < Width; w++)
            {
                int pixel = (line / Scale * Side) + (w / Scale), tap = (line % Scale * Scale) + (w % Scale);
                for (int c = 0; c < Channels; c++)
                {
                    _space.Pointer[(((line * Width) + w) * Channels) + c] =
                        _depth.Pointer[(((pixel * Scale * Scale) + tap) * Channels) + c];
                }
            }
        }
    }

    [Benchmark]
    public void Forward() => DepthToSpaceKernels.Forward(
        _workspace, _space.Pointer, _depth.Pointer, Images * Side, Side, Channels, Scale);

    [Benchmark]
    public void Backward() => DepthToSpaceKernels.Backward(
        _workspace, _depth.Pointer, 0, _space.Pointer, Images * Side, Side, Channels, Scale);

    [Benchmark]
    public void BackwardAdds() => DepthToSpaceKernels.Backward(
        _workspace, _depth.Pointer, 1, _space.Pointer, Images * Side, Side, Channels, Scale);
}

using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions with one item per output and no tiles: what every device can do.</summary>
internal static class PlainConvolution
{
    private static readonly KernelHandle<StartArgs> StartHandle = new(PlainConvolutionStart);
    private static readonly KernelHandle<Args> ForwardHandle = new(PlainConvolutionForward);
    private static readonly KernelHandle<Args> InputHandle = new(PlainConvolutionBackwardInput);
    private static readonly KernelHandle<Args> WeightHandle = new(PlainConvolutionBackwardWeight);

    /// <summary>y = activation(the sum)</summary>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IUnaryOp
    {
        Accumulate(context, y, sum, shape);
        if (typeof(TActivation) != typeof(Identity))
            PointwiseKernels.Unary(context, y, y, Outputs(shape), activation);
    }

    /// <summary>The cell on the gates that the sum is; gates may be absent, where nobody reads the activated ones.</summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, in SumInputs sum,
        in Conv2dShape shape)
    {
        var sums = gates.Exists ? gates : context.Scratch(ScratchSlots.Gates, Outputs(shape));
        Accumulate(context, sums, sum, shape);
        LstmCellKernels.Forward(
            context, cellNext, hidden, sums, cell, (long)shape.N * shape.OutH * shape.OutW, shape.K / GateOrder.Gates);
    }

    /// <summary>dx = (or +=) the adjoint of the convolution in x, applied to dy.</summary>
    public static void BackwardInput(
        GpuContext context, GpuArray dx, bool add, GpuArray dy, GpuArray w, in Conv2dShape shape) =>
        context.Launch(
            InputHandle, (long)shape.N * shape.H * shape.W * shape.C,
            new Args { Result = dx.View, Left = dy.View, Right = w.View, Shape = shape, Add = add ? 1 : 0 });

    /// <summary>dw = (or +=) the adjoint of the convolution in w, applied to dy.</summary>
    public static void BackwardWeight(
        GpuContext context, GpuArray dw, bool add, GpuArray dy, GpuArray x, in Conv2dShape shape) =>
        context.Launch(
            WeightHandle, (long)shape.K * shape.C * shape.Kernel * shape.Kernel,
            new Args { Result = dw.View, Left = dy.View, Right = x.View, Shape = shape, Add = add ? 1 : 0 });

    /// <summary>y = what is added to the convolutions: addend, bias, table</summary>
    public static void Start(GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape) =>
        context.Launch(
            StartHandle, Outputs(shape),
            new StartArgs
            {
                Y = y.View,
                Addend = sum.Addend.ViewOr(y),
                Bias = sum.Bias.ViewOr(y),
                Table = sum.Table.ViewOr(y),
                K = shape.K,
                H = shape.OutH,
                W = shape.OutW,
                Kernel = sum.TableKernel,
                ReadAddend = sum.Addend.Exists ? 1 : 0,
                ReadBias = sum.Bias.Exists ? 1 : 0,
                ReadTable = sum.Table.Exists ? 1 : 0,
            });

    private static void Accumulate(GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape)
    {
        Start(context, y, sum, shape);
        foreach (ref readonly var term in sum.Terms)
        {
            if (term.IsConstant)
                continue;
            var own = shape with { C = term.Channels, Kernel = term.Kernel };
            context.Launch(
                ForwardHandle, Outputs(own),
                new Args { Result = y.View, Left = term.X.View, Right = term.W.View, Shape = own, Add = 1 });
        }
    }

    private static long Outputs(in Conv2dShape shape) => (long)shape.N * shape.OutH * shape.OutW * shape.K;

    private static void PlainConvolutionStart(Index1D index, StartArgs args)
    {
        int i = index, pixel = i / args.K, k = i - (pixel * args.K);
        float sum = args.ReadAddend != 0 ? args.Addend[i] : 0f;
        if (args.ReadBias != 0)
            sum += args.Bias[k];
        if (args.ReadTable != 0)
        {
            var rows = new BorderClasses(args.H, args.Kernel);
            var columns = new BorderClasses(args.W, args.Kernel);
            int x = pixel % args.W, rest = pixel / args.W, y = rest % args.H, n = rest / args.H;
            int row = (((n * rows.Count) + rows.Of(y)) * columns.Count) + columns.Of(x);
            sum += args.Table[(row * args.K) + k];
        }

        args.Y[i] = sum;
    }

    private static void PlainConvolutionForward(Index1D index, Args args)
    {
        var shape = args.Shape;
        int i = index, k = i % shape.K, pixel = i / shape.K, x = pixel % shape.OutW, rest = pixel / shape.OutW;
        int y = rest % shape.OutH, n = rest / shape.OutH;
        float sum = 0f;
        for (int ky = 0; ky < shape.Kernel; ky++)
        {
            int iy = (y * shape.Stride) + ky - shape.Padding;
            for (int kx = 0; kx < shape.Kernel; kx++)
            {
                int ix = (x * shape.Stride) + kx - shape.Padding;
                if (iy < 0 || iy >= shape.H || ix < 0 || ix >= shape.W)
                    continue;
                int at = ((((n * shape.H) + iy) * shape.W) + ix) * shape.C;
                for (int c = 0; c < shape.C; c++)
                    sum += args.Left[at + c] * args.Right[(int)shape.WeightIndex(k, c, ky, kx)];
            }
        }

        args.Result[i] += sum;
    }

    private static void PlainConvolutionBackwardInput(Index1D index, Args args)
    {
        var shape = args.Shape;
        int i = index, c = i % shape.C, pixel = i / shape.C, x = pixel % shape.W, rest = pixel / shape.W;
        int y = rest % shape.H, n = rest / shape.H;
        float sum = 0f;
        for (int ky = 0; ky < shape.Kernel; ky++)
        {
            int top = y + shape.Padding - ky, oy = top / shape.Stride;
            for (int kx = 0; kx < shape.Kernel; kx++)
            {
                int left = x + shape.Padding - kx, ox = left / shape.Stride;
                if (top < 0 || left < 0 || oy >= shape.OutH || ox >= shape.OutW || oy * shape.Stride != top
                    || ox * shape.Stride != left)
                {
                    continue;
                }

                int at = ((((n * shape.OutH) + oy) * shape.OutW) + ox) * shape.K;
                for (int k = 0; k < shape.K; k++)
                    sum += args.Left[at + k] * args.Right[(int)shape.WeightIndex(k, c, ky, kx)];
            }
        }

        args.Result[i] = args.Add != 0 ? args.Result[i] + sum : sum;
    }

    private static void PlainConvolutionBackwardWeight(Index1D index, Args args)
    {
        var shape = args.Shape;
        int i = index, k = i % shape.K, rest = i / shape.K, kx = rest % shape.Kernel;
        rest /= shape.Kernel;
        int ky = rest % shape.Kernel, c = rest / shape.Kernel;
        float sum = 0f;
        for (int n = 0; n < shape.N; n++)
        {
            for (int y = 0; y < shape.OutH; y++)
            {
                int iy = (y * shape.Stride) + ky - shape.Padding;
                for (int x = 0; x < shape.OutW; x++)
                {
                    int ix = (x * shape.Stride) + kx - shape.Padding;
                    if (iy < 0 || iy >= shape.H || ix < 0 || ix >= shape.W)
                        continue;
                    sum += args.Left[(((((n * shape.OutH) + y) * shape.OutW) + x) * shape.K) + k]
                        * args.Right[(((((n * shape.H) + iy) * shape.W) + ix) * shape.C) + c];
                }
            }
        }

        int at = (int)shape.WeightIndex(k, c, ky, kx);
        args.Result[at] = args.Add != 0 ? args.Result[at] + sum : sum;
    }

    internal struct Args
    {
        public ArrayView<float> Result, Left, Right;
        public Conv2dShape Shape;
        public int Add;
    }

    internal struct StartArgs
    {
        public ArrayView<float> Y, Addend, Bias, Table;
        public int K, H, W, Kernel, ReadAddend, ReadBias, ReadTable;
    }
}

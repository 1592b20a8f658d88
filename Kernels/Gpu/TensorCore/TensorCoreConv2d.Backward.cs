using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Gradients with respect to inputs and weights.</content>
internal static partial class TensorCoreConv2d
{
    /// <summary>The gradients of the inputs and weights that the operands request, one after another.</summary>
    /// <param name="device">The device.</param>
    /// <param name="terms">Terms approved by <see cref="Supports"/>.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, OutH, OutW).</param>
    /// <param name="shape">Shape of the forward convolution; each term has its own channels and kernel.</param>
    public static void Backward(
        ITensorCoreDevice device, ReadOnlySpan<Conv2dOperand> terms, GpuArray dy, in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(device.IsBf16);
        if (terms.Length == 1 && shape.K <= Conv2dShape.WeightBlock
            && TensorCoreFewChannels.Pays(shape.K, Own(shape, terms[0])))
        {
            BackwardFewOutputs(device, terms[0], dy, Own(shape, terms[0]));
            return;
        }

        long gradientChunks = Aligned(problem.GradientChunks(shape)), imageChunks = 0;
        foreach (ref readonly var term in terms)
        {
            if (term.Dw.Exists)
                imageChunks = Math.Max(imageChunks, problem.ImageChunks(Own(shape, term)));
        }

        // One packed dy for all terms, then the packed images of one term at a time.
        var packed = Chunks(device, ScratchSlots.Operand, gradientChunks + imageChunks);
        Pack(device, packed, dy, problem.Gradients(shape), problem.GradientChunks(shape));
        foreach (ref readonly var term in terms)
        {
            var own = Own(shape, term);
            if (term.Dx.Exists && TensorCoreFewChannels.Pays(own.C, own))
                BackwardFewInputs(device, term.Dx, term.AddDx ? term.Dx : default, term.W, packed, own);
            else if (term.Dx.Exists)
                BackwardInput(device, term.Dx, term.AddDx ? term.Dx : default, term.W, packed, own);
            if (!term.Dw.Exists)
                continue;
            var images = packed.SubView(gradientChunks, problem.ImageChunks(own));
            Pack(device, images, term.X, problem.Images(own), images.Length);
            BackwardWeight(device, term.Dw, term.AddDw ? term.Dw : default, images, packed, own);
        }
    }

    // dx = addend + the gradient with respect to x
    private static void BackwardInput(
        ITensorCoreDevice device, GpuArray dx, GpuArray addend, GpuArray w, ArrayView<Chunk> dy, in Conv2dShape shape) =>
        BackwardInput(device, dx, addend, w, dy, shape, new TensorCoreProblem(device.IsBf16).AdjointWeights(shape));

    private static void BackwardInput(
        ITensorCoreDevice device, GpuArray dx, GpuArray addend, GpuArray w, ArrayView<Chunk> dy, in Conv2dShape shape,
        TensorCorePacking.WeightArgs adjoint)
    {
        var args = TensorCoreProblem.BackwardInput(shape);
        adjoint.Source = w.View;
        adjoint.Packed = Chunks(
            device, ScratchSlots.SecondOperand, TensorCoreProblem.WeightChunks(args.Columns, adjoint.LineChunks));
        device.Launch(TensorCorePacking.Adjoint, adjoint.Packed.Length, adjoint);
        TensorCoreProblem.Add(ref args, 0, new TensorCoreProblem(device.IsBf16).AdjointTerm(shape) with
        {
            Images = Address(dy),
            Weights = Address(adjoint.Packed),
        });
        SetMemory(ref args, dx, addend, default, default);
        TensorCoreLaunch.Forward<ActivationEpilogue<Identity>>(device, args);
    }

    // The same for few input channels: with taps as columns, then folded.
    private static void BackwardFewInputs(
        ITensorCoreDevice device, GpuArray dx, GpuArray addend, GpuArray w, ArrayView<Chunk> dy, in Conv2dShape shape)
    {
        var product = TensorCoreFewChannels.Inputs(shape);
        var taps = device.Scratch(ScratchSlots.Taps, (long)product.N * product.C);
        // In a block of outputs, the taps of a channel are laid out like further channels.
        var adjoint = new TensorCoreProblem(device.IsBf16).AdjointWeights(product) with { Blocked = 1 };
        BackwardInput(device, taps, default, w, dy, product, adjoint);
        device.Launch(
            TensorCoreFewChannels.Fold, (long)shape.N * shape.H * shape.W * shape.C,
            new TensorCoreFewChannels.FoldArgs
            {
                Dx = dx.View,
                Addend = addend.ViewOr(dx),
                Taps = taps.View,
                Channels = shape.C,
                Kernel = shape.Kernel,
                Height = shape.H,
                Width = shape.W,
                HasAddend = addend.Exists ? 1 : 0,
            });
    }

    private static void BackwardFewOutputs(
        ITensorCoreDevice device, in Conv2dOperand term, GpuArray dy, in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(device.IsBf16);
        var product = TensorCoreFewChannels.Outputs(shape);
        long gradientChunks = Aligned(problem.GradientChunks(product));
        var packed = Chunks(
            device, ScratchSlots.Operand, gradientChunks + (term.Dw.Exists ? problem.ImageChunks(product) : 0));
        device.Launch(
            TensorCoreFewChannels.Unfold, problem.GradientChunks(product),
            new TensorCoreFewChannels.UnfoldArgs
            {
                Source = dy.View,
                Packed = packed,
                Channels = shape.K,
                Kernel = shape.Kernel,
                Height = shape.H,
                Width = shape.W,
                Chunks = problem.Chunks(product.K),
                Bf16 = device.IsBf16 ? 1 : 0,
            });
        if (term.Dx.Exists)
            BackwardInput(device, term.Dx, term.AddDx ? term.Dx : default, term.W, packed, product);
        if (!term.Dw.Exists)
            return;
        var images = packed.SubView(gradientChunks, problem.ImageChunks(product));
        Pack(device, images, term.X, problem.Images(product), images.Length);
        BackwardWeight(device, term.Dw, term.AddDw ? term.Dw : default, images, packed, product);
    }

    // dw = addend + the gradient with respect to w
    private static void BackwardWeight(
        ITensorCoreDevice device, GpuArray dw, GpuArray addend, ArrayView<Chunk> images, ArrayView<Chunk> dy,
        in Conv2dShape shape)
    {
        var problem = new TensorCoreProblem(device.IsBf16);
        var schedule = problem.WeightSchedule(shape, device.Multiprocessors);
        var (tiling, parts) = (schedule.Tiling, schedule.Parts);
        var args = problem.BackwardWeight(shape, parts);
        args.Term0.Images = Address(images);
        args.Term0.Weights = Address(dy);
        if (parts == 1)
        {
            SetMemory(ref args, dw, addend, default, default);
            TensorCoreLaunch.WeightGradient<ActivationEpilogue<Identity>>(device, args, tiling, parts);
            return;
        }

        var partial = device.Scratch(ScratchSlots.Products, (long)parts * args.PartStride);
        SetMemory(ref args, partial, default, default, default);
        TensorCoreLaunch.WeightGradient<ActivationEpilogue<Identity>>(device, args, tiling, parts);
        PartialSums.Add(device, dw, addend, partial, args.PartStride, parts);
    }
}

#!/usr/bin/env python3
"""The same network, loss and training step in PyTorch, and its hot layers, timed on one GPU.

What is compared: the presets of Gqn/Training/Presets.cs with the architecture of Gqn/Model, the same number of scenes
and contexts, -ELBO, its gradients and Adam, on synthetic pictures that each step uploads from page-locked memory.
Parameters agree to the number: it is checked whenever a network is made. Weights and noise are PyTorch's own, which
changes no time.

Written the way PyTorch models are: inputs of a convolution are concatenated, the canvas exists at full resolution,
autograd does the rest. On PyTorch's side in addition: cudnn.benchmark, fused Adam, both memory formats; no norm of the
gradient, which Gqn.Native computes in every step to notice divergence. The modes, each a record of its own:
  eager           kernels are launched one by one, in both memory formats
  graph           the whole step, captured once as a CUDA graph and replayed; what follows is in the better format
  compiled        torch.compile
  compiled-graph  the compiled step, captured in the same way
  fp32   no tensor cores
  tf32   convolutions and matrix products on tensor cores (PyTorch's default is tf32 for convolutions)
  bf16   autocast on top of that; the cells, the canvas and the loss stay in float32, as its rules would have it

    pytorch_gqn.py steps [--presets paper,small] [--precisions fp32,tf32,bf16] [--seconds 300]
    pytorch_gqn.py ops   [--precisions fp32,tf32,bf16] [--seconds 60]
    pytorch_gqn.py parameters               numbers of each preset, without PyTorch

Every result is one line of JSON on standard output, with the fields of Benchmarks/Steps/StepRecord.cs and
OperationRecord.cs. Modes are tried in the order of their worth; what does not fit into the time is said. Each case runs
in a process of its own: one that fails, hangs or breaks the driver's context is said too and takes no other with it.
--device cpu runs everything on the processor: to try the script, not to compare.
"""

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import signal
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
    Module = nn.Module
except ImportError:  # 'parameters' needs none of it, and everything else says so
    torch, Module = None, object

IMAGE_CHANNELS = 3
VIEW_DIMENSIONS = 7

# Gqn/Training/Presets.cs: image size, representation channels, layers, hidden, latent channels, kernel.
PRESETS = {
    "tiny": dict(size=16, representation=16, layers=2, hidden=16, latent=3, kernel=5),
    "small": dict(size=32, representation=64, layers=6, hidden=64, latent=3, kernel=5),
    "paper": dict(size=64, representation=256, layers=12, hidden=128, latent=3, kernel=5),
}
MODES = ("eager", "graph", "compiled", "compiled-graph")
CANVAS_SCALE = 4
SIGMA = 0.7
LEARNING_RATE = 5e-5
ENGINE = f"PyTorch {torch.__version__}" if torch else "PyTorch"


def write(**record):
    """Prints a record at once, so that it is there even if this process is ended."""
    print(json.dumps(record), flush=True)


def send_result(work, connection):
    """The life of a process: does the work and sends back its result, or in one line why there is none."""
    os.setsid()  # the compiler starts processes as well; as one group they can be ended together
    try:
        answer = (work(), None)
    except BaseException as error:  # whatever it is, the other cases still run
        lines = str(error).strip().splitlines()
        answer = (None, f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)
    connection.send(answer)


def attempt(what, seconds, work):
    """Runs work in a process of its own and returns its result; says why and returns None if there is none.

    It is a fork of this one, which has imported PyTorch but never touched the device: that takes no time, and a context
    that cannot be shared between processes does not exist yet.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=send_result, args=(work, sender))
    process.start()
    sender.close()
    try:
        if receiver.poll(seconds):
            result, reason = receiver.recv()
        else:
            result, reason = None, f"it was ended after {seconds:.0f} s, its share of the time."
    except EOFError:  # it has closed its end without a word
        process.join(5)
        result, reason = None, f"its process ended with code {process.exitcode}."
    # A process may also hang on its way out.
    process.join(0 if reason else 5)
    process.kill()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if reason:
        write(kind="leftOut", what=what, reason=reason)
    return result


def count_parameters(size, representation, layers, hidden, latent, kernel):
    """Numbers of a network, from its sizes alone; those of `gqn info --preset NAME`."""
    def convolution(inputs, outputs, side, bias=True):
        return inputs * outputs * side * side + (outputs if bias else 0)

    r, half, merged = representation, representation // 2, representation + VIEW_DIMENSIONS
    tower = (
        convolution(IMAGE_CHANNELS, r, 2) + convolution(r, r, 2) + convolution(r, half, 3) + convolution(half, r, 2)
        + convolution(merged, r, 3) + convolution(merged, half, 3) + convolution(half, r, 3) + convolution(r, r, 1))
    condition = VIEW_DIMENSIONS + r
    generation = convolution(condition + latent + hidden, 4 * hidden, kernel)
    inference = convolution(IMAGE_CHANNELS + condition + 3 * hidden, 4 * hidden, kernel)
    resampling = (
        2 * convolution(hidden, hidden, CANVAS_SCALE, bias=False)
        + convolution(IMAGE_CHANNELS, IMAGE_CHANNELS, CANVAS_SCALE, bias=False))
    heads = 2 * convolution(hidden, 2 * latent, kernel)
    return tower + layers * (generation + inference + resampling) + heads + convolution(hidden, IMAGE_CHANNELS, 1)


class Tower(Module):
    """psi(x, v): eight convolutions with two skip connections, down to a quarter of the image's size."""

    def __init__(self, channels):
        super().__init__()
        half, merged = channels // 2, channels + VIEW_DIMENSIONS
        self.conv1 = nn.Conv2d(IMAGE_CHANNELS, channels, 2, 2)
        self.conv2 = nn.Conv2d(channels, channels, 2, 2)
        self.conv3 = nn.Conv2d(channels, half, 3, padding=1)
        self.conv4 = nn.Conv2d(half, channels, 2, 2)
        self.conv5 = nn.Conv2d(merged, channels, 3, padding=1)
        self.conv6 = nn.Conv2d(merged, half, 3, padding=1)
        self.conv7 = nn.Conv2d(half, channels, 3, padding=1)
        self.conv8 = nn.Conv2d(channels, channels, 1)

    def forward(self, images, views):
        a = F.relu(self.conv1(images))
        b = F.relu(self.conv4(F.relu(self.conv3(a)))) + F.relu(self.conv2(a))
        merged = torch.cat([b, views.to(b.dtype).expand(-1, -1, b.shape[2], b.shape[3])], 1)
        d = F.relu(self.conv7(F.relu(self.conv6(merged)))) + F.relu(self.conv5(merged))
        return F.relu(self.conv8(d))


class ConvLstm(Module):
    """A convolutional LSTM without peepholes; the gates are [i|f|g|o]."""

    def __init__(self, inputs, hidden, kernel):
        super().__init__()
        self.gates = nn.Conv2d(inputs + hidden, 4 * hidden, kernel, padding=kernel // 2)
        with torch.no_grad():
            self.gates.bias[hidden:2 * hidden] = 1

    def forward(self, inputs, state):
        hidden, cell = state
        i, f, g, o = self.gates(torch.cat([*inputs, hidden], 1)).chunk(4, 1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        # The cell is float32 and the next convolution takes what the gates are: one rounding here saves one per use.
        return (torch.sigmoid(o) * torch.tanh(cell)).to(o.dtype), cell


class Resampling(Module):
    """A layer's ways between the latent grid and the full resolution; stride = kernel, no bias."""

    def __init__(self, hidden):
        super().__init__()
        self.up = nn.ConvTranspose2d(hidden, hidden, CANVAS_SCALE, CANVAS_SCALE, bias=False)
        self.canvas_down = nn.Conv2d(hidden, hidden, CANVAS_SCALE, CANVAS_SCALE, bias=False)
        self.image_down = nn.Conv2d(IMAGE_CHANNELS, IMAGE_CHANNELS, CANVAS_SCALE, CANVAS_SCALE, bias=False)


class GenerativeQueryNetwork(Module):
    """Cores and resampling of each layer, one prior and one posterior head for all, as in the presets."""

    def __init__(self, size, representation, layers, hidden, latent, kernel):
        super().__init__()
        self.layers, self.hidden, self.latent_size = layers, hidden, size // CANVAS_SCALE
        condition = VIEW_DIMENSIONS + representation
        self.representation = Tower(representation)
        self.generation = nn.ModuleList(ConvLstm(condition + latent, hidden, kernel) for _ in range(layers))
        self.inference = nn.ModuleList(
            ConvLstm(IMAGE_CHANNELS + condition + 2 * hidden, hidden, kernel) for _ in range(layers))
        self.resampling = nn.ModuleList(Resampling(hidden) for _ in range(layers))
        self.prior = nn.Conv2d(hidden, 2 * latent, kernel, padding=kernel // 2)
        self.posterior = nn.Conv2d(hidden, 2 * latent, kernel, padding=kernel // 2)
        self.output = nn.Conv2d(hidden, IMAGE_CHANNELS, 1)

    def forward(self, images, views, query_images, query_views, contexts):
        """-ELBO in nats per image, averaged over the batch."""
        scenes, side = query_images.shape[0], self.latent_size
        features = self.representation(images, views)
        # Under autocast a sum is float32, and a concatenation with it would be as well.
        r = features.unflatten(0, (scenes, contexts)).sum(1).to(features.dtype)
        view = query_views.to(r.dtype).expand(-1, -1, side, side)
        zero = r.new_zeros(scenes, self.hidden, side, side)
        generation = inference = (zero, zero.float())
        canvas = query_images.new_zeros(scenes, self.hidden, side * CANVAS_SCALE, side * CANVAS_SCALE)
        kl = 0.0
        for layer in range(self.layers):
            resampling = self.resampling[layer]
            mean_p, log_variance_p = self.prior(generation[0]).float().chunk(2, 1)
            inference = self.inference[layer](
                [resampling.image_down(query_images), view, r, generation[0], resampling.canvas_down(canvas)],
                inference)
            mean_q, log_variance_q = self.posterior(inference[0]).float().chunk(2, 1)
            z = mean_q + torch.exp(0.5 * log_variance_q) * torch.randn_like(mean_q)
            generation = self.generation[layer]([view, r, z.to(r.dtype)], generation)
            canvas = canvas + resampling.up(generation[0])
            kl = kl + 0.5 * (
                log_variance_p - log_variance_q
                + (torch.exp(log_variance_q) + (mean_q - mean_p).square()) / torch.exp(log_variance_p) - 1).sum()
        mean = self.output(canvas).float()
        constant = math.log(SIGMA) + 0.5 * math.log(2 * math.pi)
        nll = ((query_images - mean).square() / (2 * SIGMA * SIGMA) + constant).sum()
        return (kl + nll) / scenes


def set_precision(name):
    """fp32 and tf32 are settings; bf16 is autocast on top of tf32 for what it leaves alone."""
    allowed = name != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cudnn.benchmark = True


def wait_for(device):
    """Returns when the device has done all its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Batches:
    """Synthetic batches in page-locked memory; each step uploads one."""

    def __init__(self, device, size, scenes, contexts, channels_last, count=4):
        self.device = device
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        generator = torch.Generator().manual_seed(1)

        def lock(x):
            return x.pin_memory() if device.type == "cuda" else x

        def images(number):
            x = torch.rand(number, IMAGE_CHANNELS, size, size, generator=generator)
            return lock(x.contiguous(memory_format=memory_format))

        def views(number):
            return lock(torch.rand(number, VIEW_DIMENSIONS, 1, 1, generator=generator))

        self.batches = [
            (images(scenes * contexts), views(scenes * contexts), images(scenes), views(scenes))
            for _ in range(count)]
        self.next = 0

    def upload(self):
        """Images, their viewpoints, query images and theirs, on their way to the device."""
        batch = self.batches[self.next % len(self.batches)]
        self.next += 1
        return [part.to(self.device, non_blocking=True) for part in batch]

    def upload_into(self, fixed):
        """The same, into tensors that stay where they are."""
        batch = self.batches[self.next % len(self.batches)]
        self.next += 1
        for target, part in zip(fixed, batch):
            target.copy_(part, non_blocking=True)


def time_rounds(step, synchronize, seconds, rounds=10):
    """Median and least seconds per step over rounds, numbers of steps and rounds, and steps per round.

    Nothing waits for the device within a round.
    """
    begin = time.perf_counter()
    step()
    synchronize()
    single = time.perf_counter() - begin
    per_round = max(1, min(10_000, int(seconds / rounds / single)))
    times, begin = [], time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(per_round):
            step()
        synchronize()
        times.append((time.perf_counter() - start) / per_round)
    times.sort()
    median = (times[(len(times) - 1) // 2] + times[len(times) // 2]) / 2
    return median, times[0], per_round * len(times), len(times), per_round


def capture(step, device):
    """The launches of a step as one CUDA graph. Steps before let cuDNN choose and the optimiser create its state."""
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream(device).wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph


def measure_steps(arguments, preset, precision, mode, channels_last, seconds):
    """Builds a network, trains it for a while and prints how long a step took."""
    device = torch.device(arguments.device)
    on_gpu, has_graph = device.type == "cuda", mode.endswith("graph")
    begin = time.perf_counter()
    if on_gpu:
        torch.cuda.set_device(device)
    set_precision(precision)
    torch.manual_seed(1)
    network = GenerativeQueryNetwork(**PRESETS[preset]).to(device)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    if parameters != count_parameters(**PRESETS[preset]):
        raise RuntimeError(f"{preset} has {parameters} parameters, not {count_parameters(**PRESETS[preset])}")
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=on_gpu, capturable=has_graph)
    batches = Batches(device, PRESETS[preset]["size"], arguments.batch, arguments.contexts, channels_last)
    forward = torch.compile(network) if mode.startswith("compiled") else network

    def train(batch):
        adam.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else contextlib.nullcontext():
            loss = forward(*batch, arguments.contexts)
        loss.backward()
        adam.step()
        return loss.detach()

    last = []
    if has_graph:
        # A graph always reads the same memory; each step uploads into it.
        fixed = [torch.empty_like(part, device=device) for part in batches.batches[0]]
        batches.upload_into(fixed)
        graph = capture(lambda: last.__setitem__(slice(None), [train(fixed)]), device)

        def step():
            batches.upload_into(fixed)
            graph.replay()
    else:
        def step():
            last[:] = [train(batches.upload())]

    for _ in range(4):
        step()
    wait_for(device)
    warm_up = time.perf_counter() - begin
    median, least, steps, rounds, _ = time_rounds(step, lambda: wait_for(device), seconds)
    loss = last[0].item()
    if not math.isfinite(loss):
        raise RuntimeError(f"the loss of {preset} in {precision}, {mode}, is {loss}")
    write(
        kind="step", engine=ENGINE, device=torch.cuda.get_device_name(device) if on_gpu else device.type, preset=preset,
        batch=arguments.batch, contexts=arguments.contexts, precision=precision, variant=variant(mode, channels_last),
        medianSeconds=median, minSeconds=least, steps=steps, rounds=rounds, warmUpSeconds=warm_up,
        bytes=torch.cuda.max_memory_allocated(device) if on_gpu else None, parameters=parameters, loss=loss)
    return median


def variant(mode, channels_last):
    """The name of a mode in a memory format."""
    return mode + (", channels_last" if channels_last else "")


def run_steps(arguments):
    """Eager in both memory formats, then the other modes in the better one.

    What the compiler needs minutes for comes last, and is captured next, while the compiler's cache holds it.
    """
    end = time.perf_counter() + arguments.seconds
    presets = arguments.presets.split(",")
    modes = arguments.modes.split(",")
    stages = [[mode for mode in stage if mode in modes] for stage in (MODES[:1], MODES[1:2], MODES[2:])]
    cases = [
        (mode, preset, precision) for stage in stages
        for preset in presets for precision in in_order(arguments.precisions) for mode in stage]
    best = {}  # median seconds and memory format of each preset and precision
    for number, (mode, preset, precision) in enumerate(cases):
        case = (preset, precision)
        formats = [False, True] if mode == "eager" else [best[case][1] if case in best else True]
        for channels_last in formats:
            left = end - time.perf_counter()
            what = f"{preset} in {precision}, {variant(mode, channels_last)}"
            if left < (20 if mode.startswith("compiled") else 5):
                write(kind="leftOut", what=what, reason="no time was left.")
                continue
            seconds = min(arguments.each, max(0.5, left / (len(cases) - number) / len(formats) / 2))
            # The compiler may take minutes, but not all of them.
            limit = min(left, max(60, left / 2 if mode.startswith("compiled") else 0))
            median = attempt(what, limit, lambda: measure_steps(
                arguments, preset, precision, mode, channels_last, seconds))
            if median is not None and mode == "eager" and (case not in best or median < best[case][0]):
                best[case] = (median, channels_last)


def in_order(precisions):
    """PyTorch's default first, then what tensor cores do best."""
    return [name for name in ("tf32", "bf16", "fp32") if name in precisions.split(",")]


# Benchmarks/Gpu/GpuLayerBenchmarks.cs: name, images, channels, outputs, side of the output, kernel, stride.
LAYERS = [
    ("paper generation 5x5 394-512", 36, 394, 512, 16, 5, 1),
    ("paper inference 5x5 650-512", 36, 650, 512, 16, 5, 1),
    ("paper input 5x5 128-512", 36, 128, 512, 16, 5, 1),
    ("paper input 5x5 256-512", 36, 256, 512, 16, 5, 1),
    ("paper head 5x5 128-6", 36, 128, 6, 16, 5, 1),
    ("paper tower 2x2/2 3-256", 108, 3, 256, 32, 2, 2),
    ("paper tower 3x3 256-128", 108, 256, 128, 32, 3, 1),
    ("paper tower 3x3 128-256", 108, 128, 256, 16, 3, 1),
    ("small generation 5x5 138-256", 36, 138, 256, 8, 5, 1),
    ("small inference 5x5 266-256", 36, 266, 256, 8, 5, 1),
]


# Benchmarks/Gpu/GpuMatrixProductBenchmarks.cs: rows, columns, length of the sums.
PRODUCTS = [(1024, 1024, 1024), (8192, 4096, 4096)]


def measure_product(device, precision, product, seconds):
    """A matrix product: what the device reaches at best, as the yardstick of everything else."""
    rows, columns, inner = product
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a = torch.randn(rows, inner, device=device).to(kind)
    b = torch.randn(inner, columns, device=device).to(kind)
    for _ in range(3):
        a @ b
    wait_for(device)
    median, _, _, rounds, calls = time_rounds(lambda: a @ b, lambda: wait_for(device), seconds, rounds=5)
    write(
        kind="operation", engine=ENGINE, **{"class": "GpuMatrixProduct"}, method="Product",
        parameters=f"{rows}x{columns}x{inner}", precision=precision, seconds=median, callsPerWait=calls, samples=rounds,
        flops=2.0 * rows * columns * inner,
        bytes=torch.finfo(kind).bits / 8 * (rows * columns + rows * inner + inner * columns))


def measure_layer(device, precision, layer, seconds):
    """Forward, gradient of the input and gradient of the weight of one convolution, each in its better format."""
    name, images, channels, outputs, side, kernel, stride = layer
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    padding = kernel // 2 if stride == 1 else 0
    best = {}
    for memory_format in (torch.contiguous_format, torch.channels_last):
        def draw(*shape):
            return torch.randn(*shape, device=device).to(kind).contiguous(memory_format=memory_format)

        x = draw(images, channels, side * stride, side * stride)
        w = draw(outputs, channels, kernel, kernel) * 0.01
        y = draw(images, outputs, side, side)
        bias = torch.zeros(outputs, device=device, dtype=kind)

        def backward(mask):
            return torch.ops.aten.convolution_backward(
                y, x, w, None, [stride, stride], [padding, padding], [1, 1], False, [0, 0], 1, mask)

        passes = {
            "Forward": lambda: F.conv2d(x, w, bias, stride, padding),
            "BackwardInput": lambda: backward([True, False, False]),
            "BackwardWeight": lambda: backward([False, True, False]),
        }
        for method, call in passes.items():
            for _ in range(3):
                call()
            wait_for(device)
            median, _, _, rounds, calls = time_rounds(call, lambda: wait_for(device), seconds, rounds=5)
            if method not in best or median < best[method][0]:
                best[method] = (median, rounds, calls)
    numbers = images * channels * (side * stride) ** 2 + images * outputs * side * side
    weights = outputs * channels * kernel * kernel
    for method, (median, rounds, calls) in best.items():
        write(
            kind="operation", engine=ENGINE, **{"class": "GpuLayer"}, method=method, parameters=name,
            precision=precision, seconds=median, callsPerWait=calls, samples=rounds,
            flops=2.0 * weights * images * side * side,
            bytes=torch.finfo(kind).bits / 8 * (numbers + weights))


def measure_ops(device_name, precision, seconds):
    """Matrix products, then every layer, while there is time."""
    end = time.perf_counter() + seconds
    device = torch.device(device_name)
    set_precision(precision)
    for product in PRODUCTS:
        measure_product(device, precision, product, 0.1)
    for number, layer in enumerate(LAYERS):
        left = end - time.perf_counter()
        if left < 0.5:
            what = f"{len(LAYERS) - number} of {len(LAYERS)} layers in {precision}"
            write(kind="leftOut", what=what, reason="no time was left.")
            break
        measure_layer(device, precision, layer, min(0.1, left / (len(LAYERS) - number) / 12))


def run_ops(arguments):
    """Each precision in turn, the most wanted first; what one leaves of the time is the next one's."""
    end = time.perf_counter() + arguments.seconds
    precisions = in_order(arguments.precisions)
    for number, precision in enumerate(precisions):
        share = max(1.0, (end - time.perf_counter()) / (len(precisions) - number))
        attempt(
            f"layers in {precision}", max(25.0, share), lambda: measure_ops(arguments.device, precision, 0.8 * share))


def run_parameters():
    """Numbers of each preset, without PyTorch."""
    for preset, options in PRESETS.items():
        write(kind="parameters", preset=preset, parameters=count_parameters(**options))


def main():
    parser = argparse.ArgumentParser(description="The Generative Query Network in PyTorch: times on one GPU.")
    parser.add_argument("what", choices=["steps", "ops", "parameters"])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--presets", default="paper,small", help="of tiny, small, paper")
    parser.add_argument("--precisions", default="fp32,tf32,bf16")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--batch", type=int, default=36)
    parser.add_argument("--contexts", type=int, default=3)
    parser.add_argument("--each", type=float, default=5, help="seconds to measure a step in one case")
    parser.add_argument("--seconds", type=float, default=300, help="when to start no further case")
    arguments = parser.parse_args()
    for option, known in (("presets", PRESETS), ("precisions", ("fp32", "tf32", "bf16")), ("modes", MODES)):
        unknown = [name for name in getattr(arguments, option).split(",") if name not in known]
        if unknown:
            parser.error(f"--{option} does not know '{unknown[0]}'; it knows {', '.join(known)}")
    if arguments.what == "parameters":
        run_parameters()
        return 0
    if torch is None:
        print("error: PyTorch is not installed for this Python.", file=sys.stderr)
        return 2
    # Asked in another process: once asked, this one could not be forked any more.
    if arguments.device != "cpu" and not attempt("its device", 60, torch.cuda.is_available):
        print("error: PyTorch sees no CUDA device.", file=sys.stderr)
        return 2
    if arguments.what == "steps":
        run_steps(arguments)
    else:
        run_ops(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())

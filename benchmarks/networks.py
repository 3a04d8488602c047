"""What every network of the catalogue costs: parameters, operations, memory and time per image, as a Markdown page.

`python benchmarks/networks.py --size 320 --out docs/networks.md` measures each network in processes of its own, on the
CPU and, where there is one, on the GPU.
"""

import argparse
import datetime as dt
import gc
import multiprocessing
import os
import platform
import resource
import statistics
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from dermaseg_monai.files import write_text
from dermaseg_monai.losses import BoundaryAwareLoss
from dermaseg_monai.networks.catalogue import NETWORKS

ENCODERS = ("resnet50", "mobilenet_v2", "efficientnet_lite0")
MB = 1e6
FACTS = (
    "| network | encoder | class | source | implementation | settings | parameters, millions | GFLOPs |\n"
    "|---|---|---|---|---|---|---:|---:|"
)
COSTS = (
    "| network | encoder | inference, ms per image | inference, MB | training, ms per image | training, MB |\n"
    "|---|---|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Setup:
    """What is measured, and how often."""

    name: str
    encoder: str | None
    device: str
    size_px: int
    batch: int
    repeats: int
    threads: int


@dataclass(frozen=True)
class Cost:
    """Time per image and memory beyond the network itself."""

    ms: float
    megabytes: float


def main() -> None:
    """Measure every network and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=320, help="side of the square image in px")
    parser.add_argument("--out", type=Path, default=Path("docs/networks.md"))
    parser.add_argument("--batch", type=int, default=2, help="images per training step")
    parser.add_argument("--repeats", type=int, default=3, help="the median of so many counts")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    rows = {device: [] for device in devices}
    facts = []
    for name, entry in NETWORKS.items():
        for encoder in [one for one in ENCODERS if one in entry.encoders] or [None]:
            setup = Setup(name, encoder, "cpu", args.size, args.batch, args.repeats, args.threads)
            facts.append(fact_row(setup, *count(setup)))
            for device in devices:
                here = Setup(name, encoder, device, args.size, args.batch, args.repeats, args.threads)
                rows[device].append(cost_row(here, alone(inference, here), alone(training, here)))
                print(rows[device][-1], flush=True)
    command = (
        f"python benchmarks/networks.py --size {args.size} --batch {args.batch} --repeats {args.repeats} "
        f"--threads {args.threads} --out {args.out}"
    )
    write_text(args.out, page(facts, rows, command=command, args=args, load=load))


def alone(measure: Callable[[Setup], Cost], setup: Setup) -> Cost:
    """Run a measurement in a new process, so that no memory of the one before counts."""
    fresh = multiprocessing.get_context("forkserver")  # imports once; a plain fork would take the memory along
    fresh.set_forkserver_preload(["__main__"])
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(measure, setup).result()


def build(setup: Setup) -> nn.Module:
    """Return the network of a setup on its device, with random weights."""
    torch.set_num_threads(setup.threads)
    torch.manual_seed(0)
    chosen = {} if setup.encoder is None else {"encoder": setup.encoder}
    return NETWORKS[setup.name].network(**chosen).to(setup.device)


def images(setup: Setup, batch: int) -> Tensor:
    """Return noise in the size of a photograph."""
    return torch.rand(batch, 3, setup.size_px, setup.size_px, device=setup.device)


def count(setup: Setup) -> tuple[int, int]:
    """Return the parameters, and the floating-point operations of one image in evaluation."""
    network = build(setup).eval()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    # fused attention on a CPU is not in torch's table of operations; taken apart it is
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        network(images(setup, 1))
    return parameters, counter.get_total_flops()


def inference(setup: Setup) -> Cost:
    """Return what the mask of one image costs."""
    network, image = build(setup).eval(), images(setup, 1)

    def predict() -> None:
        with torch.inference_mode():
            network(image)

    return cost(predict, setup, images_per_call=1)


def training(setup: Setup) -> Cost:
    """Return what forward, loss and backward cost; memory is that of the whole batch, with the gradients."""
    network, loss, image = build(setup).train(), BoundaryAwareLoss(), images(setup, setup.batch)
    label = torch.zeros(setup.batch, 1, setup.size_px, setup.size_px, device=setup.device)
    label[..., setup.size_px // 4 : -setup.size_px // 4, setup.size_px // 4 : -setup.size_px // 4] = 1

    def step() -> None:
        network.zero_grad(set_to_none=True)
        loss(network(image), label).backward()

    return cost(step, setup, images_per_call=setup.batch)


def cost(call: Callable[[], None], setup: Setup, *, images_per_call: int) -> Cost:
    """Return the median time of some calls, and the peak memory of the first one or two beyond what was there."""
    gc.collect()
    on_gpu = setup.device == "cuda"
    before = torch.cuda.memory_allocated() if on_gpu else peak_bytes()
    call()  # does not count as time: memory is fetched and algorithms are chosen
    times = [seconds(call, on_gpu=on_gpu) for _ in range(setup.repeats)]
    after = torch.cuda.max_memory_allocated() if on_gpu else peak_bytes()
    return Cost(1000 * statistics.median(times) / images_per_call, (after - before) / MB)


def seconds(call: Callable[[], None], *, on_gpu: bool) -> float:
    """Return wall time on a GPU; on a CPU the processor's time, which other programs lengthen least."""
    if not on_gpu:
        started = time.process_time()
        call()
        return time.process_time() - started
    torch.cuda.synchronize()
    started = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def peak_bytes() -> int:
    """Return the most memory this process has had in RAM so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB


def title(setup: Setup) -> str:
    """Return the first two cells of a row."""
    return f"| {setup.name} | {setup.encoder or ''} "


def fact_row(setup: Setup, parameters: int, operations: int) -> str:
    """Return the row of what does not depend on the machine."""
    entry = NETWORKS[setup.name]
    takes = ", ".join(f"`{setting}`" for setting in entry.settings)
    return (
        f"{title(setup)}| `{entry.network.__name__}` | {entry.source} | {entry.implementation} | {takes} "
        f"| {parameters / 1e6:.1f} | {operations / 1e9:.1f} |"
    )


def cost_row(setup: Setup, predicted: Cost, trained: Cost) -> str:
    """Return the row of what a device needs."""
    cells = [f"{each.ms:.0f} | {each.megabytes:.0f}" for each in (predicted, trained)]
    return f"{title(setup)}| {' | '.join(cells)} |"


def page(facts: list[str], rows: dict[str, list[str]], *, command: str, args: argparse.Namespace, load: float) -> str:
    """Return the whole page."""
    python = platform.python_version()
    parts = [
        "# Networks",
        paragraph(
            "Every network of `dermaseg_monai.networks.catalogue`, with random weights; a sheet names it by its class",
            "(`_target_` is `dermaseg_monai.networks.<class>`). All give one logit per pixel on the grid of the image,",
            "for any size from 32 x 32 px. A network with a choice of encoders stands here with ResNet-50, MobileNetV2",
            "and EfficientNet-Lite0 as far as it takes them, at output stride 16 where it has a choice.",
        ),
        paragraph(
            f"Made by `{command}`; {dt.datetime.now(dt.UTC):%Y-%m-%d}, torch {torch.__version__}, Python {python}."
        ),
        "\n".join([FACTS, *facts]),
        paragraph(
            f"GFLOPs: 10⁹ floating-point operations for one image of {args.size} x {args.size} px in evaluation, as",
            "`torch.utils.flop_counter.FlopCounterMode` counts them: convolutions and matrix products, two for each",
            "multiplication with its addition. Halve the number to compare with tables of multiply-adds.",
        ),
        paragraph(
            "`swin_unet_lite` lays its windows out for the size it sees: a trace or a `torch.export` of it takes that",
            "size alone. All others export for any size (`tests/networks/test_catalogue.py`).",
        ),
    ]
    for device, cells in rows.items():
        parts += device_part(device, cells, args, load)
    return "\n\n".join(parts) + "\n"


def device_part(device: str, cells: list[str], args: argparse.Namespace, load: float) -> list[str]:
    """Return the table of one device, with what it is and what was measured."""
    if device == "cuda":
        heading = f"## On a GPU: {torch.cuda.get_device_name()}"
        told = (
            "Time: wall time between two synchronisations, float32. Memory: `torch.cuda.max_memory_allocated` less "
            "what the network and the images had before."
        )
    else:
        heading = f"## On a CPU: {processor()}, {args.threads} of {os.cpu_count()} cores used"
        told = (
            "Time: the processor's time, all threads together, float32. Memory: by how much the peak of the process "
            "(`resource.getrusage`, `ru_maxrss`) grew beyond what it was with the network built. The load average when "
            f"the measurement started was {load:.1f}; where it is above the number of cores, other work took caches "
            "away, and times are upper bounds."
        )
    described = paragraph(
        f"Images of {args.size} x {args.size} px. Inference: one image. Training: forward, `BoundaryAwareLoss` (plain",
        f"CE + Dice for a network with one map) and backward of a batch of {args.batch}: the time per image, the",
        f"memory of the batch with the gradients. Each time is the median of {args.repeats} after a call that does not",
        "count.",
        told,
    )
    return [heading, "\n".join([COSTS, *cells]), described]


def paragraph(*pieces: str) -> str:
    """Return text in lines of at most 120 characters."""
    return textwrap.fill(" ".join(pieces), 120, break_long_words=False, break_on_hyphens=False)


def processor() -> str:
    """Return the name of the CPU."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()

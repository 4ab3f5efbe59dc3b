"""Training speed of both networks: ours on this CPU beside PyTorch's, on the same threads, in one run.

usage: bench_training.py TRAINER OUT.json [--threads 1 2] [--rounds R]      (needs torch and numpy)

TRAINER is the trainer's binary. Both begin with the same weights and patches, which the trainer
writes; first their losses of ten steps without dropout are compared, then they are timed with it.
Rounds alternate between the two, so that other work on the machine slows both; what counts is the
ratio of a round, and its median over the rounds. PyTorch runs in the faster of its two memory
layouts, with its fused Adam.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("trainer")
parser.add_argument("out")
parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--networks", nargs="+", default=["paper", "compact"])
arguments = parser.parse_args()
BATCH, WARMUP, CHECKED, NODULES = 96, 2, 10, 5
STEPS = {"paper": 4, "compact": 15}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
TOLERANCE, EPSILON = 1e-3, 1e-7  # of the losses; of Adam, as TensorFlow and the paper have it


def read(path):
    """Read a safetensors file of single-precision tensors."""
    document = pathlib.Path(path).read_bytes()
    length = int.from_bytes(document[:8], "little")
    header = json.loads(document[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = np.frombuffer(document[begin:end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(numbers.copy())
    return tensors


class Paper(nn.Module):
    """5x5, pool, 5x5, 3x3, pool, dense 512, dropout, dense 2."""

    def __init__(self, numbers, dropout):
        super().__init__()
        self.p = nn.ParameterList(numbers)
        self.dropout = dropout

    def forward(self, x):
        c1, b1, c2, b2, c3, b3, f1, d1, f2, d2 = self.p
        x = F.max_pool2d(F.relu(F.conv2d(x, c1, b1, padding=2)), 2)
        x = F.relu(F.conv2d(x, c2, b2, padding=2))
        x = F.max_pool2d(F.relu(F.conv2d(x, c3, b3, padding=1)), 2)
        x = F.dropout(F.relu(x.flatten(1) @ f1 + d1), self.dropout, self.training)
        return x @ f2 + d2


def turned(symmetry, side):
    """Where each pixel of a turned square comes from: mirrored first from the fourth symmetry on."""
    pixels = np.arange(side * side).reshape(side, side)
    return np.rot90(pixels[:, ::-1] if symmetry >= 4 else pixels, symmetry % 4).reshape(-1)


def tie_index(side):
    """Where the kernels that are tied under the eight symmetries come from: on a picture, and on maps."""
    all_turned = [turned(s, 3) for s in range(8)]

    def product(second, first):
        both = all_turned[first][all_turned[second]]
        return next(s for s in range(8) if (all_turned[s] == both).all())

    inverse = [next(o for o in range(8) if product(o, s) == 0) for s in range(8)]
    lifted = np.concatenate([turned(s, side) for s in range(8)])
    grouped = np.concatenate([product(inverse[h], g) * side * side + turned(h, side) for h in range(8) for g in range(8)])
    return torch.tensor(lifted), torch.tensor(grouped)


class Compact(nn.Module):
    """Seven tied convolutions with batch normalisation, pooling behind the first and the third."""

    SIDES = (3, 3, 3, 3, 3, 3, 4)

    def __init__(self, numbers, dropout):
        super().__init__()
        tied, (weight, bias) = numbers[:-2], numbers[-2:]
        # Kernel, gain, offset and the two running statistics of each.
        self.kernels = nn.ParameterList(tied[0::5])
        self.norms = nn.ModuleList(nn.BatchNorm2d(len(gain)) for gain in tied[1::5])
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.index = [tie_index(side) for side in self.SIDES]
        self.dropout = dropout

    def forward(self, x):
        for layer, (w, norm, side) in enumerate(zip(self.kernels, self.norms, self.SIDES)):
            fields, inputs, values = w.shape
            lifted, grouped = self.index[layer]
            from_picture = values == side * side
            w = w[:, :, lifted if from_picture else grouped].view(fields, inputs, 8, values).transpose(1, 2)
            x = F.conv2d(x, w.reshape(fields * 8, inputs * (1 if from_picture else 8), side, side))
            b, c, h, k = x.shape
            x = F.relu(norm(x.reshape(b, fields, 8 * h, k)).view(b, c, h, k))
            if layer in (0, 2):
                x = F.max_pool2d(x, 2)
        x = F.dropout(x.mean((2, 3)).view(len(x), -1, 8).mean(2), self.dropout, self.training)
        return x @ self.weight + self.bias


NETWORKS = {"paper": Paper, "compact": Compact}


def pytorch(name, start, steps, warmup, dropout, layout):
    """Time steps as the trainer does: forward with the loss read, backward, optimizer."""
    numbers = [tensor.clone() for key, tensor in sorted(start.items()) if key.startswith("parameter.")]
    network = NETWORKS[name](numbers, dropout).train()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, eps=EPSILON, fused=True)
    x = start["patches"].to(memory_format=layout)
    y = (torch.arange(BATCH) % NODULES == 0).long()
    losses, parts, timed = [], [], 0.0
    for step in range(warmup + steps):
        began = time.perf_counter()
        loss = F.cross_entropy(network(x), y)
        losses.append(loss.item())
        forward = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        backward = time.perf_counter()
        optimizer.step()
        ended = time.perf_counter()
        if step >= warmup:
            timed += ended - began
            parts.append([1000 * one for one in (forward - began, backward - forward, ended - backward)])
    forward, backward, optimizer = (statistics.median(part) for part in zip(*parts))
    ms = {"forward": forward, "backward": backward, "optimizer": optimizer}
    return {"patches_per_second": BATCH * steps / timed, "ms": ms, "losses": losses}


def ours(name, threads, steps, warmup, dropout, start=None):
    command = [arguments.trainer, "bench", "--network", name, "--steps", str(steps), "--warmup", str(warmup)]
    command += ["--dropout", str(dropout), "--device", "cpu"] + (["--start", str(start)] if start else [])
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


def speed(run):
    return run["patches_per_second"]


def middle(runs):
    """Medians over the rounds."""
    ms = {part: round(statistics.median(run["ms"][part] for run in runs), 2) for part in runs[0]["ms"]}
    return {"patches_per_second": round(statistics.median(run["patches_per_second"] for run in runs), 1), "ms": ms}


def fastest_layout(name, threads, start):
    torch.set_num_threads(threads)
    return max(LAYOUTS, key=lambda key: pytorch(name, start, 3, 2, 0.5, LAYOUTS[key])["patches_per_second"])


def measure(name, start):
    """Rounds over both programs and all counts of threads."""
    layouts = {threads: fastest_layout(name, threads, start) for threads in arguments.threads}
    rounds = []
    for _ in range(arguments.rounds):
        rounds.append({})
        for threads in arguments.threads:
            mine = ours(name, threads, STEPS[name], WARMUP, 0.5)
            torch.set_num_threads(threads)
            rounds[-1][threads] = mine, pytorch(name, start, STEPS[name], WARMUP, 0.5, LAYOUTS[layouts[threads]])
    rows = []
    for threads in arguments.threads:
        ratios = sorted(speed(one[threads][0]) / speed(one[threads][1]) for one in rounds)
        rows.append(
            {
                "threads": threads,
                "ours": middle([one[threads][0] for one in rounds]),
                "pytorch": {"layout": layouts[threads], **middle([one[threads][1] for one in rounds])},
                "ratio_burn_to_pytorch": round(statistics.median(ratios), 3),
                "ratio_range": [round(ratios[0], 3), round(ratios[-1], 3)],
            }
        )
    few, many = arguments.threads[0], arguments.threads[-1]
    gains = [[speed(one[many][who]) / speed(one[few][who]) for one in rounds] for who in (0, 1)]
    gain = {key: round(statistics.median(of), 2) for key, of in zip(("ours", "pytorch"), gains)}
    return {"by_threads": rows, "gain_of_threads": gain}


result = {
    "command": "make bench-training",
    "batch_size": BATCH,
    "rounds": arguments.rounds,
    "torch": torch.__version__,
    "machine": platform.machine(),
    "load_before": round(os.getloadavg()[0], 2),
    "networks": {},
}
for name in arguments.networks:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "start.safetensors")
        mine = ours(name, max(arguments.threads), CHECKED, 0, 0.0, path)["losses"]
        start = read(path)
    torch.set_num_threads(max(arguments.threads))
    theirs = pytorch(name, start, CHECKED, 0, 0.0, torch.contiguous_format)["losses"]
    apart = max(abs(a - b) / b for a, b in zip(mine, theirs))
    if apart > TOLERANCE:
        sys.exit(f"{name}: the losses of {CHECKED} steps differ by {apart:.1e}\nours    {mine}\nPyTorch {theirs}")
    found = measure(name, start)
    result["networks"][name] = {"losses_apart": float(f"{apart:.1e}"), "losses": [round(loss, 6) for loss in mine], **found}
    for row in found["by_threads"]:
        print(name, json.dumps(row), flush=True)
    print(name, "gain of threads", json.dumps(found["gain_of_threads"]), flush=True)
pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")

"""Training speed of both networks: Burn on this CPU beside PyTorch on the same threads, in one run.

usage: bench_training.py TRAINER OUT.json [--threads N] [--rounds R]      (needs torch and numpy)

TRAINER is the trainer's binary. Rounds alternate between the two, so that other work on the
machine slows both; what counts is the ratio of a round, and its median over the rounds.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("trainer")
parser.add_argument("out")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
BATCH, WARMUP = 96, 2
STEPS = {"paper": 4, "compact": 20}


class Paper(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2, self.c3 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2), nn.Conv2d(64, 64, 3, padding=1)
        self.f1, self.f2 = nn.Linear(64 * 12 * 12, 512), nn.Linear(512, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c3(F.relu(self.c2(x)))), 2)
        return self.f2(F.dropout(F.relu(self.f1(x.flatten(1))), 0.5, self.training))


def places(symmetry, side):
    a = np.arange(side * side).reshape(side, side)
    return np.rot90(a[:, ::-1] if symmetry >= 4 else a, symmetry % 4).reshape(-1)


TURNED = [places(s, 3) for s in range(8)]


def product(second, first):
    both = TURNED[first][TURNED[second]]
    return next(s for s in range(8) if (TURNED[s] == both).all())


INVERSE = [next(o for o in range(8) if product(o, s) == 0) for s in range(8)]
LIFT = torch.tensor(np.concatenate(TURNED))
GROUP = torch.tensor(np.concatenate([product(INVERSE[h], g) * 9 + TURNED[h] for h in range(8) for g in range(8)]))


class Tied(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = nn.Parameter(torch.randn(o // 8, max(1, i // 8), 9 if i == 1 else 72) * (2 / (9 * i)) ** 0.5)
        self.n = nn.BatchNorm2d(o // 8)

    def forward(self, x):
        o, i, v = self.w.shape
        w = self.w[:, :, LIFT if v == 9 else GROUP].view(o, i, 8, v).transpose(1, 2).reshape(o * 8, i * (v // 9), 3, 3)
        x = F.conv2d(x, w)
        b, c, h, k = x.shape
        return F.relu(self.n(x.view(b, o, 8 * h, k)).view(b, c, h, k))


class Compact(nn.Module):
    def __init__(self):
        super().__init__()
        w = (1, 16, 16, 24, 48, 64, 128)
        self.c = nn.ModuleList(Tied(w[i], w[i + 1]) for i in range(6))
        self.f = nn.Linear(16, 2)

    def forward(self, x):
        x = F.max_pool2d(self.c[0](x), 2)
        x = F.max_pool2d(self.c[2](self.c[1](x)), 2)
        for c in self.c[3:]:
            x = c(x)
        return self.f(F.dropout(x.mean((2, 3)).view(len(x), -1, 8).mean(2), 0.5, self.training))


def pytorch(make, steps):
    network = make().train()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    x, y = torch.rand(BATCH, 1, 50, 50), (torch.arange(BATCH) % 5 == 0).long()
    for step in range(WARMUP + steps):
        if step == WARMUP:
            began = time.perf_counter()
        loss = F.cross_entropy(network(x), y)
        loss.item()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return BATCH * steps / (time.perf_counter() - began)


def burn(name, steps):
    command = [arguments.trainer, "bench", "--network", name, "--steps", str(steps), "--warmup", str(WARMUP), "--device", "cpu"]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)["patches_per_second"]


result = {"batch_size": BATCH, "threads": arguments.threads, "rounds": arguments.rounds, "torch": torch.__version__, "machine": platform.machine(), "load_before": os.getloadavg()[0], "networks": {}}
for name, make in (("paper", Paper), ("compact", Compact)):
    rounds = [(burn(name, STEPS[name]), pytorch(make, STEPS[name])) for _ in range(arguments.rounds)]
    ratios = sorted(b / p for b, p in rounds)
    result["networks"][name] = {
        "burn_patches_per_second": round(statistics.median(b for b, _ in rounds), 1),
        "pytorch_patches_per_second": round(statistics.median(p for _, p in rounds), 1),
        "ratio_burn_to_pytorch": round(statistics.median(ratios), 3),
        "ratio_range": [round(ratios[0], 3), round(ratios[-1], 3)],
    }
    print(name, json.dumps(result["networks"][name]), flush=True)
with open(arguments.out, "w") as out:
    json.dump(result, out, indent=1)
    out.write("\n")

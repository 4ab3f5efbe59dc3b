"""The search for the compact network, in PyTorch for speed: docs/model-search.md is its record.

usage: model_search.py PATCHES OUT.jsonl NAME...       (torch, numpy, pillow, scikit-learn; THREADS=2)

Learns from split_patientwise = train and measures on LUNA16 subset 3; appends one line of JSON an
experiment. What ships is trained by the Rust trainer, with trainer/configs/compact.toml.
"""
import copy
import csv
import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

SPECIFICITY = 0.9709


def grey(path):
    return np.asarray(Image.open(path).convert("L"))


def load(folder):
    """Canvases [n, 100, 100] whose middle is the patch, classes, subsets."""
    canvases, classes, subsets = [], [], []
    for row in csv.DictReader(open(f"{folder}/manifest.csv")):
        patch = grey(f"{folder}/crops50/{row['candidate_row']}.jpg")
        if patch.shape != (50, 50):
            continue
        context = f"{folder}/crops100/{row['candidate_row']}.jpg"
        canvas = grey(context).copy() if os.path.exists(context) else np.zeros((0, 0))
        if canvas.shape != (100, 100):
            canvas = np.pad(patch, 25, mode="edge")
        canvas[25:75, 25:75] = patch
        canvases.append(canvas)
        classes.append(int(row["class"]))
        subsets.append(int(row["luna_subset"]))
    return torch.tensor(np.stack(canvases)), torch.tensor(classes), np.array(subsets)


def turned(symmetry, picture):
    return np.rot90(picture[:, ::-1] if symmetry >= 4 else picture, symmetry % 4)


def places(symmetry, side):
    return turned(symmetry, np.arange(side * side).reshape(side, side)).reshape(-1)


NINE = [places(s, 3) for s in range(8)]


def product(second, first):
    return next(s for s in range(8) if (NINE[s] == NINE[first][NINE[second]]).all())


INVERSE = [next(o for o in range(8) if product(o, s) == 0) for s in range(8)]


def group_index(side):
    n = side * side
    return torch.tensor(np.concatenate([product(INVERSE[h], g) * n + places(h, side) for h in range(8) for g in range(8)]))


LIFT = torch.tensor(np.concatenate(NINE))
GROUP = {side: group_index(side) for side in (3, 4)}


class Tied(nn.Module):
    """VALID convolution whose kernels are tied under the eight symmetries, batch-norm, ReLU."""

    def __init__(self, i, o, side=3):
        super().__init__()
        self.side, n = side, side * side
        self.w = nn.Parameter(torch.randn(o // 8, max(1, i // 8), n if i == 1 else 8 * n) * (2 / (n * i)) ** 0.5)
        self.n = nn.BatchNorm2d(o // 8)

    def forward(self, x):
        o, i, v = self.w.shape
        inputs = v // self.side**2
        index = LIFT if inputs == 1 else GROUP[self.side]
        w = self.w[:, :, index].view(o, i, 8, v).transpose(1, 2).reshape(o * 8, i * inputs, self.side, self.side)
        x = F.conv2d(x, w)
        b, c, h, k = x.shape
        return F.relu(self.n(x.view(b, o, 8 * h, k)).view(b, c, h, k))


class Free(nn.Module):
    def __init__(self, i, o, side=3):
        super().__init__()
        self.c, self.n = nn.Conv2d(i, o, side, bias=False), nn.BatchNorm2d(o)

    def forward(self, x):
        return F.relu(self.n(self.c(x)))


class Net(nn.Module):
    """conv, pool, conv, conv, pool, convs, [4 x 4 conv,] mean (or mean and maximum), dense."""

    def __init__(self, widths, tied, drop=0.2, head=0, maximum=False):
        super().__init__()
        conv, all_widths = (Tied if tied else Free), (1,) + widths
        self.c = nn.ModuleList(conv(a, b) for a, b in zip(all_widths, all_widths[1:]))
        if head:
            self.c.append(conv(widths[-1], head, 4))
        features = (head or widths[-1]) // (8 if tied else 1)
        self.tied, self.maximum = tied, maximum
        self.d, self.f = nn.Dropout(drop), nn.Linear(features * (2 if maximum else 1), 2)

    def forward(self, x):
        x = F.max_pool2d(self.c[0](x), 2)
        x = F.max_pool2d(self.c[2](self.c[1](x)), 2)
        for c in self.c[3:]:
            x = c(x)
        b, c, h, w = x.shape
        x = x.view(b, c // 8, 8 * h * w) if self.tied else x.view(b, c, h * w)
        x = torch.cat([x.mean(2), x.amax(2)], 1) if self.maximum else x.mean(2)
        return self.f(self.d(x))


def macs(widths, head=0):
    sides, all_widths = [48, 22, 20, 8, 6, 4], (1,) + widths
    return sum(s * s * 9 * a * b for s, a, b in zip(sides, all_widths, all_widths[1:])) + 16 * widths[-1] * head


def altered(canvases, rng, scale=0.15):
    """Any turn, mirror, shift to 3 px, scale, contrast to 10 %, brightness to 5 %."""
    n = len(canvases)
    even = lambda a: torch.tensor(rng.uniform(-a, a, n), dtype=torch.float32)
    angle, zoom, mirror = even(np.pi), torch.exp(even(scale)), torch.where(even(1) < 0, -1.0, 1.0)
    quarter = even(1) < 0
    angle = torch.where(quarter, (angle / (np.pi / 2)).round() * np.pi / 2, angle)
    zoom = torch.where(quarter & (even(1) < 0), torch.ones(n), zoom)
    cos, sin = zoom * angle.cos() / 2, zoom * angle.sin() / 2
    affine = torch.stack([torch.stack([cos * mirror, -sin, even(3) / 50], 1), torch.stack([sin * mirror, cos, even(3) / 50], 1)], 1)
    x = canvases.float().div(255).unsqueeze(1)
    x = F.grid_sample(x, F.affine_grid(affine, (n, 1, 50, 50), align_corners=False), align_corners=False, padding_mode="border")
    return (x * (1 + even(0.1)).view(-1, 1, 1, 1) + even(0.05).view(-1, 1, 1, 1)).clamp(0, 1)


@torch.no_grad()
def probabilities(network, x, eightfold=False):
    network.eval()
    views = [torch.rot90(f, k, (2, 3)) for f in (x, x.flip(3)) for k in range(4)] if eightfold else [x]
    each = [torch.cat([F.softmax(network(b), 1)[:, 1] for b in view.split(205)]) for view in views]
    return sum(each).div(len(views)).numpy()


def figures(y, p):
    order, others = np.argsort(-p), (y == 0).sum()
    fp, tp = np.cumsum(y[order] == 0), np.cumsum(y[order] == 1)
    recall = tp[np.searchsorted(fp, (1 - SPECIFICITY) * others, "right") - 1] / (y == 1).sum()
    return dict(auc=round(float(roc_auc_score(y, p)), 4), ap=round(float(average_precision_score(y, p)), 4), recall=round(float(recall), 4))


def train(data, network, epochs=40, seed=0, scale=0.15, mixup=0.0, pairs=0.0, rate=3e-3, batch=96, decay=0.998):
    canvases, classes, subsets = data
    learn, valid = np.where(subsets != 3)[0], np.where(subsets == 3)[0]
    rng, average, step = np.random.default_rng(seed), copy.deepcopy(network), 0
    steps = epochs * (len(learn) // batch)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    for _ in range(epochs):
        network.train()
        order = rng.permutation(learn)
        for k in range(len(learn) // batch):
            i = torch.tensor(order[k * batch : (k + 1) * batch])
            x, y = altered(canvases[i], rng, scale), classes[i]
            if mixup:
                share, other = float(rng.beta(mixup, mixup)), torch.randperm(batch)
                z = network(share * x + (1 - share) * x[other])
                loss = share * F.cross_entropy(z, y, label_smoothing=0.03) + (1 - share) * F.cross_entropy(z, y[other], label_smoothing=0.03)
            else:
                z = network(x)
                loss = F.cross_entropy(z, y, label_smoothing=0.03)
            if pairs and (y == 1).any():
                odds = z[:, 1] - z[:, 0]
                loss = loss + pairs * F.softplus(odds[y == 0][None] - odds[y == 1][:, None]).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            share = 1 - min(decay, (1 + step) / (10 + step))
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(), network.state_dict().values()):
                    a.lerp_(b, share) if a.dtype.is_floating_point else a.copy_(b)
    x, y = canvases[valid][:, 25:75, 25:75].float().div(255).unsqueeze(1), classes[valid].numpy()
    return figures(y, probabilities(average, x)), figures(y, probabilities(average, x, True))


FREE, E1, E2, WIDE = (12, 24, 24, 48, 48, 64), (16, 24, 24, 48, 48, 64), (16, 16, 24, 48, 64, 128), (32, 32, 48, 96, 96, 128)
EXPERIMENTS = {  # widths, network options, training options
    "free": (FREE, dict(tied=False), {}),
    "tied": (E2, dict(tied=True), {}),
    "tied-head": ((16, 16, 24, 48, 64, 64), dict(tied=True, head=128), {}),
    "tied-maximum": (E2, dict(tied=True, maximum=True), dict(epochs=30)),
    "tied-mixup": (E2, dict(tied=True), dict(epochs=30, mixup=0.2)),
    "tied-pairs": (E2, dict(tied=True), dict(epochs=30, pairs=1.0)),
    "tied-scale": (E2, dict(tied=True), dict(epochs=30, scale=0.35)),
    "wide": (WIDE, dict(tied=True, drop=0.3), {}),
}

if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    data = load(sys.argv[1])
    for name in sys.argv[3:]:
        widths, network, training = EXPERIMENTS[name]
        torch.manual_seed(training.get("seed", 0))
        began = time.time()
        alone, eightfold = train(data, Net(widths, **network), **training)
        line = dict(name=name, macs=macs(widths, network.get("head", 0)), alone=alone, eightfold=eightfold, seconds=round(time.time() - began))
        print(json.dumps(line), flush=True)
        with open(sys.argv[2], "a") as out:
            out.write(json.dumps(line) + "\n")

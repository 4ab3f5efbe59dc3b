"""Golden explanations of the networks that ship, by PyTorch in double precision.

usage: make golden, or python3 tests/reference/explanations.py     (from the root; PyTorch, NumPy, Pillow)

Writes tests/golden/explanations.json: for each network and two pictures of tests/fixtures/phantoms
the derivative of the evidence (logit of "nodule" less the other, divided by the temperature) by
each pixel, for the first of them Grad-CAM and HiResCAM at the last convolution, enlarged to the patch, and a picture of
the evidence lost where squares are covered. Maps are 2,500 numbers, little-endian float32, base64.
"""
import base64
import hashlib
import json
import struct

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from networks import NETWORKS, ROOT, file_weights

# Layer, and where the middle of its first place lies and how far its places are apart (by hand).
LAYERS = {"compact": {"conv6": (18.5, 4.0)}, "paper": {"conv3": (0.5, 2.0)}}
COVER_SIDE, COVER_STEP = 8, 2


def steps(network, w):
    """The network as a list of (name, function)."""
    def conv(name, padding):
        weight, bias = w[name + ".weight"], w[name + ".bias"]
        return name, lambda x: torch.relu(F.conv2d(x, weight, bias, padding=padding))

    pool = ("pool", lambda x: F.max_pool2d(x, 2))

    def dense(name, relu):
        weight, bias = w[name + ".weight"], w[name + ".bias"]
        return name, lambda x: (torch.relu if relu else lambda y: y)(x.flatten(1) @ weight + bias)

    if network == "paper":
        return [conv("conv1", 2), pool, conv("conv2", 2), conv("conv3", 1), pool, dense("fc1", True), dense("fc2", False)]
    three = [conv(f"conv{i}", 0) for i in range(1, 8)]
    return [three[0], pool, three[1], three[2], pool, *three[3:], dense("fc", False)]


def run(layers, x):
    for _, layer in layers:
        x = layer(x)
    return x


def evidence(logits, temperature):
    return (logits[:, 1] - logits[:, 0]) / temperature


def gradient(layers, picture, temperature):
    x = picture.clone().requires_grad_(True)
    evidence(run(layers, x), temperature).sum().backward()
    return x.grad[0, 0].numpy()


def grad_cam(layers, picture, temperature, name, first, step, by_place=False):
    at = next(i for i, (layer, _) in enumerate(layers) if layer == name) + 1
    maps = run(layers[:at], picture).detach().requires_grad_(True)
    evidence(run(layers[at:], maps), temperature).sum().backward()
    small = ((maps.grad if by_place else maps.grad.mean((2, 3), keepdim=True)) * maps).sum(1)[0].detach().numpy()
    # Linear between the middles, and as they are beyond the outermost.
    middles = first + step * np.arange(small.shape[0])
    pixels = np.arange(50)
    along = np.stack([np.interp(pixels, middles, row) for row in small])
    return np.stack([np.interp(pixels, middles, column) for column in along.T]).T


def occlusion(layers, picture, temperature):
    fill = np.sort(picture.numpy().ravel())[1250]
    covered, places = [picture], []
    for bottom in range(COVER_STEP, 50 + COVER_SIDE - COVER_STEP + 1, COVER_STEP):
        for right in range(COVER_STEP, 50 + COVER_SIDE - COVER_STEP + 1, COVER_STEP):
            rows, columns = slice(max(0, bottom - COVER_SIDE), min(50, bottom)), slice(max(0, right - COVER_SIDE), min(50, right))
            copy = picture.clone()
            copy[0, 0, rows, columns] = fill
            covered.append(copy)
            places.append((rows, columns))
    with torch.no_grad():
        answers = evidence(run(layers, torch.cat(covered)), temperature).numpy()
    total, count = np.zeros((50, 50)), np.zeros((50, 50))
    for (rows, columns), answer in zip(places, answers[1:]):
        total[rows, columns] += answers[0] - answer
        count[rows, columns] += 1
    assert (count == (COVER_SIDE // COVER_STEP) ** 2).all() or count.min() >= 1
    return total / count


def packed(values):
    assert values.shape == (50, 50)
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def main():
    torch.manual_seed(0)
    files = sorted((ROOT / "tests/fixtures/phantoms").glob("*.png"))[:2]
    out = {"files": [f.name for f in files], "networks": {}}
    for network, (_, shapes) in NETWORKS.items():
        data = (ROOT / f"www/models/{network}.nodulens").read_bytes()
        (length,) = struct.unpack("<I", data[12:16])
        temperature = json.loads(data[16:16 + length])["temperature"]
        weights = {name: torch.tensor(value) for name, value in file_weights(data, network, shapes).items()}
        layers = steps(network, weights)
        pictures = [torch.tensor(np.asarray(Image.open(f).convert("L"), np.float64) / 255.0)[None, None] for f in files]
        # How far PyTorch's own single precision is from this: where a pooling ties, either may win.
        single = steps(network, {name: value.float() for name, value in weights.items()})
        for file, picture in zip(out["files"], pictures):
            double = gradient(layers, picture, temperature)
            apart = np.abs(gradient(single, picture.float(), temperature) - double) / np.abs(double).max()
            print(f"{network} {file}: single precision differs by up to {apart.max():.1e}, in {(apart > 1e-4).sum()} pixels by more than 1e-4")
        out["networks"][network] = {
            "weights_sha256": hashlib.sha256(data).hexdigest(),
            "gradients": [packed(gradient(layers, picture, temperature)) for picture in pictures],
            "class_activation": {
                name + " by place" * by_place: packed(grad_cam(layers, pictures[0], temperature, name, *place, by_place))
                for name, place in LAYERS[network].items() for by_place in (False, True)
            },
            "occlusion": packed(occlusion(layers, pictures[0], temperature)),
        }
    path = ROOT / "tests/golden/explanations.json"
    path.write_text(json.dumps(out, indent=1) + "\n")
    print(path.relative_to(ROOT), out["files"])


if __name__ == "__main__":
    main()

"""Golden logits of the networks that ship, by an implementation that shares nothing with ours.

usage: make golden, or python3 tests/reference/networks.py     (from the root; NumPy, Pillow)

Writes tests/golden/NETWORK.json for every network of NETWORKS below:
- "hashed": weights and inputs from a hash that tests/golden.rs computes too, so that the network
  is checked apart from any training;
- "shipped": the weights file that ships, read by the format's description, on the pictures in
  tests/fixtures/phantoms; absent where there is no file yet. Run it again when the weights change.
Of a network that looks at surroundings both hold "in_context", too: the logits of canvases of
100 x 100 pixels, each of the input four times (two by two), with the junction in the middle.
Everything is computed in double precision.
"""
import hashlib
import json
import pathlib
import struct

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]


def conv(x, weight, bias, padding):
    """x [B, C, H, W], weight [O, C, K, K] -> [B, O, H', W'], `padding` zeros around x."""
    k = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return np.einsum("bchwij,ocij->bohw", windows, weight, optimize=True) + bias[None, :, None, None]


def pool(x):
    """2x2 maximum; an odd last row or column is dropped."""
    h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :h, :w]
    return x.reshape(*x.shape[:2], h // 2, 2, w // 2, 2).max(axis=(3, 5))


def relu(x):
    return np.maximum(x, 0.0)


def paper(w, x):
    """The paper's section 3.2: SAME convolutions, then two dense layers."""
    x = pool(relu(conv(x, *w("conv1"), 2)))
    x = relu(conv(x, *w("conv2"), 2))
    x = pool(relu(conv(x, *w("conv3"), 1)))
    weight, bias = w("fc1")
    x = relu(x.reshape(len(x), -1) @ weight + bias)
    weight, bias = w("fc2")
    return x @ weight + bias


def compact(w, x):
    """Six VALID convolutions, one over the whole last map, one dense layer."""
    x = pool(relu(conv(x, *w("conv1"), 0)))
    x = relu(conv(x, *w("conv2"), 0))
    x = pool(relu(conv(x, *w("conv3"), 0)))
    for name in ("conv4", "conv5", "conv6"):
        x = relu(conv(x, *w(name), 0))
    x = relu(conv(x, *w("conv7"), 0))
    assert x.shape[2:] == (1, 1)
    weight, bias = w("fc")
    return x[:, :, 0, 0] @ weight + bias


def halved(canvas):
    """The mean of every 2 x 2 pixels."""
    h, w = canvas.shape[2:]
    return canvas.reshape(*canvas.shape[:2], h // 2, 2, w // 2, 2).mean(axis=(3, 5))


def context(w, x):
    """x [B, 1, 50, 50]: patches alone; [B, 1, 100, 100]: canvases with the patch in the middle.

    The compact trunk with a hidden layer. Of a canvas a second trunk sees the halved picture; the
    features of both give two numbers that are added to the logits.
    """
    def trunk(prefix, x):
        x = pool(relu(conv(x, *w(prefix + "1"), 0)))
        x = relu(conv(x, *w(prefix + "2"), 0))
        x = pool(relu(conv(x, *w(prefix + "3"), 0)))
        for layer in "4567":
            x = relu(conv(x, *w(prefix + layer), 0))
        assert x.shape[2:] == (1, 1)
        return x[:, :, 0, 0]

    def dense(name, x):
        weight, bias = w(name)
        return x @ weight.reshape(len(bias), -1).T + bias if weight.ndim == 4 else x @ weight + bias

    around = x.shape[2] == 100
    own = trunk("conv", x[:, :, 25:75, 25:75] if around else x)
    alone = dense("fc", relu(dense("conv8", own)))
    if not around:
        return alone
    both = np.concatenate([own, trunk("context", halved(x))], axis=1)
    return alone + dense("joint-fc", relu(dense("joint", both)))


# Name of the network: its forward pass, and each layer's name with the shape of its weights as in
# the weights file: [out, in, y, x] or [in, out].
NETWORKS = {
    "context": (context, [
        ("conv1", (16, 1, 3, 3)), ("conv2", (16, 16, 3, 3)), ("conv3", (32, 16, 3, 3)),
        ("conv4", (48, 32, 3, 3)), ("conv5", (64, 48, 3, 3)), ("conv6", (64, 64, 3, 3)),
        ("conv7", (160, 64, 4, 4)), ("conv8", (32, 160, 1, 1)), ("fc", (32, 2)),
        ("context1", (8, 1, 3, 3)), ("context2", (16, 8, 3, 3)), ("context3", (16, 16, 3, 3)),
        ("context4", (32, 16, 3, 3)), ("context5", (32, 32, 3, 3)), ("context6", (32, 32, 3, 3)),
        ("context7", (96, 32, 4, 4)), ("joint", (32, 256, 1, 1)), ("joint-fc", (32, 2)),
    ]),
    "compact": (compact, [
        ("conv1", (16, 1, 3, 3)), ("conv2", (16, 16, 3, 3)), ("conv3", (32, 16, 3, 3)),
        ("conv4", (48, 32, 3, 3)), ("conv5", (64, 48, 3, 3)), ("conv6", (64, 64, 3, 3)),
        ("conv7", (128, 64, 4, 4)), ("fc", (128, 2)),
    ]),
    "paper": (paper, [
        ("conv1", (32, 1, 5, 5)), ("conv2", (64, 32, 5, 5)), ("conv3", (64, 64, 3, 3)),
        ("fc1", (9216, 512)), ("fc2", (512, 2)),
    ]),
}


# Layers whose biases stand for themselves, in every network with ties.
DENSE = ("fc", "joint-fc")


def parameters(layers):
    """(name, shape, inputs to one output) of every weight and bias, in order."""
    for name, shape in layers:
        dense = len(shape) == 2
        fan_in = shape[0] if dense else int(np.prod(shape[1:]))
        yield name + ".weight", shape, fan_in
        yield name + ".bias", (shape[1] if dense else shape[0],), fan_in


def hashed(stream: int, count: int) -> np.ndarray:
    """`count` numbers in [0, 1), multiples of 2^-24: SplitMix64 of (stream << 32) + i."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream) << np.uint64(32)) + np.arange(1, count + 1, dtype=np.uint64)
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def hashed_weights(layers) -> dict:
    weights = {}
    for stream, (name, shape, fan_in) in enumerate(parameters(layers)):
        bound = np.sqrt(6.0 / fan_in)
        values = (2.0 * hashed(stream, int(np.prod(shape))) - 1.0) * bound
        # By way of single precision, as in Rust, where no other way to half precision is exact.
        halves = values.astype(np.float32).astype(np.float16)
        weights[name] = halves.astype(np.float64).reshape(shape)
    return weights


def symmetry(s: int, picture):
    """A picture under symmetry s of the square: from 4 on mirrored left to right, then s quarter turns to the left."""
    return np.rot90(picture[..., ::-1] if s >= 4 else picture, s % 4, axes=(-2, -1))


def behind(first: int, second: int) -> int:
    """The symmetry that does `second` after `first`."""
    picture = np.arange(9).reshape(3, 3)
    both = symmetry(second, symmetry(first, picture))
    return next(s for s in range(8) if (symmetry(s, picture) == both).all())


def written_out(stored, shape):
    """The eight entries that format 2 holds one of."""
    if len(shape) < 4:
        return np.repeat(stored, 8, axis=0)
    if shape[1] == 1:
        return np.stack([symmetry(h, stored) for h in range(8)], 1).reshape(shape)
    fields = stored.reshape(stored.shape[0], shape[1] // 8, 8, *shape[2:])
    inverse = [next(o for o in range(8) if behind(h, o) == 0) for h in range(8)]
    turned = [
        np.stack([symmetry(h, fields[:, :, behind(g, inverse[h])]) for g in range(8)], 2) for h in range(8)
    ]
    return np.stack(turned, 1).reshape(shape)


def file_weights(data: bytes, network: str, layers) -> dict:
    """Reads a weights file by the table at the top of src/weights.rs."""
    assert data[:8] == b"NODULENS", "not a weights file"
    version, header_length = struct.unpack("<II", data[8:16])
    assert version in (1, 2)
    assert hashlib.sha256(data[:-32]).digest() == data[-32:], "the checksum does not fit"
    assert json.loads(data[16:16 + header_length])["network"] == network
    document = data[16 + header_length:-32]
    (length,) = struct.unpack("<Q", document[:8])
    index, values = json.loads(document[8:8 + length]), document[8 + length:]
    weights = {}
    for name, shape, _ in parameters(layers):
        begin, end = index[name]["data_offsets"]
        tied = version == 2 and not (name.endswith(".bias") and name.removesuffix(".bias") in DENSE)
        stored = (shape[0] // 8, *shape[1:]) if tied else shape
        assert index[name]["dtype"] == "F16" and tuple(index[name]["shape"]) == stored, name
        found = np.frombuffer(values[begin:end], "<f2").astype(np.float64).reshape(stored)
        weights[name] = written_out(found, shape) if tied else found
    assert set(index) - {"__metadata__"} == set(weights), "a parameter too many"
    return weights


def logits(forward, weights, x):
    return forward(lambda name: (weights[name + ".weight"], weights[name + ".bias"]), x).tolist()


def golden(network: str) -> dict:
    forward, layers = NETWORKS[network]
    count = 8
    looks = forward is context

    def given(weights, x):
        found = {"logits": logits(forward, weights, x)}
        if looks and x.shape[2] == 50:
            # Two by two, so that what is in the middle is another picture.
            found["in_context"] = logits(forward, weights, np.tile(x, (1, 1, 2, 2)))
        return found

    inputs = hashed(100, count * 2500).astype(np.float32).astype(np.float64)
    numbers = {"hashed": {"patches": count, **given(hashed_weights(layers), inputs.reshape(count, 1, 50, 50))}}
    path = ROOT / f"www/models/{network}.nodulens"
    if not path.is_file():
        return numbers
    data = path.read_bytes()
    files = sorted((ROOT / "tests/fixtures/phantoms").glob("*.png"))
    pictures = np.stack([np.asarray(Image.open(f).convert("L"), np.float64) / 255.0 for f in files])
    numbers["shipped"] = {
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "files": [f.name for f in files],
        **given(file_weights(data, network, layers), pictures[:, None]),
    }
    return numbers


def main():
    for network in NETWORKS:
        numbers = golden(network)
        out = ROOT / f"tests/golden/{network}.json"
        out.write_text(json.dumps(numbers, indent=1) + "\n")
        first = {key: np.round(value["logits"], 3).tolist()[:3] for key, value in numbers.items()}
        print(out.relative_to(ROOT), first)


if __name__ == "__main__":
    main()

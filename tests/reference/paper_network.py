"""Golden logits of the paper's network, by an implementation that shares nothing with ours.

usage: python3 tests/reference/paper_network.py            (from the repository's root; NumPy, Pillow)

Writes tests/golden/paper.json:
- "hashed": weights and inputs from a hash that tests/golden.rs computes too, so that the network
  is checked apart from any training;
- "shipped": the weights file that ships, read by the format's description, on the pictures in
  tests/fixtures/phantoms. Run it again when the weights change.
Everything is computed in double precision.
"""
import hashlib
import json
import pathlib
import struct

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPES = [  # name, shape as in the weights file, inputs to one output
    ("conv1.weight", (32, 1, 5, 5), 25), ("conv1.bias", (32,), 25),
    ("conv2.weight", (64, 32, 5, 5), 800), ("conv2.bias", (64,), 800),
    ("conv3.weight", (64, 64, 3, 3), 576), ("conv3.bias", (64,), 576),
    ("fc1.weight", (9216, 512), 9216), ("fc1.bias", (512,), 9216),
    ("fc2.weight", (512, 2), 512), ("fc2.bias", (2,), 512),
]


def hashed(stream: int, count: int) -> np.ndarray:
    """`count` numbers in [0, 1), multiples of 2^-24: SplitMix64 of (stream << 32) + i."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream) << np.uint64(32)) + np.arange(1, count + 1, dtype=np.uint64)
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def hashed_weights() -> dict:
    weights = {}
    for stream, (name, shape, fan_in) in enumerate(SHAPES):
        bound = np.sqrt(6.0 / fan_in)
        values = (2.0 * hashed(stream, int(np.prod(shape))) - 1.0) * bound
        weights[name] = values.astype(np.float16).astype(np.float64).reshape(shape)
    return weights


def file_weights(data: bytes) -> dict:
    """Reads a weights file by the table at the top of src/weights.rs."""
    assert data[:8] == b"NODULENS", "not a weights file"
    version, header_length = struct.unpack("<II", data[8:16])
    assert version == 1
    assert hashlib.sha256(data[:-32]).digest() == data[-32:], "the checksum does not fit"
    document = data[16 + header_length:-32]
    (length,) = struct.unpack("<Q", document[:8])
    index, values = json.loads(document[8:8 + length]), document[8 + length:]
    weights = {}
    for name, shape, _ in SHAPES:
        begin, end = index[name]["data_offsets"]
        assert index[name]["dtype"] == "F16" and tuple(index[name]["shape"]) == shape
        weights[name] = np.frombuffer(values[begin:end], "<f2").astype(np.float64).reshape(shape)
    return weights


def conv_same(x, weight, bias):
    """x [B, C, H, W], weight [O, C, K, K] -> [B, O, H, W], zeros beyond the border."""
    k = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return np.einsum("bchwij,ocij->bohw", windows, weight, optimize=True) + bias[None, :, None, None]


def pool(x):
    """2x2 maximum; an odd last row or column is dropped."""
    h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :h, :w]
    return x.reshape(*x.shape[:2], h // 2, 2, w // 2, 2).max(axis=(3, 5))


def logits(weights, x):
    relu = lambda v: np.maximum(v, 0.0)
    w = lambda name: (weights[name + ".weight"], weights[name + ".bias"])
    x = pool(relu(conv_same(x, *w("conv1"))))
    x = relu(conv_same(x, *w("conv2")))
    x = pool(relu(conv_same(x, *w("conv3"))))
    x = x.reshape(len(x), -1)
    x = relu(x @ w("fc1")[0] + w("fc1")[1])
    return x @ w("fc2")[0] + w("fc2")[1]


def main():
    count = 8
    inputs = hashed(100, count * 2500).astype(np.float32).astype(np.float64)
    golden = {"hashed": {
        "patches": count,
        "logits": logits(hashed_weights(), inputs.reshape(count, 1, 50, 50)).tolist(),
    }}
    data = (ROOT / "www/models/paper.nodulens").read_bytes()
    files = sorted((ROOT / "tests/fixtures/phantoms").glob("*.png"))
    pictures = np.stack([np.asarray(Image.open(f).convert("L"), np.float64) / 255.0 for f in files])
    golden["shipped"] = {
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "files": [f.name for f in files],
        "logits": logits(file_weights(data), pictures[:, None]).tolist(),
    }
    out = ROOT / "tests/golden/paper.json"
    out.write_text(json.dumps(golden, indent=1) + "\n")
    print(out.relative_to(ROOT), {k: np.round(v["logits"], 3).tolist()[:3] for k, v in golden.items()})


if __name__ == "__main__":
    main()

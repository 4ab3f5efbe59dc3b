"""What other programs read in our files: run by tests/interchange.rs.

read_exchange.py onnx FILE INPUTS      logits of ONNX Runtime, JSON; INPUTS is JSON, [N][2500]
read_exchange.py onnx-canvas FILE INPUTS   outputs of both heads; INPUTS is JSON, [N][10000]
read_exchange.py onnx-dense FILE PICTURE   logits of every patch of a picture; PICTURE is JSON, [H][W]
read_exchange.py safetensors FILE      shapes by name, JSON
read_exchange.py events FOLDER         scalars, images and histograms that TensorBoard reads, JSON
"""
import json
import sys

import numpy as np


def onnx(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    patches = np.array(json.load(open(inputs)), dtype=np.float32).reshape(-1, 1, 50, 50)
    logits, probabilities = session.run(["logits", "probabilities"], {"patches": patches})
    meta = session.get_modelmeta().custom_metadata_map
    return {"logits": logits.tolist(), "probabilities": probabilities.tolist(), "metadata": meta}


def onnx_canvas(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    canvas = np.array(json.load(open(inputs)), dtype=np.float32).reshape(-1, 1, 100, 100)
    names = [f"{head}{what}" for head in ("", "context_") for what in ("logits", "probabilities")]
    found = session.run(names, {"canvas": canvas})
    meta = session.get_modelmeta().custom_metadata_map
    return {**{name: values.tolist() for name, values in zip(names, found)}, "metadata": meta}


def onnx_dense(path, picture):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    picture = np.array(json.load(open(picture)), dtype=np.float32)[None, None]
    (logits,) = session.run(["logits"], {"picture": picture})
    return {"logits": logits[0].tolist(), "shape": list(logits.shape)}


def tensors(path):
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        shapes = {name: list(file.get_tensor(name).shape) for name in file.keys()}
        return {"shapes": shapes, "metadata": file.metadata()}


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0, "histograms": 0})
    reader.Reload()
    tags = reader.Tags()
    return {
        "scalars": {t: [[e.step, e.value] for e in reader.Scalars(t)] for t in tags["scalars"]},
        "images": {t: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in reader.Images(t)] for t in tags["images"]},
        "histograms": {t: [[e.step, e.histogram_value.num, sum(e.histogram_value.bucket)] for e in reader.Histograms(t)] for t in tags["histograms"]},
    }


reader = {"onnx": onnx, "onnx-canvas": onnx_canvas, "onnx-dense": onnx_dense, "safetensors": tensors, "events": events}[sys.argv[1]]
print(json.dumps(reader(*sys.argv[2:])))

"""Native inference: `cargo trainer bench-classify` beside onnxruntime (PyPI), in turn, each in a process of its own.

usage: native.py compare TRAINER FOLDER MODELS [--rounds R] [--threads T]     one line of JSON a network
       native.py peer GRAPH INPUTS BATCH THREADS                              one line of JSON

FOLDER holds NAME.onnx and inputs.f32, MODELS the weights. What counts is the ratio of a round.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

BATCH = 32
# Timed calls of each side in a round: about a second of work.
CALLS = {"paper": 15, "compact": 60}
WARMUP = 5


def peer(graph, inputs, batch, calls, threads):
    """Patches a second and logits of onnxruntime."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    patches = np.fromfile(inputs, dtype="<f4", count=batch * 2500).reshape(batch, 1, 50, 50)
    times = []
    for call in range(WARMUP + calls):
        began = time.perf_counter()
        (logits,) = session.run(["logits"], {"patches": patches})
        if call >= WARMUP:
            times.append(time.perf_counter() - began)
    return {"patches_per_second": batch / statistics.median(times), "logits": logits.tolist(), "version": onnxruntime.__version__}


def run(command, threads):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def compare(trainer, folder, models, rounds, threads):
    """Prints both sides' patches a second of every round."""
    inputs = os.path.join(folder, "inputs.f32")
    for name, calls in CALLS.items():
        weights, graph = os.path.join(models, f"{name}.nodulens"), os.path.join(folder, f"{name}.onnx")
        ours_command = [trainer, "bench-classify", "--weights", weights, "--inputs", inputs, "--batch", str(BATCH), "--rounds", str(calls), "--warmup", str(WARMUP)]
        peer_command = [sys.executable, __file__, "peer", graph, inputs, str(BATCH), str(calls), str(threads)]
        result = {"network": name, "batch": BATCH, "threads": threads, "ours": [], "theirs": [], "difference": 0.0}
        for turn in range(rounds):
            # Neither is always the first.
            if turn % 2 == 0:
                ours, theirs = run(ours_command, threads), run(peer_command, threads)
            else:
                theirs, ours = run(peer_command, threads), run(ours_command, threads)
            pairs = zip(sum(ours["logits"], []), sum(theirs["logits"], []), strict=True)
            for apart in (abs(one - other) for one, other in pairs):
                # Not `max`, which may drop a not-a-number; as infinity JSON has none, so a large number.
                if not apart <= result["difference"]:
                    result["difference"] = apart if apart == apart else 1e30
            result["ours"].append(ours["patches_per_second"])
            result["theirs"].append(theirs["patches_per_second"])
            result["device"], result["version"] = ours["device"], theirs["version"]
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "peer":
        print(json.dumps(peer(*sys.argv[2:4], *map(int, sys.argv[4:]))))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("command", choices=["compare"])
        parser.add_argument("trainer")
        parser.add_argument("folder")
        parser.add_argument("models")
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--threads", type=int, default=2)
        given = parser.parse_args()
        compare(given.trainer, given.folder, given.models, given.rounds, given.threads)

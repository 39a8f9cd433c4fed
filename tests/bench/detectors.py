#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""detectors.py BUILD DATA PYTHON COMMAND...: Mask R-CNN beside torchvision's, step by step in one run.

    time [ROUNDS]        seconds of a training step and of finding objects, both sides in turns; a Markdown table
    curve FILE EPOCHS    both train on the same batches from the same weights with the same draws; FILE becomes a table of the
                         losses of each step

DATA is labelme_voc_person; PYTHON has torch 2.13.0 and torchvision's Python files. BUILD needs the target detector_steps. Samples and
settings are those of pipelines/instances. torchvision gets the same batches, as float32 pictures made beforehand, and our operators.
A ratio is of a pair of steps, its median stands with the quartiles.
"""
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

build, data, python = (pathlib.Path(word) for word in sys.argv[1:4])
here = pathlib.Path(__file__).resolve().parent
settings = here.parents[1] / "pipelines" / "instances" / "settings.json"
THREADS, SIDE = 2, 384


def words_of(value, name=""):
    """A file of settings as KEY=VALUE."""
    for key, one in value.items():
        if isinstance(one, dict):
            yield from words_of(one, f"{name}{key}.")
        else:
            yield f"{name}{key}={one}"


class Side:
    """A process that stays."""

    def __init__(self, words):
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def megabytes(self):
        """The most that it held."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def pair(precision, batch, network="maskrcnn_resnet50_fpn", epochs=20, channels_last=1):
    """Ours and theirs, with the same weights."""
    chosen = [*words_of(json.loads(settings.read_text())), f"model.name={network}", f"precision={precision}", f"batch-size={batch}",
              "seed=1", "device=cpu", f"epochs={epochs}"]
    ours = Side([build / "bin" / "detector_steps", data, "labelme", THREADS, *chosen])
    theirs = Side([python, here / "detector_peer.py", build / "lib" / "libmaskmill_operators.so", THREADS, network, 2, SIDE,
                   int(precision == "bf16"), channels_last])
    share_weights(ours, theirs)
    return ours, theirs


def share_weights(ours, theirs):
    with tempfile.NamedTemporaryFile(suffix=".pth", dir="/dev/shm") as file:
        ours.ask("weights", file.name)
        theirs.ask("weights", file.name)


def both_step(ours, theirs):
    with tempfile.NamedTemporaryFile(suffix=".pth", dir="/dev/shm") as file:
        mine = ours.ask("step", file.name)
        return mine, theirs.ask("step", file.name, mine["seed"], mine["learning_rate"])


def both_detect(ours, theirs):
    with tempfile.NamedTemporaryFile(suffix=".pth", dir="/dev/shm") as file:
        return ours.ask("detect", file.name), theirs.ask("detect", file.name)


def row(name, pairs, ours, theirs):
    ratios = [other["seconds"] / mine["seconds"] for mine, other in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4)
    mine, other = (statistics.median(one["seconds"] for one in side) for side in zip(*pairs))
    print(f"| {name} | {other:.3f} | {mine:.3f} | {middle:.2f} ({low:.2f} to {high:.2f}) | {theirs.megabytes():.0f} | "
          f"{ours.megabytes():.0f} |", flush=True)


def times(rounds="15"):
    print("| task | torchvision, s | maskmill, s | ratio (quartiles) | torchvision, peak MB | maskmill, peak MB |\n|---|---|---|---|---|---|")
    for precision in ("float32", "bf16"):
        for batch in (2, 1):
            ours, theirs = pair(precision, batch)
            for _ in range(3):
                both_step(ours, theirs)
            pairs = [both_step(ours, theirs) for _ in range(int(rounds))]
            row(f"training step, batch of {batch}, {precision}", pairs, ours, theirs)
            share_weights(ours, theirs)
            for _ in range(3):
                both_detect(ours, theirs)
            pairs = [both_detect(ours, theirs) for _ in range(int(rounds))]
            found = [statistics.mean(one["objects"] for one in side) for side in zip(*pairs)]
            row(f"finding objects, batch of {batch}, {precision} ({found[0]:.0f} and {found[1]:.0f} found)", pairs, ours, theirs)
            ours.close(), theirs.close()


def curve(file, epochs):
    ours, theirs = pair("float32", 2, epochs=int(epochs))
    with open(file, "w", newline="") as text:
        table = None
        while True:
            mine, other = both_step(ours, theirs)
            if mine["epoch"] > int(epochs):
                break
            line = {"epoch": mine["epoch"], "samples": mine["samples"], "ours_seconds": mine["seconds"], "torchvision_seconds": other["seconds"]}
            for part in other:
                if part != "seconds":
                    line |= {f"ours_{part}": mine[part], f"torchvision_{part}": other[part]}
            if table is None:
                table = csv.DictWriter(text, line)
                table.writeheader()
            table.writerow(line)
            text.flush()
    ours.close(), theirs.close()


{"time": times, "curve": curve}[sys.argv[4]](*sys.argv[5:])

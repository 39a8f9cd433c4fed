#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""train.py BUILD DATA PYTHON [ROUNDS]: training beside a PyTorch loop (train_peer.py), in one run; prints a Markdown table.

DATA is CamVid in SegNet's layout; PYTHON has torch 2.13.0, torchvision's Python files, numpy and opencv-python-headless. In each round
either side runs once, in turn; the ratio is of each round's pair. Python takes the number of workers that is best for it, tried
beforehand. Both count images a second without the first epoch.
"""
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

build, data, python = (pathlib.Path(word) for word in sys.argv[1:4])
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
here = pathlib.Path(__file__).resolve().parent
VOID = "11"


def ours(case):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([build / "bin" / "maskmill", "train", data, "--from", "trainannot", "--read", f"ignore={VOID}",
                        "-o", f"{folder}/run", "--quiet", f"epochs={case['epochs']}", "batch-size=8", f"model.name={case['network']}",
                        f"model.init-features={case['features']}", f"input.width={case['width']}", f"input.height={case['height']}",
                        "optimizer.name=adamw", f"precision={'bf16' if case['bf16'] else 'float32'}", "augment.rotation=10",
                        "augment.scale-low=0.8", "augment.scale-high=1.6", "augment.brightness=0.1", "augment.contrast=0.2",
                        "checkpoint.state-every=0", "tensorboard.enabled=false"], check=True, stdout=subprocess.DEVNULL)
        rows = list(csv.DictReader(open(f"{folder}/run/metrics.csv")))[1:]
    return len(rows) / sum(1 / float(row["images_per_second"]) for row in rows)


def theirs(case, workers):
    words = [python, here / "train_peer.py", data, case["network"], case["width"], case["height"], case["epochs"], workers,
             int(case["bf16"]), 1, case["features"]]
    return float(subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout.split()[-1])


CASES = [
    {"network": "unet", "features": 16, "width": 240, "height": 176, "epochs": 4},
    {"network": "unet", "features": 32, "width": 240, "height": 176, "epochs": 3},
    {"network": "deeplabv3_resnet50", "features": 32, "width": 160, "height": 128, "epochs": 2},
]

print("| network | size | arithmetic | Python: workers | Python, images/s | maskmill, images/s | ratio, least to most |")
print("|---|---|---|---|---|---|---|")
for case in CASES:
    for bf16 in (True, False):
        case["bf16"] = bf16
        best = max((0, 1, 2), key=lambda workers: theirs(case, workers))
        pairs = [(theirs(case, best), ours(case)) for _ in range(rounds)]
        ratios = sorted(mine / other for other, mine in pairs)
        name = case["network"] + (f", {case['features']} features" if case["network"] == "unet" else "")
        print(f"| {name} | {case['width']}x{case['height']} | {'bf16' if bf16 else 'float32'} | {best} | "
              f"{statistics.median(pair[0] for pair in pairs):.1f} | {statistics.median(pair[1] for pair in pairs):.1f} | "
              f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |", flush=True)

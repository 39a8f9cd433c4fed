#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""train.py BUILD DATA PYTHON [ROUNDS [PART[:PATTERN] ...]]: learning beside PyTorch loops, in one run; prints Markdown tables.

DATA holds the real data (camvid_sample, oxford_pets_sample); PYTHON has torch 2.13.0, torchvision's Python files, numpy and
opencv-python-headless. BUILD needs the target loader_rate. In each round either side runs once, in turn; a ratio is of a round's pair,
and its median stands with the least and the most. Python takes the number of workers that is best for it, tried beforehand. Training
is counted without the first epoch on both sides. Peak memory is the largest process's of a side. A PART is loading, waiting,
predicting or training; with a PATTERN, only those rows whose names it is found in.
"""
import csv
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import typing

build, data, python = (pathlib.Path(word) for word in sys.argv[1:4])
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
here = pathlib.Path(__file__).resolve().parent
maskmill = build / "bin" / "maskmill"
camvid = data / "camvid_sample"
scratch = pathlib.Path(tempfile.mkdtemp(prefix="maskmill-bench-"))


def words(*parts):
    return [str(part) for part in parts]


class Measured(typing.NamedTuple):
    rate: float  # images a second
    peak: float  # MB


def run(command, rate_of):
    """What the command says on standard output, made a rate by `rate_of`."""
    process = subprocess.Popen(words(*command), stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return Measured(rate_of(said), usage.ru_maxrss / 1000)


def peer(script, *arguments):
    return run((python, here / script, *arguments), lambda said: float(said.split()[-1]))


def row(name, ours, theirs, choices):
    """`theirs` takes one of the choices."""
    if not re.search(pattern, name):
        return
    best = choices[0] if len(choices) == 1 else max(choices, key=lambda choice: theirs(choice).rate)
    pairs = [(theirs(best), ours()) for _ in range(rounds)]
    ratios = sorted(mine.rate / other.rate for other, mine in pairs)
    rates = [statistics.median(pair[side].rate for pair in pairs) for side in (0, 1)]
    peaks = [max(pair[side].peak for pair in pairs) for side in (0, 1)]
    print(f"| {name} | {best} | {rates[0]:.1f} | {rates[1]:.1f} | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | "
          f"{peaks[0]:.0f} | {peaks[1]:.0f} |", flush=True)


def heading(title, workers="workers"):
    print(f"\n| {title} | Python's {workers} | Python, images/s | maskmill, images/s | ratio, least to most | Python, peak MB "
          "| maskmill, peak MB |\n|---|---|---|---|---|---|---|", flush=True)


def train(network, features, width, height, epochs, bf16, folder):
    def rate(_):
        rows = list(csv.DictReader((folder / "metrics.csv").open()))
        rows = rows[1:] or rows
        return len(rows) / sum(1 / float(line["images_per_second"]) for line in rows)

    return run((maskmill, "train", camvid, "--from", "trainannot", "--read", "ignore=11", "-o", folder, "--force", "--quiet",
                         f"epochs={epochs}", "batch-size=8", f"model.name={network}", f"model.init-features={features}",
                         f"input.width={width}", f"input.height={height}", "optimizer.name=adamw",
                         f"precision={'bf16' if bf16 else 'float32'}", "augment.rotation=10", "augment.scale-low=0.8",
                         "augment.scale-high=1.6", "augment.brightness=0.1", "augment.contrast=0.2", "checkpoint.state-every=0",
                         "tensorboard.enabled=false"), rate)


def training():
    heading("training, batches of 8")
    for network, features, width, height, epochs in (("unet", 16, 240, 176, 4), ("unet", 32, 240, 176, 3),
                                                     ("deeplabv3_resnet50", 32, 160, 128, 2)):
        for bf16 in (True, False):
            name = f"{network}{f'({features})' if network == 'unet' else ''}, {width}x{height}, {'bf16' if bf16 else 'float32'}"
            row(name, lambda: train(network, features, width, height, epochs, bf16, scratch / "run"),
                lambda workers: peer("train_peer.py", camvid, network, width, height, epochs, workers, int(bf16), 1, features),
                (0, 1, 2) if network == "unet" else (0,))


def predict(model, images, bf16):
    def rate(said):
        result = json.loads(said)
        return result["items"] / result["seconds"]

    out = tempfile.mkdtemp(dir=scratch)
    return run((maskmill, "predict", model, images, "-o", f"{out}/out", "--json", "--quiet", "--precision",
                "bf16" if bf16 else "float32"), rate)


def predicting():
    heading("predicting 598 photos of pets, from files to masks of their size")
    photos = scratch / "photos"
    photos.mkdir()
    for file in sorted((data / "oxford_pets_sample" / "images").glob("*.jpg")):
        if file.open("rb").read(2) == b"\xff\xd8":  # one is a GIF
            (photos / file.name).symlink_to(file.resolve())
    for features in (16, 32):
        model = scratch / f"unet{features}"
        train("unet", features, 240, 176, 1, True, model)
        for bf16 in (True, False):
            row(f"unet({features}), 240x176, {'bf16' if bf16 else 'float32'}", lambda: predict(model, photos, bf16),
                lambda workers: peer("predict_peer.py", model, photos, f"{tempfile.mkdtemp(dir=scratch)}/out", workers, int(bf16)), (0, 1, 2))


LARGE = """
import sys, cv2, numpy as np, os
folder, count, width, height = sys.argv[1], *map(int, sys.argv[2:5])
for name in ("images", "masks"):
    os.makedirs(f"{folder}/train/{name}")
random = np.random.default_rng(1)
for i in range(count):
    rough = random.integers(0, 256, (height // 50, width // 50, 3), dtype=np.uint8)
    picture = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(f"{folder}/train/images/{i:03}.jpg", cv2.add(picture, random.integers(0, 20, picture.shape, dtype=np.uint8)))
    cv2.imwrite(f"{folder}/train/masks/{i:03}.png", cv2.resize(rough[:, :, 0] // 12, (width, height), interpolation=cv2.INTER_NEAREST))
"""


SIZES = ((240, (500, 375), (240, 176)), (16, (6000, 4000), (608, 400)))  # pictures, their size, the network's


def generated(count, size):
    folder = scratch / f"{size[0]}"
    if not folder.exists():
        subprocess.run(words(python, "-c", LARGE, folder, count, *size), check=True)
    return folder


def loading():
    heading("decoding, resizing and augmenting", "workers, scale of decoding")
    for count, size, network in SIZES:
        folder = generated(count, size)
        for reduced in ((1,) if size[0] < 1000 else (1, 8)):
            row(f"{size[0]}x{size[1]} JPEG to {network[0]}x{network[1]}, 2 threads",
                lambda: run((build / "bin/loader_rate", folder, "pairs", *network, 2), float),
                lambda choice: peer("loader_peer.py", folder, *network, *choice), [(workers, reduced) for workers in (0, 1, 2)])


def waiting():
    """What training waits for its samples, whose decoded pixels are not kept here."""
    print("\n| training U-Net(16) in bf16, nothing kept | images/s | share of the time spent waiting | with samples kept: images/s "
          "| waiting |\n|---|---|---|---|---|", flush=True)
    for count, size, network in SIZES:
        said = []
        for cache in (0, 2048):
            done = run((maskmill, "train", generated(count, size), "--from", "pairs", "-o", scratch / "waiting", "--force", "--quiet",
                        "--json", "epochs=4", "batch-size=8", "model.init-features=16", "precision=bf16", "val-subset=train",
                        f"input.width={network[0]}", f"input.height={network[1]}", f"loader.cache-mb={cache}",
                        "augment.rotation=10", "tensorboard.enabled=false", "checkpoint.state-every=0"), json.loads)
            said += [f"{done.rate['images_per_second']:.1f}", f"{100 * done.rate['waiting_share']:.1f} %"]
        print(f"| {size[0]}x{size[1]} to {network[0]}x{network[1]} | {' | '.join(said)} |", flush=True)


for part in sys.argv[5:] or ("loading", "waiting", "predicting", "training"):
    part, _, pattern = part.partition(":")
    {"loading": loading, "waiting": waiting, "predicting": predicting, "training": training}[part]()
subprocess.run(["rm", "-rf", scratch])

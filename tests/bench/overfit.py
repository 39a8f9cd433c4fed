#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""overfit.py BUILD FOLDER [SETTING...]: whether Mask R-CNN, from scratch, learns four pictures by heart.

Draws them into FOLDER/train, 256x192 with a card and a disc each, as LabelMe's files, and trains on them alone and scores on them
alone, a step an epoch, without augmentation. Needs numpy and Pillow.
"""
import json
import math
import pathlib
import random
import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw

build, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
WIDTH, HEIGHT = 256, 192
chance, noise = random.Random(3), np.random.default_rng(3)


def disc(x, y, a, b):
    turn = chance.uniform(0, 6)
    angles = [turn + 2 * math.pi * i / 48 for i in range(48)]
    return [(x + a * math.cos(angle), y + b * math.sin(angle)) for angle in angles]


def card(x, y, a, b):
    turn = chance.uniform(-0.3, 0.3)
    return [(x + i * a * math.cos(turn) - j * b * math.sin(turn) * 0.8, y + i * a * math.sin(turn) + j * b * math.cos(turn) * 0.8)
            for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def draw(number):
    picture = Image.fromarray(noise.integers(60, 200, (6, 8, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT), Image.BICUBIC)
    shapes = []
    for side in range(2):
        name, outline, colour = ("disc", disc, (230, 60, 50)) if (number + side) % 2 else ("card", card, (40, 80, 230))
        points = outline(WIDTH * (0.27 + 0.46 * side) + chance.uniform(-8, 8), HEIGHT / 2 + chance.uniform(-20, 20),
                         chance.uniform(36, 54), chance.uniform(36, 62))
        ImageDraw.Draw(picture).polygon(points, fill=tuple(int(part + chance.uniform(-20, 20)) for part in colour))
        shapes.append({"label": name, "points": [[min(max(x, 0), WIDTH - 1), min(max(y, 0), HEIGHT - 1)] for x, y in points],
                       "shape_type": "polygon", "flags": {}, "group_id": None})
    grainy = (np.asarray(picture).astype(int) + noise.integers(-10, 10, (HEIGHT, WIDTH, 3))).clip(0, 255).astype(np.uint8)
    Image.fromarray(grainy).save(folder / "train" / f"{number}.png")
    (folder / "train" / f"{number}.json").write_text(json.dumps(
        {"version": "4.5.6", "flags": {}, "shapes": shapes, "imagePath": f"{number}.png", "imageData": None,
         "imageHeight": HEIGHT, "imageWidth": WIDTH}))


(folder / "train").mkdir(parents=True, exist_ok=True)
for number in range(4):
    draw(number)
subprocess.run([build / "bin" / "maskmill", "train", folder, "--from", "labelme", "-o", folder / "run", "--force", "train-subset=train",
                "val-subset=train", "model.name=maskrcnn_resnet50_fpn", "input.min-size=192", "input.max-size=256",
                "optimizer.name=adam", "optimizer.learning-rate=0.0002", "schedule.name=cosine", "gradients.clip-norm=5",
                "augment.enabled=false", "batch-size=4", "epochs=110", "checkpoint.state-every=0", "tensorboard.enabled=false",
                *sys.argv[3:]], check=True)

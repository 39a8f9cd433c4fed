# SPDX-License-Identifier: Apache-2.0
"""Draws scenes of polygons into Cityscapes' layout, with cityscapesScripts as the painter of their masks:
cityscapes_scenes.py FOLDER WIDTH HEIGHT TRAIN-IMAGES POLYGONS."""
import json
import math
import pathlib
import random
import sys

import numpy as np
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.helpers.labels import labels
from cityscapesscripts.preparation.json2instanceImg import json2instanceImg
from cityscapesscripts.preparation.json2labelImg import createLabelImage, json2labelImg
from PIL import Image

NAMES = [label.name for label in labels] + ["cargroup", "persongroup", "bicyclegroup", "car", "car", "person"]


def blob(rng, x, y, radius, corners):
    def corner(i):
        angle, distance = 2 * math.pi * i / corners, radius * (1 + rng.random()) / 2
        return [int(x + distance * math.cos(angle)), int(y + distance * math.sin(angle))]
    return [corner(i) for i in range(corners)]


def scene(rng, width, height, count):
    half = height // 2
    objects = [{"label": "road", "polygon": [[0, half], [width - 1, half], [width - 1, height - 1], [0, height - 1]]},
               {"label": "sky", "polygon": [[0, 0], [width - 1, 0], [width - 1, half - 1], [0, half - 1]]}]
    for _ in range(count):
        radius = rng.randrange(max(2, height // 20), max(3, height // 4))
        one = {"label": rng.choice(NAMES),
               "polygon": blob(rng, rng.randrange(width), rng.randrange(height), radius, rng.randrange(3, 30))}
        if rng.random() < 0.1:
            one["deleted"] = 1
        objects.append(one)
    objects.append({"label": "ego vehicle", "polygon": [[width // 4, height - 1], [width // 2, height - height // 8],
                                                        [3 * width // 4, height - 1]]})
    return {"imgHeight": height, "imgWidth": width, "objects": objects}


def tree(root, width, height, splits, count, seed=1):
    """`splits`: (subset, city, images)."""
    rng = random.Random(seed)
    ramp = np.add.outer(np.arange(height), np.arange(width)) % 256
    picture = Image.fromarray(np.stack([ramp, ramp[::-1], ramp], 2).astype(np.uint8))
    for subset, city, images in splits:
        truth, folder = pathlib.Path(root, "gtFine", subset, city), pathlib.Path(root, "leftImg8bit", subset, city)
        truth.mkdir(parents=True)
        folder.mkdir(parents=True)
        for number in range(images):
            name = f"{city}_{number:06d}_000019"
            polygons = truth / f"{name}_gtFine_polygons.json"
            polygons.write_text(json.dumps(scene(rng, width, height, count), indent=4))
            json2labelImg(str(polygons), str(truth / f"{name}_gtFine_labelIds.png"), "ids")
            json2instanceImg(str(polygons), str(truth / f"{name}_gtFine_instanceIds.png"), "ids")
            annotation = Annotation()
            annotation.fromJsonFile(str(polygons))
            createLabelImage(annotation, "color").save(truth / f"{name}_gtFine_color.png")
            picture.save(folder / f"{name}_leftImg8bit.png")


if __name__ == "__main__":
    width, height, images, count = map(int, sys.argv[2:6])
    tree(sys.argv[1], width, height, [("train", "aachen", images), ("val", "lindau", max(1, images // 4))], count)

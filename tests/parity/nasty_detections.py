# SPDX-License-Identifier: Apache-2.0
"""Annotations and detections that an evaluation may stumble over, drawn from a seed: crowds, equal scores, empty images, labels that only
one side has, areas on the limits and of nothing, more detections than count, ids in any order. Also run by hand, to make golden values:

    python nasty_detections.py SEED OUT      # writes truth.json and detections.json, prints pycocotools' numbers
"""
import json
import pathlib
import sys

import numpy as np
from pycocotools import mask as masks


def encoded(mask):
    rle = masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode()}


def blob(random, height, width):
    """A disc, a ring, a rectangle, specks, or nothing."""
    y, x = np.mgrid[:height, :width]
    cy, cx = random.uniform(0, height), random.uniform(0, width)
    radius = random.choice([2, 8, 16, 30, 60, 120]) * random.uniform(.6, 1.4)
    distance = np.hypot(y - cy, x - cx)
    kind = random.integers(0, 12)
    if kind == 0:
        return np.zeros((height, width), bool)
    if kind == 1:
        return (distance < radius) & (random.random((height, width)) < .5)
    if kind < 4:
        return (distance < radius) & (distance > radius / 2)
    if kind < 7:
        return (abs(y - cy) < radius) & (abs(x - cx) < radius * random.uniform(.3, 1.5))
    return distance < radius


def moved(random, mask):
    shifts = random.integers(-6, 7, 2)
    result = np.roll(mask, shifts, (0, 1))
    if random.random() < .3:
        result = result & (random.random(mask.shape) < random.uniform(.5, 1))
    return result


def polygon(random, height, width):
    count = int(random.integers(3, 12))
    cx, cy = random.uniform(0, width), random.uniform(0, height)
    spread = random.uniform(3, 90)
    points = np.stack([np.clip(random.normal(cx, spread, count), -3, width + 3), np.clip(random.normal(cy, spread, count), -3, height + 3)], 1)
    return [round(float(value), 2) for value in points.ravel()]


def nasty(seed, images=40, categories=7, lvis=False):
    """(truth, detections) as COCO's or LVIS's JSON documents."""
    random = np.random.default_rng(seed)
    numbers = [int(n) for n in random.permutation(np.arange(1, 10 * images))[:images]]
    ids = [int(n) for n in random.permutation(np.arange(1, 60))[:categories]]
    truth = {"images": [], "annotations": [], "categories": [{"id": key, "name": f"label {key}", **({"frequency": "rcf"[key % 3]} if lvis else {})}
                                                             for key in ids]}
    detections = []
    for place, number in enumerate(numbers):
        height, width = int(random.integers(20, 220)), int(random.integers(20, 260))
        image = {"id": number, "file_name": f"{place}.jpg", "height": height, "width": width}
        truth["images"].append(image)
        if place % 9 == 0:
            count = 0
        else:
            count = int(random.integers(1, 12))
        shapes = []
        for _ in range(count):
            # The last category has no truth, the first has no detections.
            category = int(random.choice(ids[:-1]))
            if random.random() < .4:
                segmentation = [polygon(random, height, width) for _ in range(int(random.integers(1, 3)))]
                rle = masks.merge(masks.frPyObjects(segmentation, height, width))
            else:
                segmentation = encoded(blob(random, height, width))
                rle = {"size": segmentation["size"], "counts": segmentation["counts"].encode()}
            pixels = masks.decode(rle).astype(bool)
            area = float(random.choice([masks.area(rle), 1024, 9216, 0, 1023.5, random.uniform(0, 20000)], p=[.6, .1, .1, .05, .05, .1]))
            box = [float(v) for v in masks.toBbox(rle)]
            if random.random() < .5:
                box = [round(v + random.uniform(-.5, .5), 2) if v else v for v in box]
            crowd = 0 if lvis else int(random.random() < .12)
            truth["annotations"].append({"id": len(truth["annotations"]) + 1, "image_id": number, "category_id": category, "iscrowd": crowd,
                                         "segmentation": segmentation, "area": area, "bbox": box})
            shapes.append((category, pixels, box))
        if lvis:
            present = {category for category, *_ in shapes}
            absent = [key for key in ids if key not in present]
            image["neg_category_ids"] = [key for key in absent if random.random() < .4]
            image["not_exhaustive_category_ids"] = [key for key in present if random.random() < .3]
        if place % 7 == 3:
            continue
        found = int(random.integers(0, 30)) + (450 if lvis and place == 4 else 250 if place == 5 else 0)
        for _ in range(found):
            if shapes and random.random() < .7:
                category, pixels, box = shapes[int(random.integers(0, len(shapes)))]
                pixels = moved(random, pixels) if random.random() < .8 else pixels
                box = [v + random.uniform(-4, 4) for v in box] if random.random() < .8 else box
                if random.random() < .2:
                    category = int(random.choice(ids[1:]))
            else:
                category, pixels = int(random.choice(ids[1:])), blob(random, height, width)
                box = [random.uniform(0, width), random.uniform(0, height), random.uniform(0, 80), random.uniform(0, 80)]
            if category == ids[0]:
                continue
            box = [round(v, 3) for v in box[:2]] + [max(0, round(v, 3)) for v in box[2:]]
            if place == 5:
                category = ids[1]
            score = round(float(random.uniform()), int(random.choice([1, 2, 8])))
            detections.append({"image_id": number, "category_id": category, "segmentation": encoded(pixels), "bbox": box, "score": score})
    order = random.permutation(len(detections))
    return truth, [detections[i] for i in order]


def written(folder, truth, detections):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "detections.json").write_text(json.dumps(detections))
    return folder / "truth.json", folder / "detections.json"


if __name__ == "__main__":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    paths = written(sys.argv[2], *nasty(int(sys.argv[1])))
    coco = COCO(str(paths[0]))
    for kind in ("bbox", "segm"):
        evaluation = COCOeval(coco, coco.loadRes(str(paths[1])), kind)
        evaluation.evaluate(), evaluation.accumulate(), evaluation.summarize()
        print(kind, [float(value) for value in evaluation.stats])

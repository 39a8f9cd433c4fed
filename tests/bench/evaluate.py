#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""evaluate.py BUILD PYTHON [IMAGES ...]: COCO's average precision over boxes and pixels, from two JSON files to the numbers: `maskmill
evaluate`, and the peers that PYTHON has, all in one run; seconds of a whole command by the clock and of the processors, and the most memory,
the least of five runs of each in turn (pycocotools once), so that what else the machine does falls on all alike. A peer's time is given without the
interpreter's start and the imports too.
Every program's twelve numbers are held against pycocotools' to the last bit. The data have about 7 objects and 11 detections an image.
"""
import json
import math
import os
import pathlib
import random
import sys
import tempfile

from measured import measured_with_work

PEERS = ["ultrafast_pycocotools", "hotcoco", "faster_coco_eval", "pycocotools"]
KINDS = ("bbox", "segm")


def outline(draw, width, height):
    """About 22 corners around a centre, as people draw things: (corners, box, area)."""
    cx, cy = draw.uniform(0, width), draw.uniform(0, height)
    radius = min(200, 6 * math.exp(draw.gauss(1.6, .9)))
    count = max(4, int(draw.gauss(22, 8)))
    corners, wobble = [], 1.0
    for i in range(count):
        wobble = min(1.5, max(.5, wobble + draw.uniform(-.2, .2)))
        angle = 2 * math.pi * i / count
        corners.append((min(width, max(0, cx + radius * wobble * math.cos(angle))), min(height, max(0, cy + radius * wobble * math.sin(angle)))))
    return corners


def flat(corners):
    return [round(value, 2) for corner in corners for value in corner]


def box_of(corners):
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return [round(value, 2) for value in (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))]


def generate(folder, images):
    """truth.json as COCO's annotators left it, detections.json as a detector writes it: boxes, compressed RLE, scores, image by image."""
    from pycocotools import mask as masks

    draw = random.Random(images)
    width, height = 640, 480
    names = [f"label {i}" for i in range(80)]
    truth = {"info": {"description": "drawn"}, "licenses": [], "categories": [{"id": i + 1, "name": name, "supercategory": "thing"}
                                                                             for i, name in enumerate(names)], "images": [], "annotations": []}
    detections = []

    def rle(corners, crowd=False):
        encoded = masks.merge(masks.frPyObjects([flat(corners)], height, width))
        counts = encoded["counts"].decode()
        if not crowd:
            return {"size": [height, width], "counts": counts}
        decoded, runs, last = masks.decode(encoded).ravel(order="F"), [], 0
        for value in decoded:
            if value == last and runs:
                runs[-1] += 1
            else:
                runs.append(1) if runs or value == 0 else runs.extend([0, 1])
                last = value
        return {"size": [height, width], "counts": runs}

    for number in range(images):
        truth["images"].append({"license": 1, "file_name": f"{number:012}.jpg", "coco_url": f"http://images.example.org/{number:012}.jpg",
                                "height": height, "width": width, "date_captured": "2013-11-14 11:18:45", "id": number + 1})
        labels = [draw.randint(1, 80) for _ in range(draw.randint(1, 4))]
        for _ in range(draw.randint(0, 14)):
            corners, label = outline(draw, width, height), draw.choice(labels)
            crowd = draw.random() < .012
            box = box_of(corners)
            truth["annotations"].append({"segmentation": rle(corners, True) if crowd else [flat(corners)], "area": round(box[2] * box[3] * .7, 4),
                                         "iscrowd": int(crowd), "image_id": number + 1, "bbox": box, "category_id": label,
                                         "id": len(truth["annotations"]) + 1})
            for _ in range(1 + (draw.random() < .4)):
                shift = draw.gauss(0, 4), draw.gauss(0, 4)
                found = [(min(width, max(0, x + shift[0] + draw.gauss(0, 1.5))), min(height, max(0, y + shift[1] + draw.gauss(0, 1.5)))) for x, y in corners]
                detections.append((number, label, found, draw.betavariate(2, 1)))
        for _ in range(draw.randint(0, 3)):
            detections.append((number, draw.randint(1, 80), outline(draw, width, height), draw.betavariate(1, 5)))
    results = [{"image_id": number + 1, "category_id": label, "bbox": box_of(corners), "score": round(score, 6), "segmentation": rle(corners)}
               for number, label, corners, score in detections]
    folder.mkdir(parents=True)
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "detections.json").write_text(json.dumps(results))
    return len(truth["annotations"]), len(results)


NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def ours(build, truth, detections, kinds):
    text, seconds, megabytes, work = measured_with_work(
        [build / "bin" / "maskmill-evaluate", truth, detections, "--metrics", ",".join(kinds), "--json", "--quiet"])
    assert text, seconds
    coco = json.loads(text)["coco"]
    return {kind: [-1 if coco[kind][name] is None else coco[kind][name] for name in NAMES] for kind in kinds}, (seconds, work, None), megabytes


def theirs(python, peer, truth, detections, kinds):
    text, seconds, megabytes, work = measured_with_work([python, pathlib.Path(__file__).with_name("evaluate_peer.py"), peer, truth, detections, *kinds])
    if text is None:
        return None, seconds, 0
    document = json.loads(text.splitlines()[-1])
    return document["numbers"], (seconds, work, document["seconds"]), megabytes


def run(build, python, images, kinds, folder):
    truth, detections = folder / "truth.json", folder / "detections.json"
    size = (truth.stat().st_size + detections.stat().st_size) / 1e6
    programs = {"maskmill": lambda: ours(build, truth, detections, kinds)}
    for peer in PEERS:
        programs[peer] = lambda peer=peer: theirs(python, peer, truth, detections, kinds)
    results, failed = {}, {}
    for turn in range(5):
        for name, program in programs.items():
            if name in failed or (name == "pycocotools" and turn > 0):
                continue
            numbers, times, megabytes = program()
            if numbers is None:
                failed[name] = times
            else:
                results.setdefault(name, []).append((numbers, times, megabytes))
    print(f"\n## {' and '.join(kinds)}, {images:,} images: {size:,.0f} MB\n")
    print("| | seconds | without start and imports | processor seconds | MB at most | times ours | the numbers are pycocotools' |\n|---|---|---|---|---|---|---|")
    least = {name: [min(run[1][i] for run in runs) if runs[0][1][i] is not None else None for i in range(3)] for name, runs in results.items()}
    reference = results.get("pycocotools", [[None]])[0][0]
    for name, runs in results.items():
        seconds, work, inner = least[name]
        same = "" if name == "pycocotools" or not reference else "to the last bit" if all(run[0] == reference for run in runs) else "no: off by up to {:.1e}".format(
            max(abs(a - b) for kind in kinds for a, b in zip(runs[0][0][kind], reference[kind])))
        print(f"| {name} | {seconds:.3f} | {'' if inner is None else f'{inner:.3f}'} | {work:.2f} | {max(run[2] for run in runs):,.0f} | "
              f"{seconds / least['maskmill'][0]:.1f} | {same} |", flush=True)
    for name, reason in failed.items():
        print(f"| {name} | | | | | | {reason[:120]} |")


if __name__ == "__main__":
    build, python = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    with tempfile.TemporaryDirectory() as scratch:
        for images in map(int, sys.argv[3:] or [1000, 5000]):
            folder = pathlib.Path(os.environ.get("MASKMILL_GENERATED", scratch)) / f"evaluate-{images}"
            if not folder.exists():
                truths, found = generate(folder, images)
                print(f"{images:,} images: {truths:,} objects, {found:,} detections")
            for kinds in (("bbox",), ("segm",), KINDS):
                run(build, python, images, kinds, folder)

# SPDX-License-Identifier: Apache-2.0
"""Prints pycocotools' numbers for the objects that tests/unit/metrics/coco_evaluation_test.cpp makes by the same formulas (golden_items)."""
import contextlib
import io

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def ring(x, y, width, height):
    return [[x, y, x, y + height, x + width, y + height, x + width, y]]


images, annotations, detections = [], [], []
for i in range(40):
    images.append({"id": i + 1, "file_name": f"{i}.jpg", "width": 200, "height": 150})
    for k in range(i % 6):
        box = [(i * 37 + k * 53) % 140, (i * 29 + k * 31) % 90, 8 + (i * k * 7) % 110, 8 + (i * 5 + k * 11) % 90]
        label = (i + k) % 3 + 1
        annotations.append({"id": len(annotations) + 1, "image_id": i + 1, "category_id": label, "bbox": box, "area": box[2] * box[3],
                            "iscrowd": int(i * k % 11 == 5), "segmentation": ring(*box)})
        for copy in range(1 + (i + k) % 2):
            shift = (i + 3 * k + 5 * copy) % 9
            moved = [box[0] + shift, box[1] + shift // 2, box[2], box[3]]
            detections.append({"image_id": i + 1, "category_id": (label + (i * k) % 13 // 12) % 3 + 1 if copy else label, "bbox": moved,
                               "segmentation": ring(*moved), "score": (i * 13 + k * 17 + copy * 7) % 20 / 20})

coco, found = COCO(), COCO()
with contextlib.redirect_stdout(io.StringIO()):
    coco.dataset = {"images": images, "annotations": annotations, "categories": [{"id": i, "name": str(i)} for i in (1, 2, 3)]}
    coco.createIndex()
    results = coco.loadRes(detections)
for kind in ("bbox", "segm"):
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(coco, results, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    print(kind, ", ".join(repr(float(value)) for value in evaluation.stats))

# SPDX-License-Identifier: Apache-2.0
"""pycocotools' loadRes takes the results that convert writes, and evaluates them as it does the original's."""
import contextlib
import io
import json

import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def rectangle(x, y, width, height):
    mask = np.zeros((48, 64), np.uint8, order="F")
    mask[y:y + height, x:x + width] = 1
    encoded = masks.encode(mask)
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


@pytest.fixture
def detections(tmp_path):
    """A ground truth of twenty images and detections near its objects, not in the images' order: (truth, masks, boxes)."""
    random = np.random.default_rng(1)
    images, annotations, found = [], [], []
    for number in range(20):
        images.append({"id": 100 - 3 * number, "file_name": f"{number}.jpg", "width": 64, "height": 48})
        for _ in range(4):
            x, y, width, height = (int(v) for v in (*random.integers(0, 30, 2), *random.integers(4, 18, 2)))
            category = int(random.integers(1, 4)) * 5
            annotations.append({"id": len(annotations) + 1, "image_id": images[-1]["id"], "category_id": category, "iscrowd": 0,
                                "segmentation": rectangle(x, y, width, height), "area": width * height,
                                "bbox": [x, y, width, height]})
            x, y = x + int(random.integers(0, 4)), y + int(random.integers(0, 4))
            found.append({"image_id": images[-1]["id"], "category_id": category, "score": float(random.uniform()),
                          "segmentation": rectangle(x, y, width, height), "bbox": [x, y, width, height]})
    random.shuffle(found)
    categories = [{"id": key, "name": f"c{key}"} for key in (5, 10, 15)]
    truth = tmp_path / "truth" / "instances.json"
    truth.parent.mkdir()
    truth.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    files = []
    for kind in ("segmentation", "bbox"):
        other = {"segmentation": "bbox", "bbox": "segmentation"}[kind]
        file = tmp_path / f"{kind}.json"
        file.write_text(json.dumps([{key: value for key, value in one.items() if key != other} for one in found]))
        files.append(file)
    return truth, *files


def evaluated(truth, results, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        evaluation = COCOeval(coco, coco.loadRes(str(results)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_what_we_write_is_evaluated_as_the_original(detections, tmp_path, kind):
    truth, with_masks, with_boxes = detections
    original = with_masks if kind == "segm" else with_boxes
    ours = tmp_path / "ours.json"
    report = maskmill_json("convert", original, "-o", ours, "--read", f"ground-truth={truth}", "--to", "coco_results")
    assert report["items"] == 20 and report["annotations"] == 80 and report["losses"] == []
    before, after = evaluated(truth, original, kind), evaluated(truth, ours, kind)
    assert 0.1 < before[0] < 1
    assert np.array_equal(before, after)
    assert sorted(json.loads(original.read_text()), key=str) == sorted(
        [{key: one[key] for key in json.loads(original.read_text())[0]} for one in json.loads(ours.read_text())], key=str)


def test_predictions_of_another_format_are_loaded_with_the_ground_truth(detections, tmp_path):
    truth, *_ = detections
    ours = tmp_path / "ours.json"
    maskmill("convert", truth, "-o", ours, "--to", "coco_results", "--write", "score=1", "--write", "boxes=none", "--quiet")
    assert evaluated(truth, ours, "segm")[0] == pytest.approx(1)
    assert all("bbox" not in one for one in json.loads(ours.read_text()))


def test_detections_become_a_data_set_that_pycocotools_reads(detections, tmp_path):
    truth, with_masks, _ = detections
    maskmill("convert", with_masks, "-o", tmp_path / "coco.json", "--read", f"ground-truth={truth}", "--to", "coco", "--media", "none",
             "--quiet")
    with contextlib.redirect_stdout(io.StringIO()):
        ours, reference = COCO(str(tmp_path / "coco.json")), COCO(str(truth)).loadRes(str(with_masks))
    content = lambda coco: sorted((one["image_id"], one["category_id"], one["score"], coco.annToMask(one).tobytes())  # noqa: E731
                                  for one in coco.dataset["annotations"])
    assert content(ours) == content(reference)

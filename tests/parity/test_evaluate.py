# SPDX-License-Identifier: Apache-2.0
"""`maskmill evaluate` gives pycocotools' numbers and arrays to the last bit, boundary-iou-api's rules on top of them, and lvis-api's; its errors
are tidecv's, its intervals those of pycocotools' numbers of images drawn again."""
import contextlib
import csv
import io
import json

import cv2
import numpy as np
import pytest
from conftest import maskmill_json
from nasty_detections import nasty, written
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def boundary_of(rle):
    """boundary-iou-api's mask_to_boundary, from its paper's description: what an erosion of 2 % of the diagonal takes away."""
    mask = masks.decode(rle)
    height, width = mask.shape
    depth = max(1, int(round(.02 * np.sqrt(height ** 2 + width ** 2))))
    padded = cv2.copyMakeBorder(np.ascontiguousarray(mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=depth)[1:-1, 1:-1]
    return masks.encode(np.asfortranarray(mask - inner))


class BoundaryEval(COCOeval):
    """COCOeval over the lesser of mask and boundary IoU; of crowds, over the mask's."""

    def computeIoU(self, image, category):  # noqa: N802
        ious = super().computeIoU(image, category)
        truths = self._gts[image, category]
        found = self._dts[image, category]
        if len(truths) == 0 or len(found) == 0:
            return ious
        order = np.argsort([-one["score"] for one in found], kind="mergesort")[:self.params.maxDets[-1]]
        crowds = [int(one["iscrowd"]) for one in truths]
        boundaries = masks.iou([boundary_of(found[i]["segmentation"]) for i in order], [boundary_of(one["segmentation"]) for one in truths], crowds)
        return np.where(np.array(crowds) == 1, ious, np.minimum(ious, boundaries))


def reference(truth, detections, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        evaluation = BoundaryEval(coco, coco.loadRes(str(detections)), "segm") if kind == "boundary" else COCOeval(
            coco, coco.loadRes(str(detections)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def compare(truth, detections, folder, kinds=("bbox", "segm", "boundary"), more=()):
    arrays = folder / "arrays.npz"
    document = maskmill_json("evaluate", truth, detections, "--metrics", ",".join(kinds), "--arrays", arrays, "--force", *more)
    ours = np.load(arrays)
    for kind in kinds:
        theirs = reference(truth, detections, kind)
        for name in ("precision", "recall", "scores"):
            assert np.array_equal(ours[f"{kind}/{name}"], theirs.eval[name]), (kind, name)
        numbers = [-1 if document["coco"][kind][name] is None else document["coco"][kind][name] for name in NAMES]
        assert np.array_equal(numbers, theirs.stats), (kind, numbers, theirs.stats)
        assert np.array_equal(ours[f"{kind}/labels"], theirs.params.catIds)
    return document


@pytest.mark.parametrize("seed", range(12))
def test_numbers_and_arrays_are_pycocotools(seed, tmp_path):
    document = compare(*written(tmp_path, *nasty(seed)), tmp_path)
    assert 0 < document["coco"]["segm"]["AP"] < 1


def test_they_do_not_depend_on_the_threads(tmp_path):
    paths = written(tmp_path, *nasty(100, images=80))
    one = maskmill_json("evaluate", *paths, "--jobs", 1)
    assert one == maskmill_json("evaluate", *paths, "--jobs", 4)


def test_detections_without_masks_or_without_boxes(tmp_path):
    truth, detections = nasty(200)
    boxes = [{key: value for key, value in one.items() if key != "segmentation"} for one in detections]
    compare(*written(tmp_path / "boxes", truth, boxes), tmp_path, ["bbox", "segm"])
    plain = [{key: value for key, value in one.items() if key != "bbox"} for one in detections]
    compare(*written(tmp_path / "masks", truth, plain), tmp_path)


def test_an_annotation_of_the_id_0_counts_as_pycocotools_counts_it(tmp_path):
    truth, detections = nasty(300)
    for annotation in truth["annotations"]:
        annotation["id"] -= 1
    document = compare(*written(tmp_path, truth, detections), tmp_path, ["bbox", "segm"])
    assert document["findings"]["annotation-id-zero"] == 1


def test_nothing_found_and_nothing_to_find(tmp_path):
    truth, detections = nasty(400)
    compare(*written(tmp_path / "one", truth, detections[:1]), tmp_path)
    compare(*written(tmp_path / "none", {**truth, "annotations": truth["annotations"][:1]}, detections), tmp_path, ["bbox", "segm"])


def test_scores_beyond_0_to_1(tmp_path):
    truth, detections = nasty(500)
    for one in detections:
        one["score"] = one["score"] * 9 - 3
    compare(*written(tmp_path, truth, detections), tmp_path, ["bbox", "segm"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_lvis_numbers_are_lvis_apis(kind, seed, tmp_path, monkeypatch):
    lvis = pytest.importorskip("lvis")
    monkeypatch.setattr(np, "float", float, raising=False)  # which numpy no longer has
    truth, detections = written(tmp_path, *nasty(600 + seed, categories=12, lvis=True))
    document = maskmill_json("evaluate", truth, detections, "--federated", "--metrics", kind, "--arrays", tmp_path / "arrays.npz")
    theirs = lvis.LVISEval(str(truth), str(detections), kind)
    theirs.run()
    arrays = np.load(tmp_path / "arrays.npz")
    assert np.array_equal(arrays[f"{kind}/precision"][..., 0], theirs.eval["precision"])
    assert np.array_equal(arrays[f"{kind}/recall"][..., 0], theirs.eval["recall"])
    ours = document["coco"][kind]
    for name, value in theirs.get_results().items():
        name = name.replace("@300", "") if name != "AR@300" else "AR300"
        assert (-1 if ours[name] is None else ours[name]) == value, name


def test_the_npz_alone_gives_the_numbers(tmp_path):
    paths = written(tmp_path, *nasty(700))
    document = maskmill_json("evaluate", *paths, "--metrics", "segm", "--arrays", tmp_path / "arrays.npz")
    precision = np.load(tmp_path / "arrays.npz")["segm/precision"][:, :, :, 0, -1]
    assert document["coco"]["segm"]["AP"] == np.mean(precision[precision > -1])


def one_score_each(truth, detections, most_of_image=100):
    """Without what makes tidecv's numbers differ from ours: equal scores, more than 100 detections of an image, labels without an object."""
    known = {one["category_id"] for one in truth["annotations"] if not one["iscrowd"]}
    order = np.random.default_rng(0).permutation(len(detections))
    detections = [{**one, "score": float(place + 1) / len(detections)} for place, one in zip(order, detections) if one["category_id"] in known]
    by_image = {}
    for one in sorted(detections, key=lambda one: -one["score"]):
        by_image.setdefault(one["image_id"], []).append(one)
    return truth, [one for of_image in by_image.values() for one in of_image[:most_of_image]]


def average_precision(self):
    """tidecv's APDataObject.get_ap at COCO's recall levels: its own are k / 100, which differ from numpy.linspace's in the last bit."""
    if self.num_gt_positives == 0:
        return 0
    right = np.array([one[1] for one in sorted(self.data_points.values(), key=lambda one: -one[0])], bool)
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    precision = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
    return 100 * precision[np.searchsorted(np.cumsum(right) / self.num_gt_positives, np.linspace(0, 1, 101), side="left")].mean()


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", range(6))
def test_errors_are_tidecvs(seed, kind, tmp_path, monkeypatch):
    tidecv = pytest.importorskip("tidecv")
    monkeypatch.setattr(tidecv.ap.APDataObject, "get_ap", average_precision)
    truth, detections = nasty(800 + seed)
    for one in truth["annotations"]:
        one["iscrowd"] = 0  # what lies on a crowd counts as an error there, though it costs nothing
    truth, detections = written(tmp_path, *one_score_each(truth, detections))
    run = tidecv.TIDE().evaluate(tidecv.datasets.COCO(str(truth)), tidecv.datasets.COCOResult(str(detections)),
                                 mode=tidecv.TIDE.BOX if kind == "bbox" else tidecv.TIDE.MASK)
    ours = maskmill_json("evaluate", truth, detections, "--metrics", kind, "--errors")["coco"][kind]["errors"]
    assert ours["AP50"] == pytest.approx(run.ap / 100, abs=1e-12)
    counts = run.count_errors()
    assert {error.short_name: count for error, count in counts.items()} == {error.short_name: ours[error.short_name]["count"] for error in counts}
    assert sum(counts.values()) > 100
    for error, cost in {**run.fix_main_errors(), **run.fix_special_errors()}.items():
        assert ours[error.short_name]["dAP"] == pytest.approx(cost / 100, abs=1e-9), error.short_name


def test_intervals_are_those_of_numpys_percentiles_of_pycocotools_draws(tmp_path):
    """Draws of our own choosing, but of the same distribution: the bounds of 400 draws agree to what chance leaves."""
    truth, detections = nasty(900, images=30)
    paths = written(tmp_path, truth, detections)
    ours = maskmill_json("evaluate", *paths, "--metrics", "bbox", "--bootstrap", 2000)["bootstrap"]["intervals"]["bbox"]["AP"]
    random, draws = np.random.default_rng(1), []
    for _ in range(400):
        drawn = random.integers(0, 30, 30)
        images, annotations, found = [], [], []
        for copy, place in enumerate(drawn):
            image = truth["images"][place]
            images.append({**image, "id": copy + 1, "file_name": f"{copy}.jpg"})
            annotations += [{**one, "image_id": copy + 1, "id": 1000 * copy + one["id"] + 1} for one in truth["annotations"] if one["image_id"] == image["id"]]
            found += [{**one, "image_id": copy + 1} for one in detections if one["image_id"] == image["id"]]
        draws.append(reference(*written(tmp_path / "draw", {**truth, "images": images, "annotations": annotations}, found), "bbox").stats[0])
    low, high = np.percentile(draws, [2.5, 97.5])
    assert ours[0] == pytest.approx(low, abs=.15 * (high - low)) and ours[1] == pytest.approx(high, abs=.15 * (high - low)), (ours, low, high)


def test_the_table_of_images_counts_what_pycocotools_matched(tmp_path):
    truth, detections = written(tmp_path, *nasty(1000))
    maskmill_json("evaluate", truth, detections, "--metrics", "bbox", "--images", tmp_path / "images.csv", "--min-score", -1)
    with open(tmp_path / "images.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    theirs = reference(truth, detections, "bbox")
    expected = {}
    for one in theirs.evalImgs:
        if one and one["aRng"] == [0, 1e10]:
            found = expected.setdefault(one["image_id"], [0, 0, 0])
            right = (one["dtMatches"][0] > 0) & ~one["dtIgnore"][0].astype(bool)
            found[0] += right.sum()
            found[1] += (~right & ~one["dtIgnore"][0].astype(bool)).sum()
            found[2] += (~one["gtIgnore"].astype(bool)).sum() - right.sum()
    images = json.loads(truth.read_text())["images"]
    assert [row["id"] for row in rows] == [image["file_name"][:-4] for image in images]
    assert [[int(row[f"bbox_{what}"]) for what in ("found", "wrong", "missed")] for row in rows] == [
        list(map(int, expected.get(image["id"], [0, 0, 0]))) for image in images]


def test_semantic_scores_are_those_of_the_pixels(tmp_path):
    random = np.random.default_rng(0)
    names = ["sky", "road", "tree"]
    truth, predicted = np.zeros((4, 60, 80), np.uint8), np.zeros((4, 60, 80), np.uint8)
    for data, folder in ((truth, "truth"), (predicted, "predicted")):
        (tmp_path / folder / "images").mkdir(parents=True), (tmp_path / folder / "masks").mkdir()
        (tmp_path / folder / "labels.json").write_text(json.dumps({"labels": [{"name": name, "id": i} for i, name in enumerate(names)]}))
        for i in range(4):
            data[i] = random.integers(0, 3, (6, 8)).repeat(10, 0).repeat(10, 1) if folder == "truth" else np.roll(truth[i], i, 1)
            cv2.imwrite(str(tmp_path / folder / "images" / f"{i}.png"), np.zeros((60, 80, 3), np.uint8))
            cv2.imwrite(str(tmp_path / folder / "masks" / f"{i}.png"), data[i])
    document = maskmill_json("evaluate", tmp_path / "truth", tmp_path / "predicted")["semantic"]
    for i, one in enumerate(document["classes"]):
        a, b = truth == i, predicted == i
        assert one["iou"] == pytest.approx((a & b).sum() / (a | b).sum(), abs=1e-12)
        common = either = 0
        for left, right in zip(a, b):
            edges = [masks.decode(boundary_of(masks.encode(np.asfortranarray(side.astype(np.uint8))))) for side in (left, right)]
            common, either = common + (edges[0] & edges[1]).sum(), either + (edges[0] | edges[1]).sum()
        assert one["boundary_iou"] == pytest.approx(common / either, abs=1e-12)

# SPDX-License-Identifier: Apache-2.0
"""pycocotools reads the COCO that convert writes and counts the same pixels; masks come back pixel by pixel."""
import collections
import json
import pathlib

import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from PIL import Image
from pycocotools.coco import COCO


def masks_below(folder):
    return {path.stem: np.asarray(Image.open(path)) for path in sorted(pathlib.Path(folder).rglob("*.png"))
            if not path.name.startswith(".")}


def coco_files(folder):
    return sorted(pathlib.Path(folder).rglob("instances*.json"))


def pixels_by_name(files):
    """Pixels a category name that pycocotools decodes."""
    pixels = collections.Counter()
    for file in files:
        coco = COCO(file)
        names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
        for annotation in coco.loadAnns(coco.getAnnIds()):
            pixels[names[annotation["category_id"]]] += int(coco.annToMask(annotation).sum())
    return pixels


def converted_there_and_back(source, tmp_path, *options):
    maskmill("convert", source, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--quiet", *options)
    back = tmp_path / "back"
    maskmill("convert", tmp_path / "coco", "-o", back, "--to", "pairs", "--media", "none", "--quiet")
    return coco_files(tmp_path / "coco"), back


def test_camvid_masks_come_back_from_coco_pixel_by_pixel(real_data, tmp_path):
    source = real_data / "camvid_sample"
    options = ["--from", "trainannot", "--read", "ignore=11"]
    files, back = converted_there_and_back(source, tmp_path, *options)
    truth = {**masks_below(source / "trainannot"), **masks_below(source / "valannot")}
    ours = masks_below(back)
    assert truth.keys() == ours.keys() and len(truth) == 174
    for name, mask in truth.items():
        assert np.array_equal(mask, ours[name]), name
    counted = pixels_by_name(files)
    expected = collections.Counter()
    for mask in truth.values():
        values, counts = np.unique(mask, return_counts=True)
        expected.update({str(value): int(count) for value, count in zip(values, counts)})
    assert counted == expected


def test_trimaps_come_back_from_coco_pixel_by_pixel(real_data, tmp_path):
    source = real_data / "oxford_pets_sample"
    files, back = converted_there_and_back(source, tmp_path, "--from", "trimaps")
    truth, ours = masks_below(source / "trimaps"), masks_below(back)
    assert len(ours) > 590
    for name, mask in ours.items():
        assert np.array_equal(mask, truth[name]), name
    counted = pixels_by_name(files)
    assert counted["pet"] == sum(int((truth[name] == 1).sum()) for name in ours)
    assert counted["border"] == sum(int((truth[name] == 3).sum()) for name in ours)


@pytest.mark.parametrize("policy", ["component", "label"])
def test_instances_of_a_label_are_disjoint_and_cover_it(shapes, tmp_path, policy):
    maskmill("convert", shapes, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--instances", policy, "--quiet")
    (file,) = coco_files(tmp_path / "coco")
    coco = COCO(file)
    masks = masks_below(shapes / "masks")
    for image in coco.loadImgs(coco.getImgIds()):
        truth = masks[pathlib.Path(image["file_name"]).stem]
        covered = np.zeros_like(truth)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            mask = coco.annToMask(annotation).astype(bool)
            assert not covered[mask].any(), "two annotations share a pixel"
            covered[mask] = annotation["category_id"]
            assert annotation["area"] == mask.sum()
            rows, columns = np.nonzero(mask)
            assert annotation["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert np.array_equal(covered, truth)


def test_exact_polygons_fill_to_the_same_pixels_in_pycocotools(shapes, tmp_path):
    report = maskmill_json("convert", shapes, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--shape", "polygon")
    assert report["polygon_iou"]["mean"] > 0.95
    maskmill("convert", shapes, "-o", tmp_path / "rle", "--to", "coco", "--media", "none", "--quiet")
    (polygons,), (exact,) = coco_files(tmp_path / "coco"), coco_files(tmp_path / "rle")
    a, b = COCO(polygons), COCO(exact)
    ious = []
    for number in b.getAnnIds():
        left, right = a.annToMask(a.anns[number]).astype(bool), b.annToMask(b.anns[number]).astype(bool)
        ious.append((left & right).sum() / (left | right).sum())
    assert abs(np.mean(ious) - report["polygon_iou"]["mean"]) < 1e-3, "the loss that convert states is the loss there is"


def test_the_real_coco_sample_means_the_same_to_pycocotools_after_a_round_trip(real_data, tmp_path):
    source = real_data / "formats" / "coco"
    maskmill("convert", source, "-o", tmp_path / "out", "--to", "coco", "--media", "none", "--quiet")
    (file,) = coco_files(tmp_path / "out")
    before, after = COCO(source / "annotations.json"), COCO(file)
    names = lambda coco: {image["id"]: image["file_name"] for image in coco.dataset["images"]}  # noqa: E731
    assert sorted(names(before).values()) == sorted(names(after).values())

    def content(coco):
        files, labels = names(coco), {c["id"]: c["name"] for c in coco.dataset["categories"]}
        return sorted((files[a["image_id"]], labels[a["category_id"]], a["iscrowd"], int(coco.annToMask(a).sum()),
                       tuple(a["bbox"])) for a in coco.dataset["annotations"])

    assert content(before) == content(after)
    assert len(json.loads(file.read_text())["annotations"]) == 36

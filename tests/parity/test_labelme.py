# SPDX-License-Identifier: Apache-2.0
"""LabelMe itself reads what we wrote, and finds the same objects; we read what it wrote."""
import json
import os

import numpy as np
import pytest
from PIL import Image

from conftest import maskmill, maskmill_json

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
labelme_files = pytest.importorskip("labelme._label_file", reason="LabelMe, or the libraries of Qt, are not installed")
from labelme.utils.shape import shapes_to_label  # noqa: E402
from labelme.utils.image import img_arr_to_b64  # noqa: E402


def read_with_labelme(folder):
    """By name: LabelMe's objects, as it paints them for its exports."""
    found = {}
    for file in sorted(folder.rglob("*.json")):
        if file.name in ("labels.json", "provenance.json"):
            continue
        data = labelme_files.read_label_file(str(file))  # also holds the size against the image's
        names = sorted({shape["label"] for shape in data.shapes})
        height, width = np.array(Image.open(file.parent / data.image_path)).shape[:2]
        values = {name: i + 1 for i, name in enumerate(names)}
        found[file.stem] = (data, *shapes_to_label((height, width), data.shapes, values))
    return found


def test_labelme_reads_the_real_sample_the_same_after_a_round_trip(real_data, tmp_path):
    source = real_data / "labelme_voc_person"
    maskmill("convert", source, "-o", tmp_path / "out", "--to", "labelme", "--quiet")
    before, after = read_with_labelme(source), read_with_labelme(tmp_path / "out")
    assert before.keys() == after.keys() and len(before) == 40
    for name, (data, classes, objects) in before.items():
        again, classes_again, objects_again = after[name]
        assert [shape["points"] for shape in data.shapes] == [shape["points"] for shape in again.shapes], name
        assert np.array_equal(classes, classes_again) and np.array_equal(objects, objects_again), name


@pytest.fixture
def objects(tmp_path):
    """Masks with holes and of several parts, as index masks and images."""
    rng = np.random.default_rng(7)
    folder = tmp_path / "source"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for i in range(8):
        mask = np.zeros((60, 80), np.uint8)
        for value in (1, 2):
            x, y = rng.integers(2, 40), rng.integers(2, 30)
            mask[y:y + 20, x:x + 30] = value
            mask[y + 5:y + 12, x + 6:x + 15] = 0
        Image.fromarray(mask).save(folder / "masks" / f"{i}.png")
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(folder / "images" / f"{i}.png")
    return folder


def test_masks_are_the_same_pixels_to_labelme(objects, tmp_path):
    maskmill("convert", objects, "-o", tmp_path / "out", "--to", "labelme", "--instances", "label", "--quiet")
    labels = [line for line in (tmp_path / "out" / "labels.txt").read_text().split("\n") if line]
    for name, (data, classes, _) in read_with_labelme(tmp_path / "out").items():
        truth = np.array(Image.open(objects / "masks" / f"{name}.png"))
        present = sorted({shape["label"] for shape in data.shapes})
        ours = np.zeros_like(truth)
        for i, label in enumerate(present):
            ours[classes == i + 1] = labels.index(label)
        wanted = np.where(np.isin(truth, [labels.index(label) for label in present]), truth, ours)
        assert np.array_equal(ours, wanted) and {shape["shape_type"] for shape in data.shapes} == {"mask"}, name


def test_we_read_what_labelme_writes(tmp_path):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (40, 50, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    crop = rng.integers(0, 2, (11, 21)).astype(np.uint8)

    def shape(label, points, shape_type, group_id=None, mask=None):
        return dict(label=label, points=points, shape_type=shape_type, group_id=group_id, description="", flags={},
                    mask=mask)

    shapes = [shape("thing", [[5.0, 6.0], [25.0, 16.0]], "mask", mask=img_arr_to_b64(crop)),
              shape("car", [[1.5, 2.25], [9.0, 2.0], [4.0, 8.0]], "polygon", 1),
              shape("car", [[30.0, 2.0], [39.0, 2.0], [34.0, 8.0]], "polygon", 1),
              shape("car", [[30.0, 20.0], [45.0, 35.0]], "rectangle", 2)]
    labelme_files.write_label_file(str(tmp_path / "a.json"), shapes=shapes, image_path="a.png", image_height=40,
                                   image_width=50, image_data=(tmp_path / "a.png").read_bytes(), flags={"ok": True})
    info = maskmill_json("info", tmp_path)
    assert (info["format"], info["items"], info["annotations"]) == ("labelme", 1, 3)
    maskmill("convert", tmp_path, "-o", tmp_path.parent / "coco", "--to", "coco", "--media", "none", "--quiet")
    (file,) = (f for f in (tmp_path.parent / "coco").rglob("*.json") if f.name != "provenance.json")
    coco = json.loads(file.read_text())
    names = {category["id"]: category["name"] for category in coco["categories"]}
    by_name = {}
    for annotation in coco["annotations"]:
        by_name.setdefault(names[annotation["category_id"]], []).append(annotation)
    (mask,) = by_name["thing"]
    assert mask["area"] == crop.sum()
    parts = next(a for a in by_name["car"] if len(a["segmentation"]) == 2)
    assert parts["segmentation"][0] == [1.5, 2.25, 9.0, 2.0, 4.0, 8.0]


def test_an_embedded_image_is_labelmes_image(real_data, tmp_path):
    source = real_data / "labelme_voc_person" / "val"
    maskmill("convert", source, "-o", tmp_path / "out", "--to", "labelme", "--media", "none", "--write", "embed=true",
             "--quiet")
    for file in source.glob("*.json"):
        data = labelme_files.read_label_file(str(tmp_path / "out" / file.name))
        assert data.image_data == file.with_suffix(".jpg").read_bytes()

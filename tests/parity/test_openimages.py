# SPDX-License-Identifier: Apache-2.0
"""datumaro reads the Open Images that convert writes, and finds the same boxes, flags and pixels; its own export comes back."""
import json
import pathlib

import numpy as np
import pytest
from conftest import maskmill
from PIL import Image
from pycocotools import mask as mask_utils

dm = pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
from datumaro.components.annotation import AnnotationType, Bbox, Label, Mask  # noqa: E402


def coco_of_shapes(folder):
    """Two images in each of two subsets, with boxes and masks that overlap and have holes, as COCO writes them."""
    rng = np.random.default_rng(7)
    for subset in ("train", "val"):
        (folder / "images" / subset).mkdir(parents=True)
        images, annotations = [], []
        for number in range(2):
            width, height = 40 + 7 * number, 30
            name = f"{subset}{number:013x}.png"
            Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(folder / "images" / subset / name)
            images.append({"id": number + 1, "file_name": name, "width": width, "height": height})
            for k in range(3):
                mask = np.zeros((height, width), dtype=np.uint8)
                x, y = 3 + 5 * k, 2 + 4 * k
                mask[y:y + 12, x:x + 15] = 1
                mask[y + 4:y + 7, x + 5:x + 9] = 0
                columns = mask.T.reshape(-1)
                edges = np.flatnonzero(np.diff(np.concatenate([[0], columns]))).tolist() + [columns.size]
                counts = np.diff([0] + edges).tolist()
                annotations.append({"id": len(annotations) + 1, "image_id": number + 1, "category_id": 1 + k % 2,
                                    "iscrowd": int(k == 2), "area": int(mask.sum()), "bbox": [x, y, 15, 12],
                                    "segmentation": {"counts": counts, "size": [height, width]}})
        document = {"images": images, "annotations": annotations,
                    "categories": [{"id": 1, "name": "Hot dog"}, {"id": 2, "name": "Man"}]}
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"instances_{subset}.json").write_text(json.dumps(document))


def pixels_of_coco(folder):
    """{image: [(label, mask, box, crowd)]}"""
    found = {}
    for file in sorted((folder / "annotations").glob("*.json")):
        document = json.loads(file.read_text())
        names = {one["id"]: one["name"] for one in document["categories"]}
        for image in document["images"]:
            key = pathlib.Path(image["file_name"]).stem
            found[key] = []
            for one in document["annotations"]:
                if one["image_id"] != image["id"] or not one["segmentation"]:  # a label of the whole image
                    continue
                counts = one["segmentation"]["counts"]
                rle = one["segmentation"] if isinstance(counts, str) else mask_utils.frPyObjects(
                    one["segmentation"], image["height"], image["width"])
                mask = mask_utils.decode(rle).astype(bool)
                found[key].append((names[one["category_id"]], mask, one["bbox"], bool(one["iscrowd"])))
    return found


def test_datumaro_reads_what_convert_writes(tmp_path):
    coco_of_shapes(tmp_path / "coco")
    maskmill("convert", tmp_path / "coco", "-o", tmp_path / "oid", "--to", "openimages", "--quiet")
    truth = pixels_of_coco(tmp_path / "coco")
    mids = dict(line.split(",") for line in
                (tmp_path / "oid/annotations/class-descriptions-boxable.csv").read_text().splitlines())
    theirs = dm.Dataset.import_from(str(tmp_path / "oid"), "open_images")
    labels = [label.name for label in theirs.categories()[AnnotationType.label]]
    assert len(theirs) == len(truth) == 4
    for item in theirs:
        expected = truth[item.id]
        masks = [one for one in item.annotations if one.type == AnnotationType.mask]
        boxes = {one.group: one for one in item.annotations if one.type == AnnotationType.bbox}
        assert len(masks) == len(boxes) == len(expected)
        for one, (name, mask, bbox, crowd) in zip(masks, expected):
            assert mids[labels[one.label]] == name
            assert np.array_equal(np.asarray(one.image, dtype=bool), mask)
            box = boxes[one.group]  # datumaro pairs them by their coordinates, as we do
            assert np.allclose(box.get_bbox(), bbox, atol=1e-9)
            assert box.attributes["is_group_of"] == crowd
            assert "occluded" not in box.attributes  # -1: not known
    maskmill("convert", tmp_path / "oid", "-o", tmp_path / "back", "--to", "coco", "--quiet")
    back = pixels_of_coco(tmp_path / "back")
    assert back.keys() == truth.keys()
    for key, expected in truth.items():
        assert len(back[key]) == len(expected)
        for ours, (name, mask, bbox, crowd) in zip(back[key], expected):
            assert ours[0] == name and ours[2] == bbox and ours[3] == crowd
            assert np.array_equal(ours[1], mask)


def test_datumaros_export_is_read(tmp_path):
    mask = np.zeros((30, 40), dtype=bool)
    mask[4:20, 5:25] = True
    mask[8:12, 10:15] = False
    items = [dm.DatasetItem(id=f"00000000000000a{number}", subset="train",
                            media=dm.Image.from_numpy(data=np.full((30, 40, 3), 90, dtype=np.uint8)),
                            annotations=[Bbox(5, 4, 20, 16, label=1, group=1, attributes={"occluded": True, "score": 0.5}),
                                         Mask(mask, label=1, group=1, attributes={"predicted_iou": 0.75}),
                                         Label(0)]) for number in range(2)]
    data = dm.Dataset.from_iterable(items, categories=["road", "car"])
    data.export(str(tmp_path / "theirs"), "open_images", save_media=True)
    assert json.loads(maskmill("info", tmp_path / "theirs", "--json", "--quiet"))["format"] == "openimages"
    maskmill("convert", tmp_path / "theirs", "-o", tmp_path / "coco", "--to", "coco", "--quiet")
    found = pixels_of_coco(tmp_path / "coco")
    assert len(found) == 2
    for [(name, pixels, bbox, _)] in found.values():
        assert name == "car" and bbox == [5, 4, 20, 16]
        assert np.array_equal(pixels, mask)

# SPDX-License-Identifier: Apache-2.0
"""Datumaro, which CVAT exports and imports "Segmentation mask 1.1" with, reads what we write; we read what it writes."""
import json

import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from PIL import Image as Picture

pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
from datumaro.components.annotation import AnnotationType, Mask  # noqa: E402
from datumaro.components.dataset import Dataset  # noqa: E402
from datumaro.components.dataset_base import DatasetItem  # noqa: E402
from datumaro.components.media import Image  # noqa: E402

LABELS = {"background": (0, 0, 0), "cat": (61, 61, 245), "traffic light": (255, 0, 204)}


def label_of(dataset, annotation):
    return dataset.categories()[AnnotationType.label][annotation.label].name


def masks_in(dataset):
    """By item, the masks of its objects and their labels, in the order of their first pixels."""
    found = {}
    for item in dataset:
        objects = [(label_of(dataset, a), np.asarray(a.image).astype(bool)) for a in item.annotations
                   if a.type == AnnotationType.mask]
        found[item.id] = sorted(objects, key=lambda named: int(np.argmax(named[1])))
    return found


def objects_of(item, names):
    """The same of an image of a COCO file, drawn by pycocotools."""
    coco, image = item
    objects = [(names[a["category_id"]], coco.annToMask(a).astype(bool))
               for a in coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))]
    return sorted(objects, key=lambda named: int(np.argmax(named[1])))


def same(ours, theirs):
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    for (_, a), (_, b) in zip(ours, theirs):
        assert np.array_equal(a, b)


def read_as_coco(folder, tmp_path):
    """What we read of a data set: by item, its objects."""
    from pycocotools.coco import COCO
    maskmill("convert", folder, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--quiet")
    found = {}
    for file in sorted((tmp_path / "coco").rglob("instances*.json")):
        coco = COCO(file)
        names = {c["id"]: c["name"] for c in coco.loadCats(coco.getCatIds())}
        for image in coco.loadImgs(coco.getImgIds()):
            found[image["file_name"].rsplit(".", 1)[0]] = objects_of((coco, image), names)
    return found


@pytest.fixture
def drawn():
    """Items whose objects overlap nothing, and one without any."""
    random = np.random.default_rng(7)
    items = []
    for number in range(4):
        owner = random.integers(0, 6, (24, 32)).repeat(2, 0).repeat(2, 1)  # object 0 is none
        annotations = [Mask(owner == k, label=int(k % 2), id=int(k), group=int(k), z_order=0) for k in range(1, 6)]
        items.append(DatasetItem(id=f"deep/{number}", subset="train" if number < 2 else "default",
                                 media=Image.from_numpy(data=np.full((48, 64, 3), 90, np.uint8)),
                                 annotations=annotations if number < 3 else []))
    return Dataset.from_iterable(items, categories=["cat", "traffic light"])


@pytest.mark.parametrize("apply_colormap", [True, False])
def test_we_read_what_datumaro_writes(drawn, tmp_path, apply_colormap):
    label_map = {name: [colour, [], []] for name, colour in LABELS.items()}
    drawn.export(str(tmp_path / "theirs"), "voc_segmentation", save_media=True, apply_colormap=apply_colormap,
                 label_map=label_map)
    info = maskmill_json("info", tmp_path / "theirs")
    assert info["format"] == "cvat_mask" and info["items"] == 4
    ours, truth = read_as_coco(tmp_path / "theirs", tmp_path), masks_in(drawn)
    assert ours.keys() == truth.keys()
    for name in truth:
        same(ours[name], truth[name])


@pytest.mark.parametrize("coding", ["colour", "index"])
def test_datumaro_reads_what_we_write(drawn, tmp_path, coding):
    label_map = {name: [colour, [], []] for name, colour in LABELS.items()}
    drawn.export(str(tmp_path / "theirs"), "voc_segmentation", save_media=True, label_map=label_map)
    maskmill("convert", tmp_path / "theirs", "-o", tmp_path / "ours", "--to", "cvat_mask", "--write", f"coding={coding}",
             "--quiet")
    read = Dataset.import_from(str(tmp_path / "ours"), "voc_segmentation")
    assert sorted((item.id, item.subset) for item in read) == sorted((item.id, item.subset) for item in drawn)
    theirs, truth = masks_in(read), masks_in(drawn)
    for name in truth:
        same(theirs[name], truth[name])


def test_camvid_in_cvats_masks_comes_back_pixel_by_pixel(real_data, tmp_path):
    source = real_data / "formats" / "camvid32"
    if not source.is_dir():
        pytest.skip("not shown: the sample of CamVid with 32 classes is not beside the checkout")
    maskmill("convert", source, "-o", tmp_path / "cvat", "--to", "cvat_mask", "--quiet", expect=1)  # masks without images
    codes = (source / "codes.txt").read_text().split()
    colours = {}
    for line in (tmp_path / "cvat" / "labelmap.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, colour = line.split(":")[:2]
            colours[name] = [int(sample) for sample in colour.split(",")]
    for name in ("0006R0_f02280", "0006R0_f02310"):
        numbers = np.asarray(Picture.open(source / "labels" / f"{name}_P.png"))
        expected = np.array([colours[code] for code in codes], np.uint8)[numbers]
        assert np.array_equal(expected, np.asarray(Picture.open(tmp_path / "cvat" / "SegmentationClass" / f"{name}.png")))
    assert json.loads((tmp_path / "cvat" / "provenance.json").read_text())

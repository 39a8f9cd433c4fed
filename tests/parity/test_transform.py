# SPDX-License-Identifier: Apache-2.0
"""Tiles are numpy's slices, masks are resized as the nearest pixel says, and pycocotools fills scaled and joined objects alike."""
import pathlib

import numpy as np
import pytest
from conftest import maskmill
from PIL import Image
from pycocotools.coco import COCO
from test_coco import coco_files, masks_below


def place_of(tile):
    """Of IMAGE@X_Y_WxH: the image, x and y."""
    image, place = tile.rsplit("@", 1)
    x, y, _ = place.split("_")
    return image, int(x), int(y)


def nearest(length, stored):
    """The stored pixel on which the middle of each new one lies."""
    return (2 * np.arange(length) + 1) * stored // (2 * length)


def test_tiles_are_slices_and_come_back_pixel_by_pixel(real_data, tmp_path):
    source = real_data / "camvid_sample"
    options = ["--from", "trainannot", "--read", "ignore=11", "--quiet"]
    maskmill("transform", source, "-o", tmp_path / "tiles", "--to", "pairs", "--tile", "200x150", "--overlap", 20, *options)
    maskmill("transform", tmp_path / "tiles", "-o", tmp_path / "back", "--to", "pairs", "--untile", "--quiet")
    truth = {**masks_below(source / "trainannot"), **masks_below(source / "valannot")}
    photos = {**masks_below(source / "train"), **masks_below(source / "val")}
    tiles = {path.stem: path for path in (tmp_path / "tiles").rglob("masks/*.png")}
    assert len(tiles) == 9 * len(truth)
    for name, path in tiles.items():
        image, x, y = place_of(name)
        assert np.array_equal(np.asarray(Image.open(path)), truth[image][y:y + 150, x:x + 200]), name
    for name, mask in truth.items():
        (back,) = (tmp_path / "back").rglob(f"masks/{name}.png")
        assert np.array_equal(np.asarray(Image.open(back)), mask), name
        (photo,) = (tmp_path / "back").rglob(f"images/{name}.png")
        assert np.array_equal(np.asarray(Image.open(photo)), photos[name]), name


def test_masks_take_the_nearest_pixel_and_photos_the_mean(real_data, tmp_path):
    source = real_data / "camvid_sample"
    options = ["--from", "trainannot", "--quiet"]
    maskmill("transform", source, "-o", tmp_path / "odd", "--to", "pairs", "--resize", "177x133", *options)
    maskmill("transform", source, "-o", tmp_path / "half", "--to", "pairs", "--scale", 0.25, *options)
    truth = {**masks_below(source / "trainannot"), **masks_below(source / "valannot")}
    photos = {**masks_below(source / "train"), **masks_below(source / "val")}
    for name, mask in truth.items():
        (path,) = (tmp_path / "odd").rglob(f"masks/{name}.png")
        expected = mask[np.ix_(nearest(133, mask.shape[0]), nearest(177, mask.shape[1]))]
        assert np.array_equal(np.asarray(Image.open(path)), expected), name
        (path,) = (tmp_path / "half").rglob(f"images/{name}.png")
        height, width = mask.shape
        mean = photos[name].reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))
        assert np.abs(np.asarray(Image.open(path)) - mean).max() <= 0.5 + 1e-9, name


def objects(coco):
    """By image name: (category, pixels) of each annotation, in order."""
    found = {}
    for image in coco.dataset["images"]:
        annotations = sorted(coco.loadAnns(coco.getAnnIds(imgIds=image["id"])), key=lambda a: a["id"])
        found[pathlib.Path(image["file_name"]).stem] = [
            (coco.cats[a["category_id"]]["name"], coco.annToMask(a).astype(bool)) for a in annotations]
    return found


@pytest.mark.parametrize("cut, least", [("pixels", 1), ("polygons", 0.999)])
def test_objects_of_tiles_are_joined_to_what_they_were(real_data, tmp_path, cut, least):
    source = real_data / "formats" / "coco"
    maskmill("transform", source, "-o", tmp_path / "tiles", "--to", "coco", "--tile", "256x256", "--overlap", 32, "--cut", cut,
             "--quiet")
    maskmill("transform", tmp_path / "tiles", "-o", tmp_path / "back", "--to", "coco", "--untile", "--quiet")
    (file,) = coco_files(tmp_path / "back")
    before, after = objects(COCO(source / "annotations.json")), objects(COCO(file))
    assert before.keys() == after.keys()
    for name, truths in before.items():
        assert len(truths) == len(after[name])
        for category, truth in truths:
            best = max((truth & mask).sum() / (truth | mask).sum() for other, mask in after[name] if other == category)
            assert best >= least, (name, category)


def test_scaled_outlines_and_masks_are_scaled_points_and_nearest_pixels(real_data, tmp_path):
    source = real_data / "formats" / "coco"
    maskmill("transform", source, "-o", tmp_path / "small", "--to", "coco", "--longest-side", 300, "--quiet")
    (file,) = coco_files(tmp_path / "small")
    before, after = COCO(source / "annotations.json"), COCO(file)
    images = {pathlib.Path(image["file_name"]).stem: image for image in after.dataset["images"]}
    for image in before.dataset["images"]:
        small = images[pathlib.Path(image["file_name"]).stem]
        size = np.array([small["width"], small["height"]])
        assert size.max() == 300
        factor = size / [image["width"], image["height"]]
        pairs = zip(*(sorted(coco.loadAnns(coco.getAnnIds(imgIds=number)), key=lambda a: a["id"])
                      for coco, number in ((before, image["id"]), (after, small["id"]))), strict=True)
        for was, now in pairs:
            assert now["area"] == after.annToMask(now).sum()
            if isinstance(was["segmentation"], list):
                for ring, scaled in zip(was["segmentation"], now["segmentation"], strict=True):
                    expected = np.reshape(ring, (-1, 2)) * factor
                    assert np.abs(np.reshape(scaled, (-1, 2)) - expected).max() < 1e-9
            else:
                mask = before.annToMask(was)
                expected = mask[np.ix_(nearest(size[1], mask.shape[0]), nearest(size[0], mask.shape[1]))]
                assert np.array_equal(after.annToMask(now), expected)

# SPDX-License-Identifier: Apache-2.0
"""Datumaro reads the MVTec AD that we write, and finds the same defects, pixel by pixel."""
import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from PIL import Image as Picture

pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
from datumaro.components.annotation import AnnotationType  # noqa: E402
from datumaro.components.dataset import Dataset  # noqa: E402


def put(array, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(array).save(path)


@pytest.fixture
def metal_nut(tmp_path):
    """A category as MVTec's archives have it, and its masks by defect and number."""
    random = np.random.default_rng(11)
    root, masks = tmp_path / "metal_nut", {}
    for subset, kind, count in (("train", "good", 3), ("test", "good", 2), ("test", "scratch", 3), ("test", "bent", 2)):
        for number in range(count):
            put(random.integers(0, 255, (20, 24, 3), dtype=np.uint8), root / subset / kind / f"{number:03}.png")
            if kind != "good":
                mask = random.integers(0, 2, (10, 12)).repeat(2, 0).repeat(2, 1).astype(np.uint8) * 255
                put(mask, root / "ground_truth" / kind / f"{number:03}_mask.png")
                masks[f"{kind}/{number:03}"] = mask > 0
    return root, masks


def test_datumaro_finds_the_same_defects_in_what_we_write(metal_nut, tmp_path):
    root, truth = metal_nut
    info = maskmill_json("info", root)
    assert info["format"] == "mvtec" and info["items"] == 10
    maskmill("convert", root, "-o", tmp_path / "ours", "--to", "mvtec", "--quiet")
    for path in sorted(root.rglob("*.png")):
        ours = np.asarray(Picture.open(tmp_path / "ours" / path.relative_to(root)))
        assert np.array_equal(ours, np.asarray(Picture.open(path))), path.name
    read = Dataset.import_from(str(tmp_path / "ours"), "mvtec_segmentation")
    names = read.categories()[AnnotationType.label]
    found = {}
    for item in read:
        for annotation in item.annotations:
            if annotation.type == AnnotationType.mask and names[annotation.label].name != "good":
                found[item.id] = (names[annotation.label].name, np.asarray(annotation.image) > 0)
    assert sorted(found) == sorted(truth)
    for name, (label, mask) in found.items():
        assert label == name.split("/")[0]
        assert np.array_equal(mask, truth[name])

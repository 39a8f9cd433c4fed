# SPDX-License-Identifier: Apache-2.0
"""cityscapesScripts painted it, we converted it: its tools find the same labels, objects and groups in what we wrote."""
import pathlib

import numpy as np
import pytest
from conftest import maskmill
from PIL import Image

pytest.importorskip("cityscapesscripts", reason="not shown: cityscapesScripts is not there")
from cityscapes_scenes import tree  # noqa: E402
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as pixel_level  # noqa: E402
from cityscapesscripts.evaluation.instances2dict import instances2dict  # noqa: E402
from cityscapesscripts.helpers.csHelpers import getCsFileInfo  # noqa: E402
from cityscapesscripts.helpers.labels import id2label, labels  # noqa: E402
from cityscapesscripts.preparation.json2instanceImg import json2instanceImg  # noqa: E402
from cityscapesscripts.preparation.json2labelImg import json2labelImg  # noqa: E402

SPLITS = [("train", "aachen", 6), ("val", "lindau", 3)]


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    root = tmp_path_factory.mktemp("cityscapes") / "data"
    tree(root, 256, 128, SPLITS, 25)
    return root


def converted(source, target, to, *options):
    maskmill("convert", source, "-o", target, "--to", to, "--quiet", *options)
    return target


def pixels(path):
    return np.asarray(Image.open(path)).astype(int)


def truths(root, ending):
    return sorted(pathlib.Path(root).glob(f"gtFine/*/*/*_gtFine_{ending}"))


def same_objects(a, b, factor=1000):
    """The same label a pixel, the same plain numbers, and objects one to one."""
    label = lambda mask: np.where(mask < factor, mask, mask // factor)  # noqa: E731
    pairs = set(zip(a.ravel().tolist(), b.ravel().tolist()))
    return (np.array_equal(label(a), label(b)) and np.array_equal(a < factor, b < factor)
            and len(pairs) == len(np.unique(a)) == len(np.unique(b)))


@pytest.mark.parametrize("way", [["coco"], ["kitti"], ["kitti", "coco"], []])
def test_labels_and_objects_come_back_as_cityscapesscripts_painted_them(painted, tmp_path, way):
    folder = painted
    for step in [*way, "cityscapes"]:
        folder = converted(folder, tmp_path / f"{step}-{len(list(tmp_path.iterdir()))}", step)
    seen = 0
    for file in truths(painted, "labelIds.png"):
        assert np.array_equal(pixels(file), pixels(folder / file.relative_to(painted))), file
        seen += 1
    for file in truths(painted, "instanceIds.png"):
        assert same_objects(pixels(file), pixels(folder / file.relative_to(painted))), file
    assert seen == 9


def test_its_tools_count_the_same_objects_in_what_we_wrote(painted, tmp_path):
    out = converted(converted(painted, tmp_path / "coco", "coco"), tmp_path / "out", "cityscapes")
    for ours in truths(out, "instanceIds.png"):
        assert getCsFileInfo(str(ours)).city in ("aachen", "lindau")
        (mine,), (theirs,) = (list(instances2dict([str(file)]).values()) for file in (ours, painted / ours.relative_to(out)))
        sizes = lambda found: {name: sorted(one["pixelCount"] for one in all_of) for name, all_of in found.items()}  # noqa: E731
        assert sizes(mine) == sizes(theirs)


def test_its_evaluation_finds_our_labels_perfect(painted, tmp_path, monkeypatch):
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)  # which NumPy 2.4 no longer has
    out = converted(converted(painted, tmp_path / "coco", "coco"), tmp_path / "out", "cityscapes")
    args = pixel_level.args
    args.quiet, args.JSONOutput, args.evalInstLevelScore = True, False, True
    pairs = [(str(file), str(out / file.relative_to(painted))) for file in truths(painted, "labelIds.png")]
    result = pixel_level.evaluateImgLists([ours for _, ours in pairs], [truth for truth, _ in pairs], args)
    assert result["averageScoreClasses"] == 1


def test_training_ids_and_colours_are_those_it_makes(painted, tmp_path):
    out = converted(painted, tmp_path / "out", "cityscapes", "--write", "train-ids=true")
    for file in truths(painted, "polygons.json"):
        name = str(out / file.relative_to(painted)).replace("_polygons.json", "_labelTrainIds.png")
        json2labelImg(str(file), str(tmp_path / "train.png"), "trainIds")
        assert np.array_equal(pixels(tmp_path / "train.png"), pixels(name))
        colours = Image.open(str(file).replace("_polygons.json", "_color.png")).convert("RGB")
        assert np.array_equal(np.asarray(colours), pixels(name.replace("_labelTrainIds.png", "_color.png")))


def test_it_paints_the_polygons_that_we_wrote_as_it_painted_its_own(painted, tmp_path):
    out = converted(painted, tmp_path / "out", "cityscapes", "--read", "objects=polygons")
    for file in truths(painted, "polygons.json"):
        written = str(out / file.relative_to(painted))
        json2labelImg(written, str(tmp_path / "labels.png"))
        json2instanceImg(written, str(tmp_path / "objects.png"))
        base = str(file).replace("_polygons.json", "")
        assert np.array_equal(pixels(tmp_path / "labels.png"), pixels(base + "_labelIds.png"))
        assert np.array_equal(pixels(tmp_path / "objects.png"), pixels(base + "_instanceIds.png"))
        # It adds the pixels under an outline, we do not.
        agree = (pixels(base + "_labelIds.png") == pixels(written.replace("_polygons.json", "_labelIds.png"))).mean()
        assert agree > 0.93


def test_kitti_is_what_its_development_kit_says(painted, tmp_path):
    out = converted(painted, tmp_path / "kitti", "kitti")
    files = sorted(out.glob("*/instance/*/*.png"))
    assert len(files) == 9
    for file in files:
        numbers, semantic = pixels(file), pixels(str(file).replace("/instance/", "/semantic/"))
        assert np.array_equal(numbers // 256, semantic)
        objects = np.unique(numbers[numbers % 256 > 0])
        assert all(id2label[value // 256].hasInstances for value in objects)
        for label in labels:
            of_label = sorted(value % 256 for value in objects if value // 256 == label.id)
            assert of_label == list(range(1, len(of_label) + 1))


def test_datumaro_reads_ours(painted, tmp_path):
    dm = pytest.importorskip("datumaro", reason="not shown: datumaro is not there")
    kitti = dm.Dataset.import_from(str(converted(painted, tmp_path / "kitti", "kitti")), "kitti_segmentation")
    cityscapes = dm.Dataset.import_from(str(converted(painted, tmp_path / "city", "cityscapes")), "cityscapes")
    assert len(kitti) == len(cityscapes) == 9
    for item in kitti:
        numbers = pixels(tmp_path / "kitti" / item.subset / "instance" / (item.id + ".png"))
        for mask in item.annotations:
            assert np.array_equal(mask.image.astype(bool), numbers == mask.label * 256 + mask.id)
        assert len(item.annotations) == len(np.unique(numbers))

# SPDX-License-Identifier: Apache-2.0
"""Ultralytics, supervision and datumaro read the YOLO that convert writes and find the same; we read what they wrote."""
import json
import pathlib

import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from PIL import Image

SIZE = (640, 427)


def ring(*points):
    return [coordinate for point in points for coordinate in point]


POLYGONS = {
    "a": [(0, ring((10.25, 10), (200, 12.5), (180.75, 300), (33, 250.125))), (1, ring((300, 20), (420, 20), (360, 200)))],
    "b": [(1, ring((1, 1), (639, 1), (639, 426), (320, 200), (1, 426)))],
    "c": [],
}


@pytest.fixture(scope="session")
def coco(tmp_path_factory):
    """COCO of three images in two subsets, with polygons of one part."""
    folder = tmp_path_factory.mktemp("yolo") / "coco"
    categories = [{"id": 5, "name": "cat"}, {"id": 9, "name": "big dog"}]
    for subset, names in {"train": ["a", "c"], "val": ["b"]}.items():
        (folder / "images" / subset).mkdir(parents=True)
        images, annotations = [], []
        for name in names:
            noise = np.random.default_rng(ord(name)).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / "images" / subset / f"{name}.png")
            images.append({"id": len(images) + 1, "file_name": f"{name}.png", "width": SIZE[0], "height": SIZE[1]})
            for label, polygon in POLYGONS[name]:
                x, y = polygon[::2], polygon[1::2]
                annotations.append({"id": len(annotations) + 1, "image_id": len(images), "category_id": [5, 9][label],
                                    "segmentation": [polygon], "iscrowd": 0, "area": 1.0,
                                    "bbox": [min(x), min(y), max(x) - min(x), max(y) - min(y)]})
        (folder / "annotations").mkdir(exist_ok=True)
        (folder / "annotations" / f"instances_{subset}.json").write_text(
            json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return folder


@pytest.fixture(scope="session")
def ours(coco):
    maskmill("convert", coco, "-o", coco.parent / "ours", "--to", "yolo", "--quiet")
    return coco.parent / "ours"


def expected_boxes(name):
    boxes = []
    for label, polygon in POLYGONS[name]:
        x, y = np.array(polygon[::2]), np.array(polygon[1::2])
        boxes.append([label, x.min(), y.min(), x.max(), y.max()])
    return np.array(boxes).reshape(-1, 5)


def subset_of(name):
    return "val" if name == "b" else "train"


def ultralytics_labels(image, classes=2, keypoints=False, count=0, values=0):
    """What Ultralytics makes of an image and its label file."""
    utils = pytest.importorskip("ultralytics.data.utils", reason="not shown: ultralytics is not installed")
    (label_file,) = utils.img2label_paths([str(image)])
    result = utils.verify_image_label((str(image), label_file, "", keypoints, classes, count, values, False))
    return {"labels": result[1], "segments": result[3], "keypoints": result[4], "corrupt": result[8], "message": result[9]}


@pytest.mark.parametrize("name", POLYGONS)
def test_ultralytics_finds_the_same_polygons_and_boxes(ours, name):
    read = ultralytics_labels(ours / "images" / subset_of(name) / f"{name}.png")
    assert read["corrupt"] == 0 and not read["message"]
    assert len(read["segments"]) == len(POLYGONS[name])
    for segment, (label, polygon), row in zip(read["segments"], POLYGONS[name], read["labels"]):
        assert int(row[0]) == label
        assert np.allclose(segment * np.array(SIZE), np.array(polygon).reshape(-1, 2), atol=1e-4)


def test_ultralytics_takes_the_description(ours):
    utils = pytest.importorskip("ultralytics.data.utils", reason="not shown: ultralytics is not installed")
    data = utils.check_det_dataset(str(ours / "data.yaml"), autodownload=False)
    assert data["names"] == {0: "cat", 1: "big dog"}
    assert pathlib.Path(data["train"]) == ours.resolve() / "images" / "train"


def test_ultralytics_does_not_read_boxes_beside_polygons(tmp_path):
    """Why the mixture is reported: the image is left out or, by older releases, the box misread."""
    (tmp_path / "images").mkdir(), (tmp_path / "labels").mkdir()
    Image.new("RGB", (100, 50)).save(tmp_path / "images" / "a.png")
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.6\n")
    read = ultralytics_labels(tmp_path / "images" / "a.png")
    assert read["corrupt"] or not np.allclose(read["labels"][0][1:], [0.5, 0.5, 0.2, 0.4], atol=1e-3)


def test_a_joined_ring_is_what_ultralytics_own_converter_makes_of_parts(tmp_path):
    converter = pytest.importorskip("ultralytics.data.converter", reason="not shown: ultralytics is not installed")
    mask_utils = pytest.importorskip("pycocotools.mask")
    parts = [ring((5, 5), (35, 5), (35, 35), (5, 35)), ring((60, 5), (80, 5), (80, 25), (60, 25)), ring((60, 40), (70, 40), (65, 48))]
    folder = tmp_path / "coco"
    folder.mkdir()
    Image.new("RGB", (100, 50)).save(folder / "a.png")
    (folder / "annotations.json").write_text(json.dumps({
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 50}], "categories": [{"id": 1, "name": "x"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": parts, "area": 1, "iscrowd": 0, "bbox": [5, 5, 75, 43]}]}))
    maskmill("convert", folder, "-o", tmp_path / "ours", "--to", "yolo", "--quiet")
    (row,) = (tmp_path / "ours" / "labels" / "a.txt").read_text().splitlines()
    joined = (np.array(row.split()[1:], dtype=float).reshape(-1, 2) * [100, 50]).ravel().tolist()
    theirs = np.concatenate(converter.merge_multi_segment(parts), axis=0).ravel().tolist()
    runs = [mask_utils.merge(mask_utils.frPyObjects([polygon], 50, 100)) for polygon in (joined, theirs)]
    truth = mask_utils.merge(mask_utils.frPyObjects(parts, 50, 100))
    assert mask_utils.iou([runs[0]], [truth], [0])[0][0] == 1
    assert mask_utils.iou([runs[1]], [truth], [0])[0][0] > 0.98


@pytest.mark.parametrize("name", POLYGONS)
def test_supervision_finds_the_same_boxes(ours, name):
    supervision = pytest.importorskip("supervision", reason="not shown: supervision is not installed")
    subset = subset_of(name)
    read = supervision.DetectionDataset.from_yolo(str(ours / "images" / subset), str(ours / "labels" / subset), str(ours / "data.yaml"))
    assert read.classes == ["cat", "big dog"]
    detections = read.annotations[str(ours / "images" / subset / f"{name}.png")]
    expected = expected_boxes(name)
    assert len(detections) == len(expected)
    if len(expected):
        assert detections.class_id.tolist() == expected[:, 0].astype(int).tolist()
        assert np.allclose(detections.xyxy, expected[:, 1:], atol=1e-2)


def test_datumaro_finds_the_same_boxes(coco, tmp_path):
    datumaro = pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
    maskmill("convert", coco, "-o", tmp_path / "boxes", "--to", "yolo", "--write", "task=detect", "--quiet")
    read = datumaro.Dataset.import_from(str(tmp_path / "boxes"), "yolo")
    found = {pathlib.Path(item.id).name: np.array([[a.label, *a.points] for a in item.annotations]).reshape(-1, 5)
             for item in read}
    assert found.keys() == POLYGONS.keys()
    for name, boxes in found.items():
        assert np.allclose(boxes, expected_boxes(name), atol=1e-2), name


def test_we_find_what_supervision_wrote(ours, tmp_path):
    supervision = pytest.importorskip("supervision", reason="not shown: supervision is not installed")
    read = supervision.DetectionDataset.from_yolo(str(ours / "images/train"), str(ours / "labels/train"), str(ours / "data.yaml"))
    boxes = {path: supervision.Detections(xyxy=d.xyxy, class_id=d.class_id) for path, d in read.annotations.items()}
    written = supervision.DetectionDataset(read.classes, list(boxes), boxes)
    written.as_yolo(str(tmp_path / "images"), str(tmp_path / "labels"), str(tmp_path / "data.yaml"))
    maskmill("convert", tmp_path, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--quiet")
    info = maskmill_json("info", tmp_path)
    assert info["format"] == "yolo" and info["items"] == 2 and info["annotations"] == 2
    (file,) = [path for path in (tmp_path / "coco").rglob("*.json") if "provenance" not in path.name]
    document = json.loads(file.read_text())
    names = {category["id"]: category["name"] for category in document["categories"]}
    for annotation, expected in zip(document["annotations"], expected_boxes("a")):
        x, y, width, height = annotation["bbox"]
        assert names[annotation["category_id"]] == ["cat", "big dog"][int(expected[0])]
        assert np.allclose([x, y, x + width, y + height], expected[1:], atol=0.02)


def test_ultralytics_results_are_read_as_predictions(ours, tmp_path):
    results = pytest.importorskip("ultralytics.engine.results", reason="not shown: ultralytics is not installed")
    torch = pytest.importorskip("torch")
    image = np.asarray(Image.open(ours / "images/val/b.png"))
    predicted = results.Results(image, path="b.png", names={0: "cat", 1: "big dog"},
                                boxes=torch.tensor([[10.0, 20.0, 110.0, 220.0, 0.875, 1.0]]))
    predicted.save_txt(tmp_path / "labels" / "b.txt", save_conf=True)
    maskmill("convert", "yolo:" + str(tmp_path), "-o", tmp_path / "cvat.xml", "--to", "cvat", "--media", "none", "--quiet",
             "--read", f"images={ours / 'images/val'}", "--read", "labels=labels", "--read", f"names={ours / 'data.yaml'}")
    text = (tmp_path / "cvat.xml").read_text()
    assert 'label="big dog"' in text and 'score="0.875"' in text
    box = dict(part.split("=") for part in text[text.index("<box"):].replace('"', "").split(">")[0].split() if "=" in part)
    assert np.allclose([float(box[key]) for key in ("xtl", "ytl", "xbr", "ybr")], [10, 20, 110, 220], atol=1e-2)

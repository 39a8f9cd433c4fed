# SPDX-License-Identifier: Apache-2.0
"""Panoptic files that convert writes are what panopticapi's evaluation asks for, and datumaro reads them; we read datumaro's."""
import collections
import json
import pathlib

import numpy as np
import pytest
from conftest import maskmill, maskmill_json
from PIL import Image

COLOURS = {1: (220, 20, 60), 2: (0, 0, 142), 7: (78, 180, 255)}


def ids_of(png):
    rgb = np.asarray(Image.open(png)).astype(np.uint32)
    assert rgb.ndim == 3 and rgb.shape[2] == 3
    return rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]


def write_png(path, ids):
    planes = [(ids >> shift) & 255 for shift in (0, 8, 16)]
    Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8)).save(path)


def panoptic_quality(truth_json, predicted_json):
    """PQ by category id, by the definition of Kirillov et al., "Panoptic Segmentation", 2019, section 4: segments of one category match
    where their intersection over union exceeds 0.5; void pixels of the truth do not count, and neither do predictions that mostly lie in void
    or in a crowd of their category. Fails where JSON and PNG of the prediction do not have the same segments."""
    truth, predicted = (json.loads(pathlib.Path(file).read_text()) for file in (truth_json, predicted_json))
    folders = [pathlib.Path(file).with_suffix("") for file in (truth_json, predicted_json)]
    names = {image["id"]: image["file_name"] for image in predicted["images"]}
    by_name = {names[one["image_id"]]: one for one in predicted["annotations"]}
    true_names = {image["id"]: image["file_name"] for image in truth["images"]}
    iou_sum, hits, misses, extras = (collections.Counter() for _ in range(4))
    for annotation in truth["annotations"]:
        other = by_name[true_names[annotation["image_id"]]]
        t, p = ids_of(folders[0] / annotation["file_name"]), ids_of(folders[1] / other["file_name"])
        true_segments = {one["id"]: one for one in annotation["segments_info"]}
        found_segments = {one["id"]: one for one in other["segments_info"]}
        assert set(np.unique(p)) - {0} == set(found_segments), "ids that only one of JSON and PNG has"
        pairs = dict(zip(*[x.tolist() for x in np.unique(t.astype(np.uint64) << np.uint64(24) | p, return_counts=True)]))
        overlap = collections.defaultdict(int, {(key >> 24, key & 0xFFFFFF): count for key, count in pairs.items()})
        matched_truths, matched_finds = set(), set()
        for (i, k), both in list(overlap.items()):
            if i not in true_segments or k not in found_segments or true_segments[i]["iscrowd"]:
                continue
            category = true_segments[i]["category_id"]
            if category != found_segments[k]["category_id"]:
                continue
            union = (t == i).sum() + (p == k).sum() - both - overlap[(0, k)]
            if both / union > 0.5:
                iou_sum[category] += both / union
                hits[category] += 1
                matched_truths.add(i)
                matched_finds.add(k)
        for i, one in true_segments.items():
            misses[one["category_id"]] += i not in matched_truths and not one["iscrowd"]
        for k, one in found_segments.items():
            if k in matched_finds:
                continue
            ignored = overlap[(0, k)] + sum(overlap[(i, k)] for i, true in true_segments.items()
                                            if true["iscrowd"] and true["category_id"] == one["category_id"])
            extras[one["category_id"]] += ignored / (p == k).sum() <= 0.5
    return {category: iou_sum[category] / (hits[category] + misses[category] / 2 + extras[category] / 2)
            for category in set(hits) | set(misses) | set(extras) if hits[category] + misses[category] + extras[category]}


@pytest.fixture
def truth(tmp_path):
    """Two images with things of one category that touch, a crowd, stuff and void, drawn by numpy and Pillow."""
    folder = tmp_path / "truth"
    (folder / "annotations" / "panoptic_val2017").mkdir(parents=True)
    (folder / "images").mkdir()  # which datumaro asks for
    random = np.random.default_rng(4)
    images, annotations = [], []
    for number in (7, 900):
        ids = np.full((48, 64), 0xFFB44E, np.uint32)
        categories = {0xFFB44E: (7, 0)}
        for k in range(9):
            one = int(random.integers(1, 1 << 24))
            x, y = random.integers(0, 50), random.integers(0, 36)
            ids[y:y + random.integers(4, 12), x:x + random.integers(4, 14)] = one
            categories[one] = (1 + k % 2, int(k == 3))
        ids[40:, :20] = 0
        segments = []
        for one in np.unique(ids):
            if one == 0:
                continue
            rows, columns = np.nonzero(ids == one)
            category, crowd = categories[int(one)]
            segments.append({"id": int(one), "category_id": category, "iscrowd": crowd, "area": len(rows),
                             "bbox": [int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]})
        write_png(folder / "annotations" / "panoptic_val2017" / f"{number:012}.png", ids)
        images.append({"id": number, "file_name": f"{number:012}.jpg", "width": 64, "height": 48})
        annotations.append({"image_id": number, "file_name": f"{number:012}.png", "segments_info": segments})
    categories = [{"id": key, "name": name, "isthing": thing, "color": COLOURS[key], "supercategory": "s"}
                  for key, name, thing in ((1, "person", 1), (2, "car", 1), (7, "sky", 0))]
    (folder / "annotations" / "panoptic_val2017.json").write_text(
        json.dumps({"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}))
    return folder


def json_of(folder):
    (file,) = pathlib.Path(folder).glob("annotations/panoptic*.json")
    return file


def test_a_round_trip_keeps_every_pixel_and_every_segment(truth, tmp_path):
    out = tmp_path / "out"
    report = maskmill_json("convert", truth, "-o", out, "--to", "coco_panoptic", "--media", "none")
    assert report["items"] == 2 and report["losses"] == []
    before, after = (json.loads(json_of(folder).read_text()) for folder in (truth, out))
    assert before["categories"] == [{key: one[key] for key in before["categories"][0]} for one in after["categories"]]
    for one, other in zip(before["annotations"], after["annotations"]):
        assert np.array_equal(*(ids_of(json_of(folder).with_suffix("") / name["file_name"])
                                for folder, name in ((truth, one), (out, other))))
        sort = lambda annotation: sorted(annotation["segments_info"], key=lambda segment: segment["id"])  # noqa: E731
        assert sort(one) == sort(other) and one["image_id"] == other["image_id"]
    assert set(panoptic_quality(json_of(truth), json_of(out)).values()) == {1.0}


def test_through_coco_and_back_the_quality_is_1(truth, tmp_path):
    maskmill("convert", truth, "-o", tmp_path / "coco", "--to", "coco", "--media", "none", "--quiet")
    maskmill("convert", tmp_path / "coco", "-o", tmp_path / "back", "--to", "coco_panoptic", "--media", "none", "--quiet")
    quality = panoptic_quality(json_of(truth), json_of(tmp_path / "back"))
    assert quality == {1: 1.0, 2: 1.0, 7: 1.0}


def test_evaluate_has_the_same_quality(truth, tmp_path):
    """What is predicted is the truth, moved, so that matches, misses, extras and crowds all occur."""
    for number, (down, right) in enumerate([(0, 0), (1, 2), (3, 0), (6, 5), (12, 9)]):
        out = tmp_path / str(number)
        maskmill("convert", truth, "-o", out, "--to", "coco_panoptic", "--media", "none", "--quiet")
        document = json.loads(json_of(out).read_text())
        for annotation in document["annotations"]:
            png = json_of(out).with_suffix("") / annotation["file_name"]
            write_png(png, np.roll(ids_of(png), (down, right), axis=(0, 1)))
        expected = panoptic_quality(json_of(truth), json_of(out))
        names = {one["id"]: one["name"] for one in document["categories"]}
        found = maskmill_json("evaluate", truth, out, "--metrics", "panoptic")["panoptic"]
        assert {one["name"]: one["PQ"] for one in found["classes"]} == pytest.approx(
            {names[key]: quality for key, quality in expected.items()}, abs=1e-12)
        assert found["PQ"] == pytest.approx(sum(expected.values()) / len(expected), abs=1e-12)


def test_a_changed_prediction_has_a_lower_quality(truth, tmp_path):
    out = tmp_path / "out"
    maskmill("convert", truth, "-o", out, "--to", "coco_panoptic", "--media", "none", "--quiet")
    file = json_of(out)
    changed = json.loads(file.read_text())
    for segment in changed["annotations"][0]["segments_info"]:
        segment["category_id"] = 1
    file.write_text(json.dumps(changed))
    assert min(panoptic_quality(json_of(truth), file).values()) < 1


def test_masks_become_segments_that_cover_the_same_pixels(shapes, tmp_path):
    maskmill("convert", shapes, "-o", tmp_path / "out", "--to", "coco_panoptic", "--media", "none", "--quiet")
    file = json_of(tmp_path / "out")
    data = json.loads(file.read_text())
    names = {image["id"]: pathlib.Path(image["file_name"]).stem for image in data["images"]}
    for annotation in data["annotations"]:
        ids = ids_of(file.with_suffix("") / annotation["file_name"])
        painted = np.full(ids.shape, 255)
        for segment in annotation["segments_info"]:
            where = ids == segment["id"]
            rows, columns = np.nonzero(where)
            assert segment["area"] == where.sum()
            assert segment["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            painted[where] = segment["category_id"]
        truth = np.asarray(Image.open(shapes / "masks" / (names[annotation["image_id"]] + ".png")))
        known = painted != 255
        assert np.array_equal(painted[known], truth[known]) and len(np.unique(truth[~known])) <= 1


def segments_by_datumaro(folder):
    """(image, category, pixels) of each segment as datumaro reads them."""
    datumaro = pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
    (folder / "images").mkdir(exist_ok=True)
    data = datumaro.Dataset.import_from(str(folder), "coco_panoptic")
    names = [label.name for label in data.categories()[datumaro.AnnotationType.label]]
    return sorted((item.id, names[one.label], one.image.tobytes()) for item in data for one in item.annotations
                  if one.type == datumaro.AnnotationType.mask)


def test_datumaro_reads_ours_as_it_reads_the_original(truth, tmp_path):
    maskmill("convert", truth, "-o", tmp_path / "out", "--to", "coco_panoptic", "--media", "none", "--quiet")
    before, after = segments_by_datumaro(truth), segments_by_datumaro(tmp_path / "out")
    assert len(before) > 10 and before == after


def test_we_read_what_datumaro_writes(truth, tmp_path):
    datumaro = pytest.importorskip("datumaro", reason="not shown: datumaro is not installed")
    datumaro.Dataset.import_from(str(truth), "coco_panoptic").export(str(tmp_path / "theirs"), "coco_panoptic", save_media=False)
    out = tmp_path / "out"
    maskmill("convert", tmp_path / "theirs", "-o", out, "--from", "coco_panoptic", "--to", "coco_panoptic", "--media", "none", "--quiet",
             expect=0)
    assert segments_by_datumaro(tmp_path / "theirs") == segments_by_datumaro(out)

# SPDX-License-Identifier: Apache-2.0
"""aerial_peer.py draw OUT, or aerial_peer.py review FOLDER pillow|opencv PROCESSES: for aerial.py, in a Python that has them.

`draw` makes 40 pairs of 6000x4000: a JPEG of some 8 MB that looks like a street from above, and a mask of 23 labels.
`review` looks at the pairs as the notebook does that people have for such data: are names and sizes those of pairs, which
values has each mask, how many masks have each label; what it finds goes into two CSV files. Prints seconds, without the
interpreter's start and the imports, and the number of pairs."""
import collections
import csv
import multiprocessing
import pathlib
import sys
import tempfile
import time

import cv2
import numpy as np
import PIL.Image

PIL.Image.MAX_IMAGE_PIXELS = None
SIZE, PAIRS, LABELS = (6000, 4000), 40, 23
cv2.setNumThreads(1)


def noise(draw, cells, size=SIZE):
    return cv2.resize(draw.standard_normal((cells * size[1] // size[0] + 2, cells + 2)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)


def draw_pair(number, out):
    """Ground of eight labels with winding borders, things of the others upon it; each label has its colour and grain."""
    draw = np.random.default_rng([11, number])
    small = (SIZE[0] // 4, SIZE[1] // 4)
    fields = [noise(draw, 5, small) + 0.35 * noise(draw, 24, small) + 0.1 * noise(draw, 120, small) for _ in range(8)]
    mask = np.zeros(SIZE[::-1], np.uint8)
    best = np.full(SIZE[::-1], -np.inf, np.float32)
    for label, field in enumerate(fields):
        field = cv2.resize(field, SIZE, interpolation=cv2.INTER_LINEAR)
        mask[field > best] = label
        np.maximum(best, field, out=best)
    for _ in range(120):
        label, centre = int(draw.integers(8, LABELS)), draw.uniform(0, 1, 2) * SIZE
        angles = np.sort(draw.uniform(0, 2 * np.pi, draw.integers(5, 40)))
        radii = draw.uniform(25, 260) * draw.uniform(0.7, 1.2, len(angles))
        ring = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
        cv2.fillPoly(mask, [ring.astype(np.int32)], label)
    colours = np.random.default_rng(12).integers(30, 220, (256, 3)).astype(np.float32)
    rough = np.random.default_rng(13).uniform(2, 18, 256).astype(np.float32)
    light = 1 + 0.15 * noise(draw, 6)
    texture = 0.6 * noise(draw, 700) + 0.6 * noise(draw, 2500) + 0.5 * draw.standard_normal(SIZE[::-1], np.float32)
    texture *= cv2.LUT(mask, rough)
    image = np.empty((*SIZE[::-1], 3), np.uint8)
    for channel in range(3):
        plane = cv2.GaussianBlur(cv2.LUT(mask, colours[:, channel].copy()), None, 1.5)
        image[..., channel] = np.clip(plane * light + texture, 0, 255)
    cv2.imwrite(str(out / "images" / f"{number:03}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    cv2.imwrite(str(out / "masks" / f"{number:03}.png"), mask)


def review_pair(paths_and_reader):
    (image_path, mask_path), reader = paths_and_reader
    if reader == "pillow":
        image, mask = np.array(PIL.Image.open(image_path)), np.array(PIL.Image.open(mask_path))
    else:
        image, mask = cv2.imread(str(image_path)), cv2.imread(str(mask_path), cv2.IMREAD_UNCHANGED)
    values = np.unique(mask)
    return image.shape[:2] == mask.shape, [int(value) for value in values]


def review(folder, reader, processes):
    start = time.perf_counter()
    images, masks = (sorted((folder / kind).iterdir()) for kind in ("images", "masks"))
    assert [path.stem for path in images] == [path.stem for path in masks]
    work = [(pair, reader) for pair in zip(images, masks)]
    if processes == 1:
        found = [review_pair(entry) for entry in work]
    else:
        with multiprocessing.Pool(processes) as pool:
            found = pool.map(review_pair, work, chunksize=1)
    counts = collections.Counter(value for _, values in found for value in values)
    with tempfile.TemporaryDirectory() as out:
        with open(pathlib.Path(out) / "df_data.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["img_rgb", "img_mask", "label_min", "label_max", "label_unique", "label_id_list"])
            rows.writerows([image, mask, values[0], values[-1], len(values), values] for image, mask, (_, values) in zip(images, masks, found))
        with open(pathlib.Path(out) / "df_label.csv", "w", newline="") as file:
            csv.writer(file).writerows([value, f"unknown_{value}", count] for value, count in sorted(counts.items()))
    assert all(same for same, _ in found) and len(counts) == LABELS
    print(f"{time.perf_counter() - start:.4f} {len(found)}")


if sys.argv[1] == "draw":
    target = pathlib.Path(sys.argv[2])
    for kind in ("images", "masks"):
        (target / kind).mkdir(parents=True)
    for pair in range(PAIRS):
        draw_pair(pair, target)
else:
    review(pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

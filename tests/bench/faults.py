# SPDX-License-Identifier: Apache-2.0
"""faults.py DATA OUT [--seed N] [--clean N] [--jobs N]: data sets with faults of stated kinds and magnitudes among clean items.

It knows nothing of the rules of `maskmill check`: the kinds are what goes wrong with people's data. DATA holds the real
pictures, OUT must not exist. Written are the data sets

  masks       pairs: the clean items, and items whose masks are wrong or missing
  pictures    pairs: the same clean items, and items whose pictures are wrong or missing
  duplicates  pairs: the same clean items, copies of some of them, frames of one video, and bursts of one camera
  coco, coco-2, coco-3
              the same clean items with instances, and items whose annotations are wrong
  sets/*      small ones for what befalls a whole data set, and as many clean ones

and truth.json: {"seed", "clean": {data set: {item: natural or composed}},
"faults": [{"dataset", "kind", "magnitude", "items"}]}, where an item is "subset/name". Of two swapped masks both are items of
one fault, of a copy the copy and its original, of a video all frames; without items the fault is the data set's."""
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import collections
import dataclasses
import functools
import io
import itertools
import json
import multiprocessing
import pathlib
import shutil
import struct

import cv2
import numpy as np
import PIL.Image

import scenes
from scenes import LABELS, SUBSETS, VOID

cv2.setNumThreads(1)  # a process that has started OpenCV's threads cannot be forked
CAMERAS = ("Canon EOS 70D", "NIKON D750", "Apple iPhone 8")
TURNS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_CLOCKWISE}  # from the displayed to the stored


@dataclasses.dataclass
class Item:
    """What is written of an item: arrays until encode(), bytes afterwards; no bytes, no file."""
    subset: str
    name: str
    image: np.ndarray
    mask: np.ndarray
    quality: int  # of the JPEG; 0: a PNG
    taken: str = ""
    camera: str = ""
    orientation: int = 1
    image_ext: str = ""
    mask_ext: str = ".png"
    image_bytes: bytes | None = None
    mask_bytes: bytes | None = None

    @property
    def id(self):
        return f"{self.subset}/{self.name}"

    def encode(self):
        self.image_ext = self.image_ext or (".jpg" if self.quality else ".png")
        if self.image_bytes is None:
            self.image_bytes = encoded(self.image, self.quality)
            if self.quality and (self.taken or self.orientation != 1):
                self.image_bytes = self.image_bytes[:2] + exif(self.orientation, self.taken, self.camera) + self.image_bytes[2:]
        if self.mask_bytes is None:
            self.mask_bytes = encoded(self.mask, 0)
        return self

    def write(self, root):
        self.encode()
        for folder, ext, data in (("images", self.image_ext, self.image_bytes), ("masks", self.mask_ext, self.mask_bytes)):
            if data:
                (root / self.subset / folder / (self.name + ext)).write_bytes(data)


def encoded(array, quality):
    """JPEG of that quality; PNG where it is 0."""
    ok, data = (cv2.imencode(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, quality]) if quality else
                cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 1 if array.ndim > 2 else 3]))
    assert ok
    return data.tobytes()


def decoded(data, flags=cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION):
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def exif(orientation, taken, camera):
    """An APP1 segment with Orientation and, where there is a time, Make, Model and DateTimeOriginal."""
    first = [(0x0112, 3, 1, struct.pack("<HH", orientation, 0))]
    if taken:
        make = camera.split()[0]
        first = [(0x010F, 2, len(make) + 1, make.encode() + b"\0"), (0x0110, 2, len(camera) + 1, camera.encode() + b"\0"), *first]
        size = 2 + 12 * 4 + 4 + sum(len(value) for _, _, _, value in first if len(value) > 4)
        first.append((0x8769, 4, 1, struct.pack("<I", 8 + size)))
    tiff = b"II*\0" + struct.pack("<I", 8)
    tiff += directory(first, len(tiff))
    if taken:
        tiff += directory([(0x9003, 2, 20, taken.encode() + b"\0")], len(tiff))
    return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff


def directory(entries, start):
    """A TIFF directory at that offset: tag, type, count and value; a value of more than four bytes lies behind it."""
    table, data = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in entries:
        table += struct.pack("<HHI", tag, kind, count)
        if len(value) > 4:
            table += struct.pack("<I", start + 2 + 12 * len(entries) + 4 + len(data))
            data += value
        else:
            table += value
    return table + struct.pack("<I", 0) + data


# What goes wrong with masks: each takes the item, the magnitude in words and the numbers in it, and a generator of numbers.

def mask_saved_as_jpeg(item, words, numbers, draw):
    item.mask_bytes, item.mask_ext = encoded(item.mask, int(numbers[0])), ".jpg"


def mask_once_jpeg(item, words, numbers, draw):
    item.mask = decoded(encoded(item.mask, int(numbers[0])), cv2.IMREAD_GRAYSCALE)


def mask_smoothed(item, words, numbers, draw):
    height, width = item.mask.shape
    small = scenes.resized_mask(item.mask, (int(width * numbers[0]), int(height * numbers[0])))
    item.mask = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def mask_shifted(item, words, numbers, draw):
    pixels = int(numbers[0])
    dx, dy = [(1, 0), (-1, 0), (0, 1), (0, -1)][draw.integers(4)]
    padded = cv2.copyMakeBorder(item.mask, pixels, pixels, pixels, pixels, cv2.BORDER_REPLICATE)
    height, width = item.mask.shape
    y, x = pixels * (1 - dy), pixels * (1 - dx)
    item.mask = padded[y:y + height, x:x + width].copy()


def mask_flipped(item, words, numbers, draw):
    item.mask = cv2.flip(item.mask, {"left": 1, "top": 0, "by": -1}[words.split()[0]])


def mask_turned(item, words, numbers, draw):
    item.mask = cv2.rotate(item.mask, [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE][draw.integers(2)])


def exif_not_in_mask(item, words, numbers, draw):
    item.orientation, item.quality = int(numbers[0]), item.quality or 90
    item.image, item.mask = (cv2.rotate(array, TURNS[item.orientation]) for array in (item.image, item.mask))


def unknown_value(item, words, numbers, draw):
    height, width = item.mask.shape
    side = 1 if "pixel" in words else max(2, int((numbers[0] / 100 * height * width) ** 0.5))
    y, x = draw.integers(0, height - side), draw.integers(0, width - side)
    item.mask[y:y + side, x:x + side] = 77


def mask_missing(item, words, numbers, draw):
    item.mask_bytes = b""


def mask_truncated(item, words, numbers, draw):
    data = item.encode().mask_bytes
    item.mask_bytes = data[:int(len(data) * (1 - numbers[0] / 100))]


def size_differs(item, words, numbers, draw):
    height, width = item.mask.shape
    if "pixel" in words:
        item.mask = item.mask[:, :-1]
    else:
        item.mask = cv2.resize(item.mask, (round(width * numbers[0]), round(height * numbers[0])), interpolation=cv2.INTER_NEAREST)


def mask_empty(item, words, numbers, draw):
    item.mask[:] = VOID if words == "all void" else 0


def scatter(item, count, side, fits, value_at, draw):
    """`count` squares of that side where `fits` holds 4 pixels around them."""
    inner = cv2.erode(fits.astype(np.uint8), np.ones((9 + side, 9 + side)), borderValue=0)
    ys, xs = np.nonzero(inner)
    for i in draw.integers(0, len(ys), count) if len(ys) else ():
        y, x = ys[i] - side // 2, xs[i] - side // 2
        item.mask[y:y + side, x:x + side] = value_at(item.mask[y, x])
    return len(ys) > 0


def mask_specks(item, words, numbers, draw):
    uniform = (item.mask != VOID) & (cv2.erode(item.mask, np.ones((3, 3))) == cv2.dilate(item.mask, np.ones((3, 3))))
    return scatter(item, int(numbers[0]), int(numbers[1]), uniform, lambda here: draw.choice([label for label in (1, 2, 3, 9) if label != here]), draw)


def mask_holes(item, words, numbers, draw):
    labels = [label for label in np.unique(item.mask) if label not in (0, VOID)]
    areas = [(item.mask == label).sum() for label in labels]
    return scatter(item, int(numbers[0]), int(numbers[1]), item.mask == labels[int(np.argmax(areas))], lambda here: 0, draw)


def mask_rgb(item, words, numbers, draw):
    item.mask_bytes = encoded(cv2.merge([item.mask] * 3), 0)


def mostly_void(item, words, numbers, draw):
    height, width = item.mask.shape
    keep = (1 - numbers[0] / 100) ** 0.5
    h, w = int(height * keep), int(width * keep)
    y, x = draw.integers(0, height - h), draw.integers(0, width - w)
    window = item.mask[y:y + h, x:x + w].copy()
    item.mask[:] = VOID
    item.mask[y:y + h, x:x + w] = window


# What goes wrong with pictures.

def image_missing(item, words, numbers, draw):
    item.image_bytes, item.image_ext = b"", ".jpg"


def image_truncated(item, words, numbers, draw):
    item.quality = 90 if words.startswith("JPEG") else 0
    data = item.encode().image_bytes
    item.image_bytes = data[:-int(numbers[0])] if "bytes" in words else data[:int(len(data) * (1 - numbers[0] / 100))]


def wrong_extension(item, words, numbers, draw):
    kind, ext = words.split(" named ")
    item.image_bytes = cv2.imencode("." + kind.lower(), item.image)[1].tobytes()
    item.image_ext = ext


def sixteen_bits(item, words, numbers, draw):
    item.quality = 0
    item.image = item.image.astype(np.uint16) * (257 if words == "full range" else 16)


def cmyk(item, words, numbers, draw):
    file = io.BytesIO()
    PIL.Image.fromarray(item.image[..., ::-1]).convert("CMYK").save(file, "JPEG", quality=90)
    item.image_bytes, item.image_ext = file.getvalue(), ".jpg"


def alpha(item, words, numbers, draw):
    item.quality = 0
    opacity = np.full(item.mask.shape, 255, np.uint8)
    if words != "opaque":
        opacity[item.mask == 0] = 0
    item.image = np.dstack([item.image, opacity])


def black(item, words, numbers, draw):
    item.image = (item.image.astype(np.uint16) * int(numbers[0]) // 255).astype(np.uint8)


def blown_out(item, words, numbers, draw):
    least = int(numbers[0])
    item.image = (least + item.image.astype(np.uint16) * (255 - least) // 255).astype(np.uint8)


def outlier_size(item, words, numbers, draw):
    size = (int(numbers[0]), int(numbers[1]))
    if size[0] > 10 * size[1]:
        rows = max(4, item.image.shape[1] * size[1] // size[0])
        top = int(draw.integers(0, item.image.shape[0] - rows))
        item.image, item.mask = item.image[top:top + rows], item.mask[top:top + rows]
    item.image, item.mask = scenes.resized(item.image, size), scenes.resized_mask(item.mask, size)
    item.quality = 85


def untouched(item, words, numbers, draw):
    """Swapped masks: done once all are written."""


OBLONG, UPRIGHT, SQUARE = (500, 375), (375, 500), (400, 400)

# Data set, kind, magnitudes, items of each, what does it, and the sizes that it needs.
FAULTS = [
    ("masks", "mask saved as JPEG", ("quality 70", "quality 90"), 20, mask_saved_as_jpeg, None),
    ("masks", "mask once JPEG, saved as PNG", ("quality 70", "quality 90"), 20, mask_once_jpeg, None),
    ("masks", "mask resized with smoothing", ("from 0.5 of the size", "from 0.8 of the size"), 20, mask_smoothed, None),
    ("masks", "mask shifted", ("by 3 pixels", "by 8 pixels", "by 20 pixels"), 20, mask_shifted, None),
    ("masks", "mask flipped", ("left to right", "top to bottom", "by 180 degrees"), 20, mask_flipped, None),
    ("masks", "mask turned by 90 degrees", ("square", "oblong"), 20, mask_turned, (SQUARE, OBLONG)),
    ("masks", "EXIF turns the image alone", ("orientation 3", "orientation 6", "orientation 8"), 10, exif_not_in_mask, None),
    ("masks", "masks swapped", ("of one size", "of two sizes"), 40, untouched, (OBLONG, OBLONG)),
    ("masks", "unknown value", ("1 pixel", "0.1 %", "5 %"), 10, unknown_value, None),
    ("masks", "mask missing", ("",), 20, mask_missing, None),
    ("masks", "mask truncated", ("by 5 %", "by 50 %"), 10, mask_truncated, None),
    ("masks", "mask of another size", ("1 pixel less", "0.95 of it", "0.5 of it"), 10, size_differs, None),
    ("masks", "mask empty", ("all background", "all void"), 20, mask_empty, None),
    ("masks", "specks", ("1 of 1 pixel", "20 of 1 pixel", "5 of 3x3 pixels"), 10, mask_specks, None),
    ("masks", "pin-holes", ("1 of 1 pixel", "20 of 1 pixel", "5 of 3x3 pixels"), 10, mask_holes, None),
    ("masks", "mask saved as RGB", ("",), 20, mask_rgb, None),
    ("masks", "mostly void", ("90 %", "99 %"), 10, mostly_void, None),
    ("pictures", "image missing", ("",), 20, image_missing, None),
    ("pictures", "image truncated", ("JPEG by 50 %", "JPEG by 5 %", "JPEG by 2 bytes", "PNG by 50 %", "PNG by 5 %", "PNG by 12 bytes"), 10,
     image_truncated, None),
    ("pictures", "wrong extension", ("PNG named .jpg", "JPG named .png", "WebP named .jpg", "BMP named .jpg"), 10, wrong_extension, None),
    ("pictures", "16 bits a channel", ("full range", "12 bits of 16"), 10, sixteen_bits, None),
    ("pictures", "CMYK", ("",), 20, cmyk, None),
    ("pictures", "alpha", ("opaque", "background transparent"), 10, alpha, None),
    ("pictures", "black", ("at most 0", "at most 3"), 10, black, None),
    ("pictures", "blown out", ("at least 255", "at least 250"), 10, blown_out, None),
    ("pictures", "outlying size", ("24x18", "2400x60", "4800x3600"), 7, outlier_size, None),
]


def copied(item, words, draw):
    """Another file of the same photograph, made from the file as it lies there; the mask follows."""
    image, mask = decoded(item.image_bytes), item.mask
    height, width = mask.shape
    copy = dataclasses.replace(item, image=image, image_bytes=None, mask_bytes=None, image_ext="", orientation=1, taken="", quality=92)
    if words == "exact":
        copy.quality, copy.image_bytes = item.quality, item.image_bytes
    elif words == "noise of 2 grey values":
        copy.quality = 0
        copy.image = np.clip(image.astype(np.int16) + draw.integers(-2, 3, image.shape), 0, 255).astype(np.uint8)
    elif words == "re-encoded at quality 70":
        copy.quality = 70
    elif words.startswith("resized"):
        factor = float(words.split()[-1])
        size = (int(width * factor), int(height * factor))
        copy.image, copy.mask = scenes.resized(image, size), scenes.resized_mask(mask, size)
    elif words.startswith("5 % cropped"):
        down, across = round(height * 0.05), round(width * 0.05)
        y, x = draw.integers(0, down + 1), draw.integers(0, across + 1)
        window = np.s_[y:y + height - down, x:x + width - across]
        copy.image, copy.mask = image[window], mask[window]
        if words.endswith("back"):
            copy.image, copy.mask = scenes.resized(copy.image, (width, height)), scenes.resized_mask(copy.mask, (width, height))
    elif words == "1.15 times as bright":
        copy.image = np.clip(image * 1.15, 0, 255).astype(np.uint8)
    elif words == "mirrored":
        copy.image, copy.mask = image[:, ::-1], mask[:, ::-1]
    copy.image, copy.mask = np.ascontiguousarray(copy.image), np.ascontiguousarray(copy.mask)
    return copy


COPIES = ("exact", "noise of 2 grey values", "re-encoded at quality 70", "resized to 0.75", "resized to 0.5", "5 % cropped off",
          "5 % cropped off, resized back", "1.15 times as bright", "mirrored")
COPIES_EACH = 20


# COCO: an annotation as a person's program writes it, and what goes wrong with it.

def crosses(points, touching=True):
    """Whether two edges of the ring cross, or touch, that are not neighbours."""
    a, b = points, np.roll(points, -1, axis=0)

    def side(p, q, r):
        return np.sign((q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0]))

    first, second = (a[:, None], b[:, None]), (a[None], b[None])
    least = 1 if touching else 0
    meet = (side(*first, second[0]) * side(*first, second[1]) < least) & (side(*second, first[0]) * side(*second, first[1]) < least)
    count = len(points)
    apart = np.abs(np.arange(count)[:, None] - np.arange(count)[None])
    return bool((meet & (apart > 1) & (apart < count - 1)).any())


def runs(region):
    """COCO's uncompressed run lengths: column by column, background first."""
    flat = np.concatenate([[0], region.T.ravel().astype(np.int8), [0]])
    changes = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], changes, [region.size]]))
    if counts[-1] == 0:
        counts = counts[:-1]
    return {"size": list(region.shape), "counts": counts.tolist()}


def outline(region):
    """Polygons of the parts, or none where there is a hole, or a ring that would touch itself."""
    contours, levels = cv2.findContours(region.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour, level in zip(contours, levels[0]):
        ring = cv2.approxPolyDP(contour, 1.0, True)[:, 0].astype(float)
        if level[3] >= 0 or len(ring) < 3 or crosses(ring):
            return None
        rings.append(ring)
    return rings


def area_of(ring):
    x, y = ring[:, 0], ring[:, 1]
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def annotation(label, region):
    rings = outline(region)
    ys, xs = np.nonzero(region)
    box = [int(xs.min()), int(ys.min()), int(xs.max() - xs.min() + 1), int(ys.max() - ys.min() + 1)]
    if rings:
        points = np.concatenate(rings)
        box = [*points.min(axis=0), *(points.max(axis=0) - points.min(axis=0))]
    area = float(sum(area_of(ring) for ring in rings)) if rings else int(region.sum())
    return {"category_id": label, "segmentation": [ring.ravel().tolist() for ring in rings] if rings else runs(region), "area": area, "bbox": [float(v) for v in box], "iscrowd": 0}


def annotations_of(picture):
    return [annotation(label, region) for label, region in picture.instances if region.any()]


def polygon_crosses(record, target, region, words, numbers, draw):
    ring = np.array(target["segmentation"][0]).reshape(-1, 2)
    for _ in range(200):
        i = int(draw.integers(len(ring)))
        bent = np.roll(ring, -i, axis=0)
        if words == "two neighbours exchanged":
            bent[[1, 2]] = bent[[2, 1]]
        else:
            bent[:len(bent) // 2] = bent[:len(bent) // 2][::-1].copy()
        if crosses(bent, touching=False):
            target["segmentation"][0] = bent.ravel().tolist()
            return True
    return False


def box_outside(record, target, region, words, numbers, draw):
    x, y, w, h = target["bbox"]
    target["bbox"] = [record["width"] - w + (w / 2 if words == "by half of it" else numbers[0]), y, w, h]


def box_without_area(record, target, region, words, numbers, draw):
    target["bbox"][2 if words.startswith("width") else 3] = numbers[0]


def box_disagrees(record, target, region, words, numbers, draw):
    x, y, w, h = target["bbox"]
    if words == "its corners for its size":
        target["bbox"] = [x, y, x + w, y + h]
    elif words == "half as large":
        target["bbox"] = [x, y, w / 2, h / 2]
    else:
        step = numbers[0] / 100 * w
        target["bbox"] = [x - step if x >= step else x + step, y, w, h]


def annotated_twice(record, target, region, words, numbers, draw):
    twin = json.loads(json.dumps(target))
    if words == "1 pixel beside":
        moved = np.roll(region, 1, axis=1)
        moved[:, 0] = False
        twin = annotation(target["category_id"], moved)
    elif words == "as another label":
        twin["category_id"] = 3 - target["category_id"]
    record["annotations"].append(twin)


def far_parts(record, target, region, words, numbers, draw):
    """A second part of that share of the first's area, in the corner that is farthest; says how far, in diagonals of the larger."""
    height, width = region.shape
    ys, xs = np.nonzero(region)
    side = min(max(6, int((numbers[0] / 100 * region.sum()) ** 0.5)), height // 3, width // 3)
    x = 2 if xs.mean() > width / 2 else width - side - 3
    y = 2 if ys.mean() > height / 2 else height - side - 3
    dx, dy = max(0, xs.min() - x - side, x - xs.max()), max(0, ys.min() - y - side, y - ys.max())
    far = np.hypot(dx, dy) / max(np.hypot(np.ptp(xs), np.ptp(ys)), 1.42 * side)
    if far < 0.5:
        return False
    ring = np.array([[x, y + side // 4], [x + side // 2, y], [x + side, y + side // 3], [x + side - 2, y + side], [x + 1, y + side - 1]], float)
    target["segmentation"].append(ring.ravel().tolist())
    target["area"] += float(area_of(ring))
    grown(target)
    return "over 2 diagonals apart" if far > 2 else "1 to 2 diagonals apart" if far > 1 else "0.5 to 1 diagonals apart"


def grown(target):
    """The box around all polygons."""
    points = np.concatenate([np.array(ring).reshape(-1, 2) for ring in target["segmentation"]])
    target["bbox"] = [*points.min(axis=0).tolist(), *(points.max(axis=0) - points.min(axis=0)).tolist()]


def stray_clicks(record, target, region, words, numbers, draw):
    near = cv2.dilate(region.astype(np.uint8), np.ones((61, 61))) - cv2.dilate(region.astype(np.uint8), np.ones((13, 13)))
    ys, xs = np.nonzero(near)
    if len(ys) == 0:
        return False
    for i in draw.integers(0, len(ys), int(numbers[0])):
        x, y, step = float(xs[i]), float(ys[i]), numbers[1]
        target["segmentation"].append([x, y, x + step, y, x, y + step])
    grown(target)
    return True


def instance_holes(record, target, region, words, numbers, draw):
    side = int(numbers[1])
    ys, xs = np.nonzero(cv2.erode(region.astype(np.uint8), np.ones((9 + side, 9 + side))))
    if len(ys) == 0:
        return False
    holed = region.copy()
    for i in draw.integers(0, len(ys), int(numbers[0])):
        holed[ys[i]:ys[i] + side, xs[i]:xs[i] + side] = False
    ys, xs = np.nonzero(holed)
    target["bbox"] = [int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1]
    target["segmentation"], target["area"] = runs(holed), int(holed.sum())
    return True


def polygon_outside(record, target, region, words, numbers, draw):
    """All of the shape moved to the right until it reaches that far outside."""
    step = record["width"] + numbers[0] - max(max(ring[0::2]) for ring in target["segmentation"])
    target["segmentation"] = [[v + step if i % 2 == 0 else v for i, v in enumerate(ring)] for ring in target["segmentation"]]
    grown(target)


def polygon_without_area(record, target, region, words, numbers, draw):
    ring = target["segmentation"][0]
    target["segmentation"] = [ring[:4] if words == "two points" else ring[:2] * 3]


def unknown_category(record, target, region, words, numbers, draw):
    target["category_id"] = 91


def wrong_stated_size(record, target, region, words, numbers, draw):
    width, height = record["width"], record["height"]
    record["width"], record["height"] = (height, width) if words == "width and height exchanged" else (width * 2, height * 2)


def file_missing(record, target, region, words, numbers, draw):
    record["file_name"] = "lost-" + record["file_name"]


# Three data sets, each with all clean items: what is about boxes is rare in each.
COCO_SETS = ("coco", "coco-2", "coco-3")
COCO_FAULTS = [
    ("coco", "self-crossing polygon", ("two neighbours exchanged", "half of the ring reversed"), 20, polygon_crosses),
    ("coco", "box outside the image", ("by 1 pixel", "by 10 pixels", "by half of it"), 7, box_outside),
    ("coco", "annotated twice", ("exactly", "1 pixel beside", "as another label"), 10, annotated_twice),
    ("coco", "unknown category", ("",), 20, unknown_category),
    ("coco-2", "box disagrees with mask", ("10 % beside", "30 % beside", "half as large", "its corners for its size"), 6, box_disagrees),
    ("coco-2", "specks of an instance", ("1 of 1 pixel", "3 of 3 pixels"), 10, stray_clicks),
    ("coco-2", "polygon outside the image", ("by 3 pixels", "by 30 pixels"), 10, polygon_outside),
    ("coco-2", "polygon without area", ("two points", "one point thrice"), 10, polygon_without_area),
    ("coco-2", "annotations of a missing file", ("",), 20, file_missing),
    ("coco-3", "box without area", ("width 0", "height -5"), 10, box_without_area),
    ("coco-3", "one instance in two far parts", ("10 % of its area", "100 % of its area"), 20, far_parts),
    ("coco-3", "pin-holes of an instance", ("1 of 1 pixel", "5 of 3 pixels"), 10, instance_holes),
    ("coco-3", "stated size is not the image's", ("width and height exchanged", "twice as large"), 10, wrong_stated_size),
]


def numbers_in(words):
    found = []
    for word in words.replace("x", " ").split():
        try:
            found.append(float(word))
        except ValueError:
            pass
    return found


@dataclasses.dataclass(frozen=True)
class Job:
    """A scene and what is to be made of it."""
    scene: scenes.Scene
    fault: tuple | None = None  # an index into FAULTS, and the magnitude
    coco_fault: tuple | None = None
    copies: tuple = ()  # (magnitude, subset, name)


def clean_item(scene, picture, draw):
    """A third of the pictures state when they were taken, 3 % of them that they are to be turned; one in eight is a PNG."""
    item = Item(scene.subset, scene.name, picture.image, picture.mask, 0 if draw.random() < 0.12 else int(draw.integers(80, 96)))
    if item.quality and draw.random() < 0.33:
        minutes = scene.index * 97
        item.camera = CAMERAS[scene.index % len(CAMERAS)]
        item.taken = f"2019:{1 + minutes // 40320 % 12:02}:{1 + minutes // 1440 % 28:02} {minutes // 60 % 24:02}:{minutes % 60:02}:{draw.integers(60):02}"
    return item


def stored_turned(item, draw):
    """The same picture as a camera held upright stores it."""
    item.orientation = int(draw.choice([3, 6, 8]))
    item.image = cv2.rotate(item.image, TURNS[item.orientation])


def make(out, job):
    """Writes one scene's items; returns the rows of truth.json and what goes into COCO's files."""
    scene = job.scene
    draw = np.random.default_rng([scene.seed, scene.index, 1])
    picture = scenes.render(scene)
    item = clean_item(scene, picture, draw)
    kind = "composed" if picture.composed else "natural"
    plain = dataclasses.replace(item, taken="", mask_bytes=b"").encode()
    name = scene.name + plain.image_ext
    targets = COCO_SETS if job.fault is None and job.coco_fault is None else [COCO_FAULTS[job.coco_fault[0]][0]] if job.coco_fault else []
    for i, target in enumerate(targets):
        path = out / target / "images" / scene.subset / name
        if i == 0:
            path.write_bytes(plain.image_bytes)
        else:
            os.link(out / targets[0] / "images" / scene.subset / name, path)
    height, width = item.mask.shape
    record = {"subset": scene.subset, "file_name": name, "width": width, "height": height, "datasets": targets,
              "annotations": annotations_of(picture) if targets else []}
    clean, faults = [], []
    if job.coco_fault is not None:
        faults += spoil_annotations(record, picture, job.coco_fault, draw)
    clean += [(target, item.id, kind) for target in targets if not faults and job.coco_fault is None]
    if job.fault is None and job.coco_fault is None:
        if item.quality and not job.copies and draw.random() < 0.03:
            stored_turned(item, draw)
        for dataset in ("masks", "pictures", "duplicates"):
            clean.append((dataset, item.id, kind))
        item.write(out / "masks")
        for dataset in ("pictures", "duplicates"):
            for file in (f"images/{item.name}{item.image_ext}", f"masks/{item.name}{item.mask_ext}"):
                os.link(out / "masks" / item.subset / file, out / dataset / item.subset / file)
        for words, subset, name in job.copies:
            copy = copied(item, words, draw)
            copy.subset, copy.name = subset, name
            copy.write(out / "duplicates")
            magnitude = words + (", same subset" if subset == item.subset else ", another subset")
            faults.append(("duplicates", "duplicate", magnitude, [copy.id, item.id]))
    elif job.fault is not None:
        dataset, kind, _, _, spoil, _ = FAULTS[job.fault[0]]
        item.mask = item.mask.copy()
        if spoil(item, job.fault[1], numbers_in(job.fault[1]), draw) is not False:
            item.write(out / dataset)
            faults.append((dataset, kind, job.fault[1], [item.id]))
    return clean, faults, record


def spoil_annotations(record, picture, fault, draw):
    """Of the largest object, or the smallest where parts are to be far; nothing where the fault could not be seen."""
    dataset, kind, _, _, spoil = COCO_FAULTS[fault[0]]
    least = 200 if spoil is far_parts else 1500
    candidates = [i for i, a in enumerate(record["annotations"]) if a["area"] > least and isinstance(a["segmentation"], list)]
    regions = [region for _, region in picture.instances if region.any()]
    if candidates:
        chosen = (min if spoil is far_parts else max)(candidates, key=lambda i: record["annotations"][i]["area"])
        told = spoil(record, record["annotations"][chosen], regions[chosen], fault[1], numbers_in(fault[1]), draw)
        if told is not False:
            item = f"{record['subset']}/{pathlib.Path(record['file_name']).stem}"
            return [(dataset, kind, told if isinstance(told, str) else fault[1], [item])]
    record["annotations"] = annotations_of(picture)
    return []


def jobs_for(data, clean, seed):
    """The plan: `clean` items, the items to spoil, and the photographs for videos."""
    wanted = [((i, words), size) for i, (_, _, magnitudes, each, _, sizes) in enumerate(FAULTS)
              for j, words in enumerate(magnitudes) for k in range(each)
              for size in [None if sizes is None else UPRIGHT if words == "of two sizes" and k % 2 else sizes[j]]]
    annotated = [(i, words) for i, (_, _, magnitudes, each, _) in enumerate(COCO_FAULTS) for words in magnitudes for _ in range(each * 3 // 2 + 2)]
    all_scenes, spare = scenes.plan(data, max(clean, 400) + len(wanted) + len(annotated), seed)  # some 330 are whole pictures, which are not spoiled
    draw = np.random.default_rng([seed, 1 << 21])
    composed = [scene for scene in all_scenes if scene.cutouts]
    whole = [scene for scene in all_scenes if not scene.cutouts]
    cut = max(0, clean - len(whole))
    spoiled, kept = composed[cut:], composed[:cut] + whole
    jobs = []
    for fault, size in wanted:
        jobs.append(Job(dataclasses.replace(spoiled.pop(), size=size), fault=fault))
    for fault in annotated:
        jobs.append(Job(spoiled.pop(), coco_fault=fault))
    taken = {scene.name for scene in all_scenes}
    copies = [(words, across) for words in COPIES for across in (False, True) for _ in range(COPIES_EACH)]
    copies += [(None, False)] * (clean - len(copies))
    for scene, i in zip(kept, draw.permutation(len(copies))):
        words, across = copies[i]
        made = ()
        if words:
            name = scenes.name_of((None, None), draw, taken)
            taken.add(name)
            subset = SUBSETS[(SUBSETS.index(scene.subset) + int(draw.integers(1, 3))) % 3] if across else scene.subset
            made = ((words, subset, name),)
        jobs.append(Job(scene, copies=made))
    return jobs, spare


def swap_masks(out, faults):
    """Exchanges the mask files of the items that follow one another."""
    swapped = [row for row in faults if row[1] == "masks swapped"]
    for first, second in zip(swapped[0::2], swapped[1::2]):
        one, two = (out / "masks" / subset / "masks" / (name + ".png") for subset, name in (row[3][0].split("/") for row in (first, second)))
        kept = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(kept)
        first[3].extend(second[3])
    seconds = {id(row) for row in swapped[1::2]}
    return [row for row in faults if id(row) not in seconds]


def write_videos(out, spare, seed):
    """Windows that move over one photograph: four frames of a video, or three pictures of a burst, in two subsets or more."""
    rows = []
    for i, source in enumerate(spare):
        draw = np.random.default_rng([seed, 1 << 22, i])
        image, mask, _ = scenes.read(source)
        video = i % 2 == 0
        step = (0.04 if i % 4 == 0 else 0.12) if video else 0.06
        count = 4 if video else 3
        height, width = image.shape[:2]
        down, across = int(height * 0.75), int(width * 0.6)
        number, items = int(draw.integers(10, 90)), []
        for k in range(count):
            x, y = int(width * step * k), int(draw.integers(0, 3)) + int(height * 0.05)
            window = np.s_[y:y + down, x:x + across]
            frame = np.clip(image[window] * draw.uniform(0.98, 1.02) + draw.normal(0, 2, image[window].shape), 0, 255).astype(np.uint8)
            name = f"clip{i:02}_frame_{number + 10 * k:05}" if video else f"IMG_{3000 + i * 10 + k:04}x"
            item = Item(SUBSETS[(i + k) % 3 if k < 2 else int(draw.integers(3))], name, frame, mask[window].copy(), 90)
            if not video:
                item.camera = CAMERAS[i % len(CAMERAS)]
                item.taken = f"2021:06:{1 + i % 28:02} 10:{i % 60:02}:{10 + k:02}"
            item.write(out / "duplicates")
            items.append(item.id)
        rows.append(("duplicates", "video across subsets" if video else "burst across subsets",
                     f"{step * 100 / 0.6:.0f} % of the width from one to the next", items))
    return rows


def labels_document(names, void=True):
    colours = np.random.default_rng(7).integers(30, 250, (len(names), 3)).tolist()
    labels = [{"name": name, "id": i, "color": colours[i]} for i, name in enumerate(names)]
    labels[0]["role"] = "background"
    if void:
        labels.append({"name": "void", "id": VOID, "role": "ignore"})
    return json.dumps({"labels": labels}, indent=1)


RENAMED = [("cat", "Cat", "letter case"), ("dog", "DOG", "letter case"), ("person", "Person", "letter case"), ("car", "CAR", "letter case"),
           ("traffic light", "traffic_light", "separator"), ("traffic-light", "traffic light", "separator"),
           ("fire_hydrant", "fire-hydrant", "separator"), ("stopsign", "stop sign", "separator"), ("cat", "cat ", "blank at the end"),
           ("dog", " dog", "blank at the end"), ("car", "cars", "plural"), ("person", "persons", "plural"), ("bus", "buses", "plural"),
           ("bicycle", "bicyle", "slip of the pen"), ("vegetation", "vegetaton", "slip of the pen"), ("building", "bulding", "slip of the pen"),
           ("caf\u00e9", "cafe\u0301", "Unicode form"), ("z\u00fcge", "zu\u0308ge", "Unicode form"), ("grey wall", "gray wall", "spelling"),
           ("car", "automobile", "synonym")]
ALIKE = [("car", "cart"), ("bus", "bush"), ("cat", "bat"), ("road", "rod"), ("bear", "pear"), ("wall", "well"), ("sheep", "ship"), ("boat", "goat"),
         ("tie", "tire"), ("fork", "cork"), ("rail", "sail"), ("pole", "hole"), ("bed", "bead"), ("house", "horse"), ("snow", "snowman"),
         ("person", "parson"), ("bird", "board"), ("plant", "planet"), ("book", "hook"), ("lamp", "ramp")]


def small_sets(out, data, seed):
    """Sets of 24 items, 16 to train on, for what befalls a whole data set."""
    draw = np.random.default_rng([seed, 1 << 23])
    pool, _ = scenes.plan(data, 400, seed + 1)
    rows, clean, made = [], [], []
    for scene in pool:
        if scene.cutouts and scene.source is not None and scene.source.kind == "pet" and len(made) < 60:
            picture = scenes.render(dataclasses.replace(scene, size=(240, 180)))
            mask = np.zeros_like(picture.mask)
            for label, region in picture.instances:
                mask[region] = label
            made.append((scene.name, encoded(picture.image, 90), scenes.without_specks(mask)))
    both = [entry for entry in made if {1, 2} <= set(np.unique(entry[2]))]

    def write(folder, chosen, names, change=lambda mask, i: mask):
        for i, (name, image, mask) in enumerate(chosen):
            root = out / "sets" / folder / ("train" if i < 16 else "val")
            for sub, ext, content in (("images", ".jpg", image), ("masks", ".png", encoded(change(mask.copy(), i), 0))):
                (root / sub).mkdir(parents=True, exist_ok=True)
                (root / sub / (name + ext)).write_bytes(content)
        (out / "sets" / folder / "labels.json").write_text(labels_document(names, void=False))

    def some(entries, count):
        return [entries[i] for i in draw.permutation(len(entries))[:count]]

    def mixed():
        first = some(both, 6)
        rest = [entry for entry in some(made, 40) if all(entry[0] != other[0] for other in first)][:18]
        return first[:3] + rest[:13] + first[3:] + rest[13:]

    def relabelled(mask, i):
        if i % 2 == 0:
            mask[mask == 1] = 3
        return mask

    def full_range(mask, at_full_range):
        return np.where(mask > 0, 255 if at_full_range else 1, 0).astype(np.uint8)

    for i in range(20):
        old, new, magnitude = RENAMED[i]
        write(f"renamed-{i:02}", mixed(), ["background", old, "other", new], relabelled)
        rows.append((f"sets/renamed-{i:02}", "label renamed", magnitude, []))
        write(f"one-subset-{i:02}", mixed(), ["background", "cat", "dog"], lambda mask, k: np.where((mask == 1) & (k >= 16), 2, mask))
        rows.append((f"sets/one-subset-{i:02}", "label in one subset only", "", []))
        every = i % 2 == 0
        write(f"range-{i:02}", mixed(), ["background", "pet"], lambda mask, k: full_range(mask, every or k % 5 == 0))
        rows.append((f"sets/range-{i:02}", "0 and 255 for 0 and 1", "all masks" if every else "one mask in five", []))
        write(f"clean-{i:02}", mixed(), ["background", *ALIKE[i]])
        clean.append((f"sets/clean-{i:02}", "", "composed"))
    return rows + camvid_sets(out, data, draw), clean


def camvid_sets(out, data, draw):
    """Real video: frames of one drive drawn into both subsets."""
    street = [source for source in scenes.sources(data) if source.kind == "street"]
    rows = []
    for i in range(20):
        video = list(scenes.VIDEOS)[i % 3]
        frames = [source for source in street if source.image.stem.startswith(video)]
        start = int(draw.integers(0, max(1, len(frames) - 24)))
        frames = frames[start:start + 24]
        for k, j in enumerate(draw.permutation(len(frames))):
            root = out / "sets" / f"drive-{i:02}" / ("train" if k * 3 < len(frames) * 2 else "val")
            for sub, ext, content in (("images", ".jpg", encoded(scenes.stored(frames[j]), 90)), ("masks", ".png", encoded(scenes.read(frames[j])[1], 0))):
                (root / sub).mkdir(parents=True, exist_ok=True)
                (root / sub / (frames[j].image.stem + ext)).write_bytes(content)
        (out / "sets" / f"drive-{i:02}" / "labels.json").write_text(labels_document(LABELS))
        rows.append((f"sets/drive-{i:02}", "real video across subsets", "", []))
    return rows


def write_coco(out, records):
    for dataset, subset in itertools.product(COCO_SETS, SUBSETS):
        images, annotations = [], []
        for record in records:
            if record["subset"] == subset and dataset in record["datasets"]:
                images.append({"id": len(images) + 1, **{key: record[key] for key in ("file_name", "width", "height")}})
                for entry in record["annotations"]:
                    annotations.append({"id": len(annotations) + 1, "image_id": len(images), **entry})
        categories = [{"id": i, "name": name, "supercategory": "thing"} for i, name in enumerate(LABELS) if i in scenes.THINGS]
        (out / dataset / "annotations" / f"instances_{subset}.json").write_text(
            json.dumps({"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clean", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True)
    for subset in SUBSETS:
        for dataset in ("masks", "pictures", "duplicates"):
            for folder in ("images", "masks"):
                (out / dataset / subset / folder).mkdir(parents=True)
            (out / dataset / "labels.json").write_text(labels_document(LABELS))
        for dataset in COCO_SETS:
            (out / dataset / "images" / subset).mkdir(parents=True)
            (out / dataset / "annotations").mkdir(exist_ok=True)
    jobs, spare = jobs_for(arguments.data, arguments.clean, arguments.seed)
    clean, faults, records = [], [], []
    with multiprocessing.Pool(arguments.jobs) as pool:
        for more_clean, more_faults, record in pool.imap(functools.partial(make, out), jobs, chunksize=8):
            clean += more_clean
            faults += more_faults
            records.append(record)
    faults = swap_masks(out, faults) + write_videos(out, spare, arguments.seed)
    write_coco(out, records)
    rows, clean_sets = small_sets(out, arguments.data, arguments.seed)
    by_dataset = collections.defaultdict(dict)
    for dataset, item, origin in clean + clean_sets:
        by_dataset[dataset][item] = origin
    rows = [dict(zip(("dataset", "kind", "magnitude", "items"), row)) for row in faults + rows]
    (out / "truth.json").write_text(json.dumps({"seed": arguments.seed, "clean": by_dataset, "faults": rows}, indent=1))
    for (kind, magnitude), count in collections.Counter((row["kind"], row["magnitude"]) for row in rows).items():
        print(f"{count:5}  {kind}{', ' if magnitude else ''}{magnitude}")
    print(f"{len(by_dataset['masks'])} clean items")


if __name__ == "__main__":
    main()

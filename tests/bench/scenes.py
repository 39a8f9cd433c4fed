# SPDX-License-Identifier: Apache-2.0
"""Clean pictures with right masks for faults.py: real ones, and ones composed of the real ones' parts.

A third are whole pictures in other sizes and light. The others are parts of further pictures, each part used once, or
drawn grounds, with one to three animals in front that their trimaps cut out. What comes from one photograph, or one video,
stays in one subset, so that the clean data do not leak. Parts that look alike by their thumbnails are left out."""
import dataclasses
import functools
import json
import pathlib

import cv2
import numpy as np

LABELS = ["background", "cat", "dog", "person", "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "bicyclist"]
VOID = 255
SUBSETS = ("train", "val", "test")
ANIMALS = {"Abyssinian": 1, "Bengal": 1, "american": 2}
STREET = np.full(256, VOID, np.uint8)  # CamVid's 0-11 in LABELS: its pedestrians are persons
STREET[:12] = [4, 5, 6, 7, 8, 9, 10, 11, 12, 3, 13, VOID]
VIDEOS = {"0016E5": "train", "0001TP": "val", "0006R0": "test"}
THINGS = (1, 2, 3, 10, 12, 13)
SIZES = [(500, 375)] * 5 + [(375, 500)] * 2 + [(640, 480)] * 2 + [(480, 360)] * 3 + [(400, 300)] * 3 + [(320, 240)] * 2 + [(500, 333)] * 2
SPECK = 25  # pixels: no mask has smaller pieces, neither its source's nor resizing's


@dataclasses.dataclass(frozen=True)
class Source:
    """A real picture and what states its mask: trimap, polygons or index mask."""
    kind: str  # pet, people or street
    image: pathlib.Path
    truth: pathlib.Path
    label: int = 0


@dataclasses.dataclass(frozen=True)
class Scene:
    """What a clean item is made of; `cell` is the part of the source (column, row, columns, rows), none for a drawn ground."""
    index: int
    subset: str
    name: str
    source: Source | None
    cell: tuple | None
    cutouts: tuple  # sources of the animals in front
    size: tuple | None  # width and height; none: as the source suggests
    seed: int


@dataclasses.dataclass
class Picture:
    image: np.ndarray
    mask: np.ndarray
    instances: list  # (label, boolean mask), the later in front of the earlier
    composed: bool


def sources(data):
    """All usable real pictures, in an order that does not depend on the file system."""
    found = []
    pets = data / "oxford_pets_sample"
    for image in sorted((pets / "images").glob("*.jpg")):
        truth = pets / "trimaps" / (image.stem + ".png")
        if truth.exists() and image.read_bytes()[:2] == b"\xff\xd8":
            found.append(Source("pet", image, truth, ANIMALS[image.stem.split("_")[0]]))
    for subset in ("train", "val"):
        for truth in sorted((data / "labelme_voc_person" / subset).glob("*.json")):
            found.append(Source("people", truth.with_suffix(".jpg"), truth))
        for image in sorted((data / "camvid_sample" / subset).glob("*.png")):
            found.append(Source("street", image, data / "camvid_sample" / (subset + "annot") / image.name))
    return found


@functools.lru_cache(maxsize=8)
def stored(source):
    return cv2.imread(str(source.image), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


@functools.lru_cache(maxsize=64)
def read(source):
    """The picture as it is stored, its mask in LABELS, and its things as (label, boolean mask)."""
    image = stored(source)
    things = []
    if source.kind == "street":
        mask = STREET[cv2.imread(str(source.truth), cv2.IMREAD_UNCHANGED)]
        things = [thing for label in THINGS for thing in pieces(mask, label, 100)]
    elif source.kind == "people":
        mask = np.zeros(image.shape[:2], np.uint8)
        for shape in json.loads(source.truth.read_text())["shapes"]:
            if shape["shape_type"] == "polygon" and shape["label"].startswith("person"):
                region = np.zeros_like(mask)
                cv2.fillPoly(region, [np.round(shape["points"]).astype(np.int32)], 1)
                mask[region > 0] = 3
                things.append((3, region > 0))
    else:
        trimap = cv2.imread(str(source.truth), cv2.IMREAD_UNCHANGED)
        mask = np.array([0, source.label, 0, VOID], np.uint8)[np.clip(trimap, 1, 3)]
        things = [(source.label, alpha_of(trimap) > 0.5)]
    assert mask.shape == image.shape[:2], source
    return image, mask, things


def pieces(mask, label, least):
    count, numbers, stats, _ = cv2.connectedComponentsWithStats((mask == label).astype(np.uint8))
    return [(label, numbers == i) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least]


def alpha_of(trimap):
    """1 in the animal, 0 outside, falling across the border band."""
    inside = cv2.distanceTransform((trimap != 1).astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((trimap != 2).astype(np.uint8), cv2.DIST_L2, 3)
    return outside / np.maximum(inside + outside, 1e-6)


@functools.lru_cache(maxsize=96)
def cutout(source):
    """An animal cut out: picture, alpha, mask, and which sides of it the photograph cut off (left, top, right, bottom)."""
    image, mask, _ = read(source)
    trimap = cv2.imread(str(source.truth), cv2.IMREAD_UNCHANGED)
    ys, xs = np.nonzero(trimap != 2)
    x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    animal = trimap == 1
    cut = (animal[:, :3].any(), animal[:3].any(), animal[:, -3:].any(), animal[-3:].any())
    window = np.s_[y0:y1, x0:x1]
    return image[window], alpha_of(trimap)[window].astype(np.float32), mask[window], cut


def can_be_cut_out(source):
    if source.kind != "pet":
        return False
    trimap = cv2.imread(str(source.truth), cv2.IMREAD_UNCHANGED)
    animal = trimap == 1
    cut = [animal[:, :3].any(), animal[:3].any(), animal[:, -3:].any(), animal[-3:].any()]
    share = animal.mean()
    return 0.08 < share < 0.7 and not cut[1] and not (cut[0] and cut[2])


def resized_mask(mask, size):
    """The label with the largest share of each new pixel."""
    best = np.zeros(size[::-1], np.float32)
    out = np.zeros(size[::-1], np.uint8)
    way = cv2.INTER_AREA if size[0] < mask.shape[1] else cv2.INTER_LINEAR
    for label in np.unique(mask):
        share = cv2.resize((mask == label).astype(np.float32), size, interpolation=way)
        out[share > best] = label
        np.maximum(best, share, out=best)
    return out


def resized(image, size):
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_CUBIC)


def resized_region(region, size):
    return cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5


def window_of(shape, cell, size, draw):
    """The largest window of the target's proportions in the cell."""
    column, row, columns, rows = cell
    height, width = shape[0] // rows, shape[1] // columns
    across = min(width, int(height * size[0] / size[1]))
    down = min(height, int(across * size[1] / size[0]))
    x = column * width + int(draw.integers(0, width - across + 1))
    y = row * height + int(draw.integers(0, height - down + 1))
    return np.s_[y:y + down, x:x + across]


def drawn_ground(size, draw):
    """Noise of several scales between two colours."""
    width, height = size
    mix = np.zeros((height, width), np.float32)
    for scale, weight in ((3, 1.0), (8, 0.6), (20, 0.35), (60, 0.2)):
        noise = draw.normal(0, 1, (scale * height // width + 2, scale + 2)).astype(np.float32)
        mix += draw.uniform(0.3, 1) * weight * cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    mix = 1 / (1 + np.exp(-2 * mix))[..., None]
    first, second = draw.integers(20, 235, 3).astype(np.float32), draw.integers(20, 235, 3).astype(np.float32)
    return np.clip(second + (first - second) * mix + 3 * grain((height, width, 1), draw), 0, 255).astype(np.uint8)


def paste(picture, source, largest, draw):
    """Puts the animal in front; a side that its photograph cut off lies at that side of the picture."""
    image, alpha, mask, cut = cutout(source)
    if draw.random() < 0.5:
        image, alpha, mask = image[:, ::-1], alpha[:, ::-1], mask[:, ::-1]
        cut = (cut[2], cut[1], cut[0], cut[3])
    height, width = picture.image.shape[:2]
    wanted = draw.uniform(0.35 * largest, largest)
    scale = min(wanted * height / image.shape[0], wanted * width / image.shape[1], 1.6)
    size = (max(8, int(image.shape[1] * scale)), max(8, int(image.shape[0] * scale)))
    image, mask = resized(np.ascontiguousarray(image), size), resized_mask(np.ascontiguousarray(mask), size)
    alpha = np.clip(cv2.resize(np.ascontiguousarray(alpha), size, interpolation=cv2.INTER_LINEAR), 0, 1)
    x = 0 if cut[0] else width - size[0] if cut[2] else int(draw.integers(0, width - size[0] + 1))
    y = height - size[1] if cut[3] else int(draw.integers(0, height - size[1] + 1))
    window = np.s_[y:y + size[1], x:x + size[0]]
    light = draw.uniform(0.8, 1.2) * draw.uniform(0.95, 1.05, 3)
    front = np.clip(image * light, 0, 255)
    ground = picture.image[window]
    picture.image[window] = (front * alpha[..., None] + ground * (1 - alpha[..., None])).astype(np.uint8)
    painted = mask != 0
    picture.mask[window][painted] = mask[painted]
    region = np.zeros((height, width), bool)
    region[window] = alpha > 0.5
    picture.instances = [(label, other & ~region) for label, other in picture.instances] + [(source.label, region)]


def small_pieces(region, least):
    """Windows and boolean masks of the region's pieces of fewer pixels."""
    x0, y0, width, height = cv2.boundingRect(region)
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(region[y0:y0 + height, x0:x0 + width], connectivity=4)
    for i in range(1, count):
        x, y, w, h, area = stats[i]
        if area < least:
            top, left, bottom, right = max(y0 + y - 1, 0), max(x0 + x - 1, 0), y0 + y + h + 1, x0 + x + w + 1
            piece = np.zeros(region[top:bottom, left:right].shape, np.uint8)
            piece[y0 + y - top:y0 + y - top + h, x0 + x - left:x0 + x - left + w] = numbers[y:y + h, x:x + w] == i
            yield np.s_[top:bottom, left:right], piece


def without_specks(mask):
    """Pieces smaller than SPECK get the label that is commonest around them."""
    for label in np.unique(mask):
        for window, piece in small_pieces((mask == label).astype(np.uint8), SPECK):
            ring = (cv2.dilate(piece, np.ones((3, 3))) > 0) & (piece == 0)
            mask[window][piece > 0] = np.bincount(mask[window][ring]).argmax()
    return mask


def tidy(region):
    """An instance without crumbs and pin-holes, as a person would draw it."""
    for sense in (True, False):
        for window, piece in small_pieces((region == sense).astype(np.uint8), max(40, 0.02 * region.sum())):
            region[window][piece > 0] = not sense
    return region


@functools.cache
def normal_numbers():
    return np.random.default_rng(5).standard_normal(1 << 22, np.float32)


def grain(shape, draw):
    """Normal numbers, from a table of 4 millions at a place that is drawn."""
    count = int(np.prod(shape))
    if count > len(normal_numbers()) // 2:
        return draw.standard_normal(shape, np.float32)
    start = int(draw.integers(0, len(normal_numbers()) - count))
    return normal_numbers()[start:start + count].reshape(shape)


def light(image, draw):
    """Another exposure, another white balance, a sensor's noise."""
    curve = 255 * (np.arange(256) / 255) ** draw.uniform(0.75, 1.35)
    curves = np.stack([curve * gain for gain in draw.uniform(0.93, 1.07, 3)], axis=1).astype(np.float32)
    image = cv2.merge([cv2.LUT(image[..., channel], curves[:, channel]) for channel in range(3)])
    return np.clip(image + grain(image.shape, draw) * np.float32(draw.uniform(0, 3)), 0, 255).astype(np.uint8)


def render(scene):
    draw = np.random.default_rng([scene.seed, scene.index])
    composed = scene.cell != (0, 0, 1, 1)
    if scene.source is None:
        size = scene.size or SIZES[draw.integers(len(SIZES))]
        picture = Picture(drawn_ground(size, draw), np.zeros(size[::-1], np.uint8), [], True)
    else:
        image, mask, things = read(scene.source)
        if composed:
            size = scene.size or SIZES[draw.integers(len(SIZES))]
            window = window_of(image.shape, scene.cell, size, draw)
        else:
            scale = draw.uniform(0.5, 1.15)
            size = scene.size or (int(image.shape[1] * scale), int(image.shape[0] * scale))
            window = window_of(image.shape, scene.cell, size, draw) if scene.size else np.s_[:, :]
        regions = [(label, resized_region(region[window], size)) for label, region in things]
        picture = Picture(resized(image[window], size), resized_mask(mask[window], size), regions, composed)
    for i, source in enumerate(scene.cutouts):
        paste(picture, source, 0.85 if i == 0 else 0.45, draw)
    picture.image = light(picture.image, draw)
    picture.mask = without_specks(picture.mask)
    picture.instances = [(label, tidy(region)) for label, region in picture.instances if region.sum() >= 60]
    picture.instances = [(label, region) for label, region in picture.instances if region.sum() >= 60]
    return picture


def thumbnail(image):
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def different(parts):
    """The parts (source, cell) of which no earlier one looks alike, mirrored neither: a correlation of 0.9 of 16x16 grey values."""
    views = np.zeros((2, len(parts), 256), np.float32)
    for i, (source, cell) in enumerate(parts):
        image = stored(source)
        height, width = image.shape[0] // cell[3], image.shape[1] // cell[2]
        part = image[cell[1] * height:(cell[1] + 1) * height, cell[0] * width:(cell[0] + 1) * width]
        views[0, i], views[1, i] = thumbnail(part).ravel(), thumbnail(part[:, ::-1]).ravel()
    alike = np.maximum(views[0] @ views[0].T, views[1] @ views[0].T) > 0.9
    kept = np.zeros(len(parts), bool)
    for i in range(len(parts)):
        kept[i] = not (alike[i] & kept).any()
    return [part for part, keep in zip(parts, kept) if keep]


def animals_before(source, draw):
    """How many are in front; on a drawn ground two at least, lest one animal on two grounds look like one picture."""
    return int(draw.choice([1, 2, 3], p=[0.5, 0.35, 0.15]) if source else draw.integers(2, 4))


def name_of(part, draw, taken):
    """Names as collections have them: a whole picture's own, numbers, a camera's, a hash; none says what is in the picture."""
    source, cell = part
    if cell == (0, 0, 1, 1):
        return source.image.stem
    while True:
        style = draw.integers(4)
        name = (f"{draw.integers(10**6):012}" if style == 0 else f"IMG_{draw.integers(10**4):04}" if style == 1 else
                f"{draw.integers(1 << 40):010x}" if style == 2 else f"photo-{draw.integers(10**5):05}")
        if name not in taken:
            return name


def plan(data, count, seed):
    """`count` scenes, and 40 photographs by subset of which nothing else is made, for videos and bursts."""
    draw = np.random.default_rng([seed, 1 << 20])
    everything = sources(data)
    pets = [source for source in everything if source.kind == "pet"]
    pets = [pets[i] for i in draw.permutation(len(pets))]
    subset_of, cuttable = {}, {subset: [] for subset in SUBSETS}
    for i, source in enumerate(pets):
        subset_of[source] = SUBSETS[0 if i % 20 < 14 else 1 if i % 20 < 17 else 2]
    for source in everything:
        if source.kind == "people":
            subset_of[source] = SUBSETS[int(draw.choice(3, p=[0.7, 0.15, 0.15]))]
        elif source.kind == "street":
            subset_of[source] = VIDEOS[source.image.stem.split("_")[0]]
    spare = [source for source in pets if source.image.stat().st_size > 40_000][:40]
    pets = [source for source in pets if source not in spare]
    for source in pets:
        if can_be_cut_out(source):
            cuttable[subset_of[source]].append(source)
    whole, parts = [], []
    for i, source in enumerate(pets):
        if i % 9 < 4:
            whole.append((source, (0, 0, 1, 1)))
        else:
            height, width = stored(source).shape[:2]
            columns, rows = (3, 2) if width > height else (2, 3)
            parts += [(source, (i % columns, i // columns, columns, rows)) for i in range(columns * rows)]
    whole += [(source, (0, 0, 1, 1)) for source in everything if source.kind == "people"]
    for i, source in enumerate(source for source in everything if source.kind == "street"):
        if i % 3 == 0:
            whole.append((source, (0, 0, 1, 1)))
        else:
            parts += [(source, (i, 0, 3, 1)) for i in range(3)]
    chosen = different(whole) + different(parts)
    chosen = [chosen[i] for i in draw.permutation(len(chosen))][:count]
    chosen += [(None, None)] * (count - len(chosen))
    scenes, taken = [], set()
    for i, part in enumerate(chosen):
        source, cell = part
        subset = subset_of[source] if source else SUBSETS[int(draw.choice(3, p=[0.7, 0.15, 0.15]))]
        front = () if cell == (0, 0, 1, 1) else tuple(
            cuttable[subset][k] for k in draw.choice(len(cuttable[subset]), animals_before(source, draw), replace=False))
        name = name_of(part, draw, taken)
        taken.add(name)
        scenes.append(Scene(i, subset, name, source, cell, front, None, seed))
    return [scenes[i] for i in draw.permutation(len(scenes))], spare

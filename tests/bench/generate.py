# SPDX-License-Identifier: Apache-2.0
"""generate.py KIND OUT: data sets of the size that people have, drawn from a fixed seed; no picture is more than a few bytes.

  coco-val     5,000 images and 36,781 annotations in one JSON, as val2017 has
  coco-train   118,287 and 860,001, as train2017
  cvat         100,000 images and 700,000 annotations in one XML
  labelme      100,000 JSON files of 7 shapes
  labelme-data 200 JSON files that hold their picture, 10 MB each in base64
  masks-csv    Open Images' train-annotations-object-segmentation.csv: 2,700,000 rows of 943,000 images
"""
import base64
import json
import os
import pathlib
import random
import struct
import sys
import zlib

NAMES = [f"label {i}" for i in range(80)]


def ring(draw, width, height):
    """About 20 corners about a centre, two decimals, as people draw them."""
    x, y = draw.uniform(0, width), draw.uniform(0, height)
    radius = draw.uniform(4, 120)
    corners = []
    for _ in range(draw.randint(8, 32)):
        corners.append((round(min(max(x + draw.uniform(-radius, radius), 0), width), 2),
                        round(min(max(y + draw.uniform(-radius, radius), 0), height), 2)))
    return corners


def box_of(corners):
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return [min(xs), min(ys), round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)]


def counts_of(draw, width, height):
    """Runs of a crowd region, column by column, background first."""
    counts, left = [], width * height
    while left > 0 and len(counts) < 600:
        run = min(left, draw.randint(1, 2 * height))
        counts.append(run)
        left -= run
    if left:
        counts.append(left)
    return counts


def tiny_png(width=1, height=1):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(width) for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def walk(draw, width, height):
    """Some 25 corners, each near the last, as COCO's annotators left them."""
    x, y, numbers = draw.uniform(0, width), draw.uniform(0, height), []
    for _ in range(max(3, int(draw.gauss(25, 12)))):
        x, y = min(width, max(0, x + draw.uniform(-9, 9))), min(height, max(0, y + draw.uniform(-9, 9)))
        numbers += [round(x, 2), round(y, 2)]
    return numbers


def coco(out, images, annotations):
    draw = random.Random(1)
    (out / "annotations").mkdir(parents=True)
    (out / "images").mkdir()  # datumaro asks for it
    with open(out / "annotations" / "instances_train.json", "w") as file:
        file.write('{"info": {"description": "drawn"}, "licenses": [], "categories": ')
        json.dump([{"id": i + 1, "name": name, "supercategory": "thing"} for i, name in enumerate(NAMES)], file)
        file.write(', "images": [')
        for i in range(images):
            file.write(("" if i == 0 else ", ") + json.dumps({
                "license": 1, "file_name": f"{i:012}.jpg", "coco_url": f"http://images.example.org/{i:012}.jpg", "height": 480,
                "width": 640, "date_captured": "2013-11-14 11:18:45", "id": i}))
        file.write('], "annotations": [')
        for i in range(annotations):
            crowd = draw.random() < .012
            rings = [walk(draw, 640, 480) for _ in range(1 + (draw.random() < .15) + (draw.random() < .05))]
            shape = {"counts": counts_of(draw, 640, 480), "size": [480, 640]} if crowd else rings
            file.write(("" if i == 0 else ", ") + json.dumps({
                "segmentation": shape, "area": round(draw.uniform(10, 20000), 4), "iscrowd": int(crowd),
                "image_id": draw.randrange(images), "bbox": box_of(list(zip(rings[0][::2], rings[0][1::2]))), "category_id": draw.randint(1, 80), "id": i + 1}))
        file.write("]}")


def cvat(out, images, annotations):
    draw = random.Random(2)
    (out / "images").mkdir(parents=True)
    (out / "images" / "picture.png").write_bytes(tiny_png(640, 480))
    links = 0
    with open(out / "annotations.xml", "w") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta><task><labels>')
        for name in NAMES:
            file.write(f"<label><name>{name}</name><color>#{draw.randrange(1 << 24):06x}</color><attributes></attributes></label>")
        file.write("</labels></task></meta>\n")
        for i in range(images):
            name = f"{i:06}.png"
            # A file takes 65,000 links at most on ext4.
            if links % 60000 == 0:
                source = out / "images" / f"source{links // 60000}.png"
                source.write_bytes(tiny_png(640, 480))
            os.link(source, out / "images" / name)
            links += 1
            file.write(f'  <image id="{i}" name="{name}" width="640" height="480">\n')
            for _ in range(annotations // images):
                label = draw.choice(NAMES)
                if draw.random() < .3:
                    x, y = round(draw.uniform(0, 600), 2), round(draw.uniform(0, 440), 2)
                    file.write(f'    <box label="{label}" source="manual" occluded="0" xtl="{x}" ytl="{y}" xbr="{x + 40:.2f}" '
                               f'ybr="{y + 40:.2f}" z_order="0">\n    </box>\n')
                else:
                    corners = ";".join(f"{x},{y}" for x, y in ring(draw, 640, 480))
                    file.write(f'    <polygon label="{label}" source="manual" occluded="0" points="{corners}" z_order="0">\n'
                               "    </polygon>\n")
            file.write("  </image>\n")
        file.write("</annotations>\n")
    (out / "images" / "picture.png").unlink()
    for source in (out / "images").glob("source*.png"):
        source.unlink()


def labelme(out, images, shapes, data_bytes=0):
    draw = random.Random(3)
    out.mkdir(parents=True)
    for i in range(images):
        data = base64.b64encode(draw.randbytes(data_bytes * 3 // 4)).decode() if data_bytes else None
        (out / f"{i:06}.json").write_text(json.dumps({
            "version": "5.4.1", "flags": {}, "shapes": [
                {"label": draw.choice(NAMES), "points": ring(draw, 640, 480), "group_id": None, "description": "",
                 "shape_type": "polygon", "flags": {}, "mask": None} for _ in range(shapes)],
            "imagePath": f"{i:06}.jpg", "imageData": data, "imageHeight": 480, "imageWidth": 640}, indent=2))


def masks_csv(out, rows, images):
    draw = random.Random(4)
    out.mkdir(parents=True)
    mids = ["/m/" + "".join(draw.choice("0123456789bcdfghjklmnpqrstvwxyz_") for _ in range(draw.randint(4, 6))) for _ in range(350)]
    with open(out / "class-descriptions-boxable.csv", "w") as file:
        for i, mid in enumerate(mids):
            file.write(f"{mid},Label {i}\n")
    with open(out / "train-annotations-object-segmentation.csv", "w") as file:
        file.write("MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n")
        image, left = "", 0
        for row in range(rows):
            if left == 0:
                image, left = f"{draw.getrandbits(64):016x}", max(1, round(draw.expovariate(images / rows)))
            left -= 1
            mid, box = draw.choice(mids), f"{draw.getrandbits(32):08x}"
            x, y, w, h = (draw.uniform(0, .5) for _ in range(4))
            clicks = ";".join(f"{draw.random():.5f} {draw.random():.5f} {draw.randint(0, 1)}" for _ in range(draw.randint(3, 9)))
            file.write(f"{image}_{mid.replace('/', '')}_{box}.png,{image},{mid},{box},{x:.6f},{x + w:.6f},{y:.6f},{y + h:.6f},"
                       f"{draw.random():.5f},{clicks}\n")


KINDS = {"coco-val": lambda out: coco(out, 5000, 36_781), "coco-train": lambda out: coco(out, 118_287, 860_001),
         "cvat": lambda out: cvat(out, 100000, 700000), "labelme": lambda out: labelme(out, 100000, 7),
         "labelme-data": lambda out: labelme(out, 200, 7, 10_000_000), "masks-csv": lambda out: masks_csv(out, 2_700_000, 943_000)}

if __name__ == "__main__":
    KINDS[sys.argv[1]](pathlib.Path(sys.argv[2]))

# SPDX-License-Identifier: Apache-2.0
"""coco_shape.py OUT IMAGES ANNOTATIONS [results]: a COCO JSON file of that many, or results of that many detections in an order of
their own, shaped as COCO 2017's: keys in its order, polygons of 1 to 3 rings and some 25 points, one annotation in a hundred a crowd's RLE;
val2017 has 5,000 images, 36,781 annotations and 20 MB, train2017 118,287, 860,001 and 449 MB. The same each time."""
import json
import random
import sys

out, images, annotations = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(7)
CATEGORIES = [number for number in range(1, 91) if number % 9]
dump = json.JSONEncoder(separators=(",", ": ")).encode


def ring():
    x, y, numbers = rng.uniform(20, 500), rng.uniform(20, 400), []
    for _ in range(max(3, int(rng.gauss(25, 12)))):
        x, y = min(640, max(0, x + rng.uniform(-9, 9))), min(480, max(0, y + rng.uniform(-9, 9)))
        numbers += [round(x, 2), round(y, 2)]
    return numbers


def box(numbers):
    xs, ys = numbers[::2], numbers[1::2]
    return [min(xs), min(ys), round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)]


def runs():
    counts, left = [], 640 * 480
    while left > 0 and len(counts) < 300:
        counts.append(min(left, rng.randrange(1, 2000)))
        left -= counts[-1]
    return counts[:-1] + [counts[-1] + left]


def annotation(number):
    rings = [ring() for _ in range(1 + (rng.random() < 0.15) + (rng.random() < 0.05))]
    crowd = number % 100 == 0
    return {"segmentation": {"counts": runs(), "size": [480, 640]} if crowd else rings, "area": round(rng.uniform(10, 90000), 4),
            "iscrowd": int(crowd), "image_id": 9 + 5 * rng.randrange(images), "bbox": box(rings[0]),
            "category_id": rng.choice(CATEGORIES), "id": number + 1}


def detection(number):
    rings = ring()
    return {"image_id": 9 + 5 * rng.randrange(images), "category_id": rng.choice(CATEGORIES), "bbox": box(rings),
            "score": round(rng.random(), 6)}


def write_list(file, count, element):
    for number in range(count):
        file.write((", " if number else "") + dump(element(number)))
    file.write("]")


with open(out, "w") as file:
    if sys.argv[4:] == ["results"]:
        file.write("[")
        write_list(file, annotations, detection)
    else:
        file.write('{"info": {"description": "COCO 2017\'s shape"}, "licenses": [], "images": [')
        write_list(file, images, lambda i: {
            "license": 4, "file_name": f"{9 + 5 * i:012}.jpg", "coco_url": f"http://images.cocodataset.org/train2017/{9 + 5 * i:012}.jpg",
            "height": 480, "width": 640, "date_captured": "2013-11-14 17:02:52",
            "flickr_url": f"http://farm7.staticflickr.com/6116/{6255196340 + i}_da26cf2c9e_z.jpg", "id": 9 + 5 * i})
        file.write(', "annotations": [')
        write_list(file, annotations, annotation)
        file.write(', "categories": [')
        write_list(file, len(CATEGORIES), lambda i: {"supercategory": "s", "id": CATEGORIES[i], "name": f"c{CATEGORIES[i]}"})
        file.write("}")

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files that README.md describes, from pycocotools' answers."""
import argparse
import pathlib
import random

import numpy
import pycocotools._mask as mask_api


def text(rle):
    return rle["counts"].decode()


def counts(pixels):
    runs, value, length = [], 0, 0
    for pixel in pixels.flatten(order="F"):
        if pixel != value:
            runs.append(length)
            value, length = pixel, 0
        length += 1
    return runs + [length]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def size(self):
        chance = self.random.random()
        if chance < 0.15:
            return self.random.choice([(1, 1), (1, 9), (9, 1), (2, 2), (1, 50), (50, 1)])
        if chance < 0.93:
            return self.random.randint(1, 30), self.random.randint(1, 30)
        return self.random.randint(100, 640), self.random.randint(100, 480)

    def points(self, width, height):
        count = self.random.choice([1, 2, 3, 3, 4, 4, 5, 6, 8, 12, 30])
        margin = self.random.choice([0, 0, 0, 2, 20, 500])
        snap = self.random.choice([lambda v: v, round, lambda v: round(v * 2) / 2, lambda v: round(v, 1),
                                   lambda v: round(v * 10) / 10 + 0.05])

        def coordinate(length):
            return float(snap(self.random.uniform(-margin, length + margin)))

        points = [(coordinate(width), coordinate(height)) for _ in range(count)]
        if self.random.random() < 0.3:
            points.insert(0, points[self.random.randrange(count)])
        if self.random.random() < 0.3 and count > 3:
            for i in range(1, len(points)):
                points[i] = (points[i - 1][0] + self.random.gauss(0, 2), points[i - 1][1] + self.random.gauss(0, 2))
        if self.random.random() < 0.2:
            points.append(points[0])
        return [value for point in points for value in point]

    def pixels(self, width, height):
        share = self.random.choice([0, 0.05, 0.5, 0.95, 1])
        return numpy.array([[self.random.random() < share for _ in range(width)] for _ in range(height)], numpy.uint8)

    def polygon(self):
        width, height = self.size()
        points = self.points(width, height)
        rle = mask_api.frPoly([points], height, width)[0]
        return [width, height, text(rle), *map(repr, points)]

    def box(self):
        width, height = self.size()
        box = [self.random.uniform(-5, width + 5), self.random.uniform(-5, height + 5),
               self.random.uniform(0, width), self.random.uniform(0, height)]
        if self.random.random() < 0.3:
            box = [float(round(value)) for value in box]
        rle = mask_api.frBbox(numpy.array([box], dtype=numpy.double), height, width)[0]
        return [width, height, text(rle), *map(repr, box)]

    def mask(self):
        width, height = self.random.randint(1, 14), self.random.randint(1, 14)
        pixels = self.pixels(width, height)
        rle = mask_api.encode(numpy.asfortranarray(pixels[:, :, None]))[0]
        box = [int(value) for value in mask_api.toBbox([rle])[0]]
        return [width, height, text(rle), ",".join(map(str, counts(pixels))), int(mask_api.area([rle])[0]), *box,
                "".join(map(str, pixels.flatten()))]

    def pair(self):
        width, height = self.random.randint(1, 20), self.random.randint(1, 20)

        def make():
            if self.random.random() < 0.5:
                return mask_api.frPoly([self.points(width, height)], height, width)[0]
            return mask_api.encode(numpy.asfortranarray(self.pixels(width, height)[:, :, None]))[0]

        a, b = make(), make()
        return [width, height, text(a), text(b), text(mask_api.merge([a, b])),
                int(mask_api.area([mask_api.merge([a, b], intersect=1)])[0]),
                repr(float(mask_api.iou([a], [b], [0])[0, 0])), repr(float(mask_api.iou([a], [b], [1])[0, 0]))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", nargs=2, type=int, metavar=("N", "SEED"), help="as many cases of each kind")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    number, seed = arguments.fuzz or (None, 2015)
    generator = Generator(seed)
    for name, make, usual in [("polygons", generator.polygon, 150), ("boxes", generator.box, 40),
                              ("masks", generator.mask, 60), ("pairs", generator.pair, 60)]:
        lines = [" ".join(map(str, make())) for _ in range(number or usual)]
        (arguments.output / f"{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

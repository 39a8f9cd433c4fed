# SPDX-License-Identifier: Apache-2.0
"""loader_peer.py DATA WIDTH HEIGHT WORKERS REDUCED: what loader_rate does, with OpenCV in a DataLoader's workers.

DATA has train/images and train/masks. REDUCED is 1, 2, 4 or 8: OpenCV decodes a JPEG at that fraction only where it is told to.
"""
import glob
import os
import random
import sys
import time

import cv2
import numpy as np
import torch

MODES = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


class Pairs(torch.utils.data.Dataset):
    def __init__(self, data, size, reduced):
        self.size, self.mode = size, MODES[reduced]
        self.images = sorted(glob.glob(f"{data}/train/images/*"))
        cv2.setNumThreads(1)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        path = self.images[index]
        image = cv2.cvtColor(cv2.imread(path, self.mode), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(os.path.splitext(path.replace("/images/", "/masks/"))[0] + ".png", cv2.IMREAD_UNCHANGED)
        image = cv2.resize(image, self.size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, self.size, interpolation=cv2.INTER_NEAREST)
        gain, offset = 1 + random.uniform(-0.2, 0.2), 255 * random.uniform(-0.1, 0.1)
        image = cv2.LUT(image, np.clip(np.arange(256) * gain + offset, 0, 255).round().astype(np.uint8))
        width, height = self.size
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-10, 10), random.uniform(0.8, 1.6))
        if random.random() < 0.5:
            matrix = matrix @ np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]])
        return (cv2.warpAffine(image, matrix, self.size, flags=cv2.INTER_LINEAR),
                cv2.warpAffine(mask, matrix, self.size, flags=cv2.INTER_NEAREST, borderValue=255))


data, width, height, workers, reduced = sys.argv[1], *map(int, sys.argv[2:6])
pairs = Pairs(data, (width, height), reduced)
loader = torch.utils.data.DataLoader(pairs, batch_size=8, num_workers=workers, persistent_workers=workers > 0)
for _ in loader:
    pass  # workers start, and files come into the cache
start = time.perf_counter()
for _ in range(3):
    for _ in loader:
        pass
print(3 * len(pairs) / (time.perf_counter() - start))

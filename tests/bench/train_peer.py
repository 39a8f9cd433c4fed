# SPDX-License-Identifier: Apache-2.0
"""A plain PyTorch training loop with its best settings, for one measurement: what maskmill train does, in Python.

    python train_peer.py DATA NETWORK WIDTH HEIGHT EPOCHS WORKERS BF16 AUGMENT [FEATURES]

DATA is CamVid in SegNet's layout. Samples are decoded and resized once and kept in memory, changed by OpenCV in the workers
of a DataLoader, and trained on channels-last, with autocast to bfloat16 and torch's fused AdamW. Prints images a second over
all epochs but the first.
"""
import glob
import os
import random
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
VOID = 11


class Frames(torch.utils.data.Dataset):
    def __init__(self, data, size, augment):
        cv2.setNumThreads(1)
        self.augment, self.samples = augment, []
        for path in sorted(glob.glob(f"{data}/train/*.png")):
            image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
            mask = cv2.imread(path.replace("/train/", "/trainannot/"), cv2.IMREAD_UNCHANGED)
            self.samples.append((cv2.resize(image, size, interpolation=cv2.INTER_AREA),
                                 cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        image, mask = self.samples[index]
        if not self.augment:
            return image, mask
        gain, offset = 1 + random.uniform(-0.2, 0.2), 255 * random.uniform(-0.1, 0.1)
        image = cv2.LUT(image, np.clip(np.arange(256) * gain + offset, 0, 255).round().astype(np.uint8))
        height, width = mask.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-10, 10), random.uniform(0.8, 1.6))
        if random.random() < 0.5:
            matrix = matrix @ np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]])
        return (cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR),
                cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=VOID))


def network(name, classes, features):
    if name == "unet":
        from published_unet import UNet
        model = UNet(3, classes, features)
        return model, model.scores
    import torchvision_in_python  # noqa: F401
    import torchvision
    model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=classes)
    return model, lambda images: model(images)["out"]


def main(data, name, width, height, epochs, workers, bf16, augment, features=32):
    torch.set_num_threads(2)
    torch.manual_seed(1)
    frames = Frames(data, (int(width), int(height)), augment == "1")
    loader = torch.utils.data.DataLoader(frames, batch_size=8, shuffle=True, num_workers=int(workers),
                                         persistent_workers=int(workers) > 0)
    model, scores_of = network(name, 11, int(features))
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    images_done = seconds = 0
    for epoch in range(int(epochs)):
        start = time.perf_counter()
        for images, masks in loader:
            input = ((images.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16 == "1"):
                scores = scores_of(input)
            loss = F.cross_entropy(scores.float(), masks.long(), ignore_index=VOID)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if not torch.isfinite(loss):
                sys.exit("the loss is no number")
        if epoch > 0:
            images_done, seconds = images_done + len(frames), seconds + time.perf_counter() - start
    print(images_done / seconds)


main(*sys.argv[1:])

# SPDX-License-Identifier: Apache-2.0
"""predict_peer.py RUN IMAGES OUT WORKERS BF16: what maskmill predict does with a U-Net, in Python.

Pictures are read and brought to the network's size in a DataLoader's workers, scored in batches of 8, brought to their own size,
and their classes written as PNG.
"""
import glob
import json
import os
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
from published_unet import UNet  # noqa: E402

run, images, out, workers, bf16 = sys.argv[1:6]
card = json.load(open(f"{run}/model.json"))
size = (card["input"]["width"], card["input"]["height"])
mean, std = (torch.tensor(card["input"][key]).view(3, 1, 1) for key in ("mean", "std"))


class Pictures(torch.utils.data.Dataset):
    def __init__(self):
        cv2.setNumThreads(1)
        self.files = sorted(glob.glob(f"{images}/*"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        picture = cv2.cvtColor(cv2.imread(self.files[index]), cv2.COLOR_BGR2RGB)
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), picture.shape[:2], self.files[index]


torch.set_num_threads(2)
model = UNet(3, len(card["classes"]), card["model"]["init-features"])
model.load_state_dict(torch.load(f"{run}/model.pth"))
model = model.to(memory_format=torch.channels_last).eval()
os.makedirs(out)
loader = torch.utils.data.DataLoader(Pictures(), batch_size=8, num_workers=int(workers),
                                     collate_fn=lambda items: tuple(zip(*items)))
start = time.perf_counter()
done = 0
with torch.no_grad():
    for pictures, shapes, files in loader:
        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        batch = ((batch - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16 == "1"):
            scores = model.scores(batch)
        for score, shape, file in zip(scores.float(), shapes, files):
            classes = F.interpolate(score[None], size=shape, mode="bilinear")[0].argmax(0).to(torch.uint8).numpy()
            cv2.imwrite(f"{out}/{os.path.splitext(os.path.basename(file))[0]}.png", classes, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            done += 1
print(done / (time.perf_counter() - start))

# SPDX-License-Identifier: Apache-2.0
"""detector_peer.py PLUGIN THREADS NAME CLASSES SIDE BF16 CHANNELS_LAST: torchvision's detector, one step at a time, for detectors.py.

Its operators are those of PLUGIN, since torchvision's own library does not load beside this torch. Told "step FILE SEED RATE" it
trains on the batch in FILE as torchvision's references do, with SGD and clipped gradients; told "detect FILE" it finds objects;
told "weights FILE" it takes them over. Answers each with a line of JSON.
"""
import json
import os
import sys
import time

plugin, threads, name, classes, side, bf16, channels_last = sys.argv[1:]
os.environ["MASKMILL_BIN"] = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(plugin))), "bin")
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
import torch  # noqa: E402
import torchvision_in_python  # noqa: E402,F401
import torchvision  # noqa: E402
from torchvision.models import detection  # noqa: E402

for module in ("torchvision.extension", "torchvision.ops.boxes", "torchvision.ops.roi_align"):
    sys.modules[module]._assert_has_ops = lambda: None
for module in ("torchvision.extension", "torchvision.ops.roi_align"):
    sys.modules[module]._has_ops = lambda: True

torch.set_num_threads(int(threads))
model = getattr(detection, name)(weights=None, weights_backbone=None, num_classes=int(classes), min_size=int(side), max_size=int(side))
if channels_last == "1":
    model = model.to(memory_format=torch.channels_last)
# It has one size to choose from, and would draw for it before anchors and regions are drawn.
model.transform.torch_choice = lambda sizes: sizes[0]
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.005, momentum=0.9, weight_decay=0.0005, fused=True)


def batch_of(file):
    """Pictures as float32 of 0..1, and their targets."""
    tensors = torch.load(file)
    pictures, targets = [], []
    for i, (height, width) in enumerate(tensors["sizes"].tolist()):
        pictures.append(tensors["images"][i, :height, :width].permute(2, 0, 1).contiguous().float() / 255)
        targets.append({key: tensors[f"{i}.{key}"] for key in ("boxes", "labels", "masks")})
    return pictures, targets


def step(file, seed, rate):
    pictures, targets = batch_of(file)
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = float(rate)
    start = time.perf_counter()
    torch.manual_seed(int(seed) % 2**64)  # which Python would map to another one where it is negative
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16 == "1"):
        losses = model(pictures, targets)
        loss = sum(losses.values())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
    optimizer.step()
    said = {"loss": loss.item(), **{key: value.item() for key, value in losses.items()}}
    return {"seconds": time.perf_counter() - start, **said}


def detect(file):
    pictures, _ = batch_of(file)
    model.eval()
    start = time.perf_counter()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16 == "1"):
        found = model(pictures)
    return {"seconds": time.perf_counter() - start, "objects": sum(len(one["scores"]) for one in found)}


def weights(file):
    model.load_state_dict(torch.load(file))
    return {}


for line in sys.stdin:
    words = line.split()
    print(json.dumps({"step": step, "detect": detect, "weights": weights}[words[0]](*words[1:])), flush=True)

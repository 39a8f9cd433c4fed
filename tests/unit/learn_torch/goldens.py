# SPDX-License-Identifier: Apache-2.0
"""Prints goldens.h: what Python's torch computes for the network and the numbers that the tests here set up.

    python3 -m venv ref && ref/bin/pip install torch==2.13.0 numpy
    ref/bin/python tests/unit/learn_torch/goldens.py > tests/unit/learn_torch/goldens.h
"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "parity"))
from published_unet import UNet  # noqa: E402


def noise(salt, count):
    """In [-1, 1): a formula of an index, the same in any language."""
    value = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + salt * 78.233) * 43758.5453
    return (value - value.floor()) * 2 - 1


def salt_of(name):
    return sum((i + 1) * ord(c) for i, c in enumerate(name)) % 1009


def fill(network):
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            values = noise(salt_of(name), tensor.numel()).view(tensor.shape)
            if name.endswith("running_var"):
                values = 1 + 0.5 * values
            elif tensor.dim() == 4:
                values = values * math.sqrt(6 / tensor[0].numel())
            elif "norm" in name and name.endswith("weight"):
                values = 1 + 0.2 * values
            else:
                values = 0.2 * values
            tensor.copy_(values)


def problem():
    images = noise(3, 2 * 3 * 48 * 32).view(2, 3, 48, 32).float()
    classes = ((noise(5, 2 * 48 * 32) + 1) * 1.5).long().view(2, 48, 32)
    classes[:, :5, :7] = -1
    return images, classes


def losses(scores, classes):
    known = (classes >= 0).unsqueeze(1).float()
    truth = F.one_hot(classes.clamp(min=0), 3).permute(0, 3, 1, 2).float() * known

    def dice(p):
        p = p * known
        return 1 - ((2 * (p * truth).sum((0, 2, 3)) + 1) / (p.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)).mean()

    ce = F.cross_entropy(scores, classes, ignore_index=-1)
    bce = F.binary_cross_entropy_with_logits(scores.movedim(1, 3)[classes >= 0], truth.movedim(1, 3)[classes >= 0])
    return {"ce": ce, "bce": bce, "dice": dice(scores.softmax(1)), "bce_dice": bce + dice(scores.sigmoid()),
            "half_ce_two_dice": 0.5 * ce + 2 * dice(scores.softmax(1))}


def show(name, values):
    numbers = ", ".join(f"{float(v):.9g}" for v in values)
    print(f"inline const std::vector<double> {name}{{{numbers}}};")


def some(tensor):
    flat = tensor.detach().flatten()
    return flat[torch.arange(12) * 997 % flat.numel()].tolist()


def main():
    torch.set_num_threads(1)
    print("// SPDX-License-Identifier: Apache-2.0\n#pragma once\n\n// Printed by goldens.py with PyTorch "
          f"{torch.__version__.split('+')[0]}.\n#include <vector>\n\nnamespace maskmill::learn::goldens {{\n")
    torch.manual_seed(7)
    network = UNet(3, 3, 4)
    for name in ("encoder1.enc1conv1.weight", "bottleneck.bottleneckconv2.weight", "upconv2.weight", "upconv2.bias",
                 "conv.weight", "conv.bias"):
        show("seed7_" + name.replace(".", "_"), some(network.state_dict()[name]))

    fill(network)
    images, classes = problem()
    network.eval()
    show("eval_scores", some(network.scores(images)))
    for name in losses(network.scores(images), classes):
        network.zero_grad()
        loss = losses(network.scores(images), classes)[name]
        loss.backward()
        norm = torch.stack([p.grad.norm() for p in network.parameters()]).norm()
        show(f"eval_{name}_and_gradient_norm", [loss.detach(), norm])

    optimizer = torch.optim.Adam(network.parameters(), 1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=10)
    network.train()
    paces = []
    for step in range(10):
        paces += [optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]]
        if step < 3:
            scores = network.scores(images)
            if step == 0:
                show("train_scores", some(scores))
            optimizer.zero_grad()
            losses(scores, classes)["ce"].backward()
            optimizer.step()
        if step < 9:
            schedule.step()
    show("one_cycle_rate_and_momentum", paces)
    state = network.state_dict()
    show("trained_conv_weight", some(state["conv.weight"]))
    show("trained_enc1conv1_weight", some(state["encoder1.enc1conv1.weight"]))
    show("trained_running_mean", some(state["decoder1.dec1norm2.running_mean"]))
    show("trained_batches", [state["decoder1.dec1norm2.num_batches_tracked"]])
    print("\n}  // namespace maskmill::learn::goldens")


main()

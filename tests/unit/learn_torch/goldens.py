# SPDX-License-Identifier: Apache-2.0
"""Prints goldens.h: what Python's torch and segmentation_models_pytorch compute for the networks and the numbers that the
tests here set up.

    python3 -m venv ref && ref/bin/pip install torch==2.13.0 numpy pillow huggingface_hub safetensors pyyaml tqdm
    ref/bin/pip install --no-deps torchvision==0.28.0 timm segmentation-models-pytorch==0.6.0
    ref/bin/python tests/unit/learn_torch/goldens.py > tests/unit/learn_torch/goldens.h
"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "parity"))
import torchvision_in_python  # noqa: E402,F401
import torchvision  # noqa: E402
from published_unet import UNet  # noqa: E402
from segmentation_models_pytorch.losses import DiceLoss, FocalLoss, JaccardLoss  # noqa: E402
from segmentation_models_pytorch.losses._functional import softmax_focal_loss_with_logits  # noqa: E402


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
            elif tensor.dim() == 1 and name.endswith("weight"):
                values = 1 + 0.2 * values
            else:
                values = 0.2 * values
            tensor.copy_(values)


def problem():
    images = noise(3, 2 * 3 * 48 * 32).view(2, 3, 48, 32).float()
    classes = ((noise(5, 2 * 48 * 32) + 1) * 1.5).long().view(2, 48, 32)
    classes[:, :5, :7] = -1
    return images, classes


def show_pasted():
    """torchvision's paste_masks_in_image: inside the image, across its border, and a box of less than a pixel."""
    from torchvision.models.detection.roi_heads import paste_masks_in_image
    mask = ((noise(9, 14 * 14) + 1) / 2).float().view(1, 1, 14, 14)
    for name, box in (("inside", [10.3, 5.2, 40.7, 33.9]), ("across", [-5.5, -3.2, 12.4, 70]), ("tiny", [44, 30, 44.2, 30.1])):
        plane = paste_masks_in_image(mask, torch.tensor([box]), (48, 56))[0, 0]
        columns, rows = plane.any(0).nonzero().flatten(), plane.any(1).nonzero().flatten()
        show(f"pasted_{name}_columns_and_rows", [columns[0], columns[-1] + 1, rows[0], rows[-1] + 1])
        show(f"pasted_{name}_and_sum", [*some(plane), plane.double().sum()])


def published(name):
    make = getattr(torchvision.models.segmentation, name)
    return make(weights=None, weights_backbone=None, num_classes=3, aux_loss=True)


def show_published(name, seeded, first):
    """Of torchvision's network: what a seed draws, scores, and the gradients of a step without dropout. In float64: in float32
    torch's own gradients differ by .5 % between memory formats and numbers of threads, through so many ReLUs."""
    torch.manual_seed(7)
    network = published(name)
    for tensor in seeded:
        show(f"{name}_seed7_{tensor.replace('.', '_')}", some(network.state_dict()[tensor]))
    fill(network)
    network.double()
    images = noise(3, 2 * 3 * 41 * 56).view(2, 3, 41, 56)
    classes = ((noise(5, 2 * 41 * 56) + 1) * 1.5).long().view(2, 41, 56)
    with torch.no_grad():
        show(name + "_eval_scores", some(network.eval()(images)["out"]))
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()
    out = network(images)
    show(name + "_train_aux_scores", some(out["aux"]))
    loss = F.cross_entropy(out["out"], classes) + 0.5 * F.cross_entropy(out["aux"], classes)
    loss.backward()
    norm = torch.stack([p.grad.norm() for p in network.parameters()]).norm()
    show(name + "_loss_and_gradient_norm", [loss.detach(), norm, network.get_parameter(first).grad.norm()])


WEIGHTS = [1.0, 2.0, 0.5]


def losses(scores, classes):
    """By name. smp's `smooth` of a half is the one of 2 (both + .5) / (sum + 1)."""
    known = classes >= 0
    truth = F.one_hot(classes.clamp(min=0), 3).permute(0, 3, 1, 2).float() * known.unsqueeze(1)
    weights = torch.tensor(WEIGHTS)
    smooth = {"ignore_index": -1, "smooth": 0.5}
    dice = DiceLoss("multiclass", **smooth)(scores, classes)
    several = known.unsqueeze(1).expand(-1, 3, -1, -1)
    independent_dice = DiceLoss("multilabel", smooth=0.5)(
        torch.where(several, scores, torch.full_like(scores, -1e4)), truth)
    ce = F.cross_entropy(scores, classes, ignore_index=-1)
    bce = F.binary_cross_entropy_with_logits(scores.movedim(1, 3)[known], truth.movedim(1, 3)[known])
    of_known = scores.movedim(1, 3)[known]
    without_two = torch.where(classes == 2, torch.zeros_like(classes), classes)
    return {
        "ce": ce,
        "bce": bce,
        "dice": dice,
        "bce_dice": bce + independent_dice,
        "half_ce_two_dice": 0.5 * ce + 2 * dice,
        "weighted_ce": F.cross_entropy(scores, classes, weights, ignore_index=-1),
        "weighted_dice": DiceLoss("multiclass", class_weights=WEIGHTS, **smooth)(scores, classes),
        "plain_dice": DiceLoss("multiclass", ignore_index=-1)(scores, classes),
        "dice_of_two": DiceLoss("multiclass", **smooth)(scores, without_two),
        "jaccard": JaccardLoss("multiclass", smooth=0.5)(of_known.movedim(1, 0)[None], classes[known][None]),
        "focal": softmax_focal_loss_with_logits(of_known, classes[known]),
        "sigmoid_focal": FocalLoss("multiclass", ignore_index=-1)(scores, classes),
        "weighted_sigmoid_focal": FocalLoss("multiclass", ignore_index=-1, gamma=1.5, class_weights=WEIGHTS)(scores, classes),
    }


def moved(make):
    """Three weights after six steps along gradients that a formula gives; the second has none at the fourth step."""
    weights = [noise(17 + i, 24).view(2, 3, 2, 2).float().requires_grad_() for i in range(3)]
    optimizer = make(weights)
    for step in range(6):
        for i, weight in enumerate(weights):
            weight.grad = None if (i, step) == (1, 3) else noise(31 * step + i, 24).view(2, 3, 2, 2).float()
        optimizer.step()
    return torch.cat([weight.detach().flatten()[::5] for weight in weights])


def optimizers():
    return {
        "adam": lambda w: torch.optim.Adam(w, 0.01, betas=(0.8, 0.95), weight_decay=0.1, eps=1e-6),
        "adamw": lambda w: torch.optim.AdamW(w, 0.01),
        "sgd": lambda w: torch.optim.SGD(w, 0.01, weight_decay=0.1),
        "sgd_momentum": lambda w: torch.optim.SGD(w, 0.01, momentum=0.9),
        "sgd_nesterov": lambda w: torch.optim.SGD(w, 0.01, momentum=0.8, nesterov=True, weight_decay=0.1),
        "rmsprop": lambda w: torch.optim.RMSprop(w, 0.01),
        "rmsprop_momentum": lambda w: torch.optim.RMSprop(w, 0.01, alpha=0.9, momentum=0.8, weight_decay=0.1, eps=1e-6),
    }


STEPS, EPOCHS = 3, 8  # of an epoch, of the training
SCORES = [0.3, 0.5, 0.50001, 0.4, 0.6, 0.59, 0.58, 0.57]


def rates(make, by_epoch):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    schedule = make(optimizer)
    seen = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not by_epoch:
                schedule.step()
        if by_epoch == "score":
            schedule.step(SCORES[epoch])
        elif by_epoch:
            schedule.step()
    return seen


def schedules():
    s = torch.optim.lr_scheduler
    all_steps, warm = STEPS * EPOCHS, 4

    def warmed(after):
        return lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.25, total_iters=warm), after(o)], [warm])

    return {
        "cosine": (lambda o: s.CosineAnnealingLR(o, all_steps, 0.01), False),
        "poly": (lambda o: s.PolynomialLR(o, all_steps, 0.9), False),
        "step": (lambda o: s.StepLR(o, 3, 0.5), True),
        "multistep": (lambda o: s.MultiStepLR(o, [2, 5, 6], 0.5), True),
        "exponential": (lambda o: s.ExponentialLR(o, 0.95), True),
        "plateau": (lambda o: s.ReduceLROnPlateau(o, "max", 0.5, patience=1, cooldown=1, threshold=1e-3), "score"),
        "plateau_of_loss": (lambda o: s.ReduceLROnPlateau(o, "min", 0.1, patience=0, min_lr=0.002), "score"),
        "warm_cosine": (warmed(lambda o: s.CosineAnnealingLR(o, all_steps - warm)), False),
        "warm_poly": (warmed(lambda o: s.PolynomialLR(o, all_steps - warm, 2.0)), False),
    }


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

    for name, make in optimizers().items():
        show("moved_by_" + name, moved(make))
    for name, (make, by_epoch) in schedules().items():
        show("rates_of_" + name, rates(make, by_epoch))
    show("plateau_scores", SCORES)
    for name, head in (("fcn_resnet50", "classifier.4"), ("deeplabv3_resnet50", "classifier.0.convs.4.1")):
        show_published(name, ["backbone.conv1.weight", "backbone.layer1.0.downsample.0.weight", "backbone.layer4.2.conv3.weight",
                              head + ".weight", "aux_classifier.4.bias"], "backbone.conv1.weight")
    show_pasted()
    print("\n}  // namespace maskmill::learn::goldens")


main()

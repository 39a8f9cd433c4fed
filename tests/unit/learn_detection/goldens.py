# SPDX-License-Identifier: Apache-2.0
"""Prints goldens.h: what torchvision's detectors compute, stage by stage, for weights and pictures that the tests here set
up. In the environment of ../learn_torch/goldens.py:

    ref/bin/python tests/unit/learn_detection/goldens.py > tests/unit/learn_detection/goldens.h

In float64, as the gradients there are; the operators are torchvision's own definitions in Python.
"""
import math
import pathlib
import sys
import zlib

import torch

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "parity"))
import torchvision_in_python  # noqa: E402,F401
import torchvision  # noqa: E402
import torchvision.models.detection as detection  # noqa: E402

CLASSES = 4
SETTINGS = {"rpn_pre_nms_top_n_train": 150, "rpn_pre_nms_top_n_test": 120, "rpn_post_nms_top_n_train": 60,
            "rpn_post_nms_top_n_test": 40, "rpn_batch_size_per_image": 64, "box_batch_size_per_image": 32,
            "box_detections_per_img": 15}
INPUT = {"min_size": 96, "max_size": 128}
SIZES = [(83, 120), (110, 70)]


def define_operators():
    for module in ("torchvision.extension", "torchvision.ops.boxes", "torchvision.ops.roi_align"):
        sys.modules[module]._assert_has_ops = lambda: None

    def nms(boxes, scores, threshold):
        order = scores.sort(descending=True, stable=True)[1].tolist()
        kept = []
        while order:
            best = order.pop(0)
            kept.append(best)
            if order:
                overlap = torchvision.ops.box_iou(boxes[best:best + 1], boxes[order])[0]
                order = [i for i, iou in zip(order, overlap.tolist()) if not iou > threshold]
        return torch.tensor(kept, dtype=torch.long)

    # The compiled operator takes a sample outside the map for 0; its definition in Python takes the border's value.
    module = sys.modules["torchvision.ops.roi_align"]
    interpolate = module._bilinear_interpolate

    def interpolate_inside(image, roi_batch_ind, y, x, ymask, xmask):
        values = interpolate(image, roi_batch_ind, y, x, ymask, xmask)
        inside_y, inside_x = (y >= -1) & (y <= image.shape[2]), (x >= -1) & (x <= image.shape[3])
        return values * (inside_y[:, None, :, None, :, None] & inside_x[:, None, None, :, None, :])

    module._bilinear_interpolate = interpolate_inside
    module._has_ops = lambda: True
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.impl("nms", nms, "CPU")
    library.impl("roi_align", module._roi_align.__wrapped__, "CompositeImplicitAutograd")
    return library


def noise(salt, count):
    """In [-1, 1): a formula of an index, the same in any language."""
    value = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + salt * 78.233) * 43758.5453
    return (value - value.floor()) * 2 - 1


def salt_of(name):
    return sum((i + 1) * ord(c) for i, c in enumerate(name)) % 1009


def fill(model):
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            values = noise(salt_of(name), tensor.numel()).view(tensor.shape)
            if name.endswith("running_var"):
                values = 1 + 0.5 * values
            elif tensor.dim() >= 2:
                values = values * math.sqrt(3 / tensor[0].numel())
            elif name.endswith("weight"):
                values = 1 + 0.2 * values
            else:
                values = 0.2 * values
            tensor.copy_(values)


def pictures():
    return [(noise(3 + i, 3 * h * w).view(3, h, w) + 1) / 2 for i, (h, w) in enumerate(SIZES)]


def targets():
    """Two objects on the first picture, three on the second; their masks are ellipses within the boxes."""
    boxes = [[[8, 10, 60, 70], [50, 5, 115, 50]], [[5, 5, 30, 40], [20, 50, 66, 104], [2, 60, 20, 90]]]
    labels = [[1, 3], [2, 1, 3]]
    made = []
    for (h, w), of_picture, numbers in zip(SIZES, boxes, labels):
        of_picture = torch.tensor(of_picture, dtype=torch.float64)
        y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
        masks = [((x - (l + r) / 2) / ((r - l) / 2)) ** 2 + ((y - (t + b) / 2) / ((b - t) / 2)) ** 2 < 1
                 for l, t, r, b in of_picture]
        made.append({"boxes": of_picture, "labels": torch.tensor(numbers), "masks": torch.stack(masks).to(torch.uint8)})
    return made


def numbers(values):
    return "{" + ", ".join(f"{float(v):.12g}" for v in values) + "}"


def show(head, of_names, tail="};"):
    print(head + "{")
    for name, values in of_names.items():
        print(f'  {{"{name}", {numbers(values)}}},')
    print(tail)


def some(tensor):
    flat = tensor.detach().flatten()
    return flat[torch.arange(12) * 997 % flat.numel()].tolist()


def state_number(model):
    """Of every name and shape, in their order."""
    lines = "".join(f"{name} {list(tensor.shape)}\n" for name, tensor in model.state_dict().items())
    return zlib.crc32(lines.encode())


def made(name, **settings):
    return getattr(detection, name)(weights=None, weights_backbone=None, num_classes=CLASSES, **INPUT, **settings)


def numbers_of(name):
    """By what they are of."""
    found = {}
    model = made(name, **SETTINGS)
    found["state"] = [state_number(model)]
    torch.manual_seed(7)
    seeded = made(name).state_dict()
    for tensor in ("backbone.body.conv1.weight", "backbone.fpn.inner_blocks.1.0.weight", "backbone.fpn.layer_blocks.3.0.weight",
                   "rpn.head.conv.0.0.weight", "rpn.head.bbox_pred.weight", "roi_heads.box_predictor.bbox_pred.bias",
                   "roi_heads.mask_head.2.0.weight", "roi_heads.mask_predictor.conv5_mask.bias",
                   "roi_heads.mask_predictor.mask_fcn_logits.weight"):
        if tensor in seeded:
            found["seed 7: " + tensor] = some(seeded[tensor])
    fill(model)
    model.double().eval()
    images, _ = model.transform(pictures())
    features = model.backbone(images.tensors)
    for level, feature in features.items():
        found[f"features {level}"] = some(feature)
    objectness, deltas = model.rpn.head(list(features.values()))
    objectness, deltas = detection.rpn.concat_box_prediction_layers(objectness, deltas)
    anchors = model.rpn.anchor_generator(images, list(features.values()))
    found["objectness"] = some(objectness)
    found["anchor deltas"] = some(deltas)
    found["anchors"] = some(anchors[0])
    proposals, _ = model.rpn(images, features)
    found["proposal counts"] = [len(of_picture) for of_picture in proposals]
    found["proposals"] = some(torch.cat(proposals))
    regions = model.roi_heads.box_roi_pool(features, proposals, images.image_sizes)
    found["pooled"] = some(regions)
    logits, box_deltas = model.roi_heads.box_predictor(model.roi_heads.box_head(regions))
    found["class logits"] = some(logits)
    found["box deltas"] = some(box_deltas)
    detected, _ = model.roi_heads(features, proposals, images.image_sizes)
    found["detection counts"] = [len(of_picture["boxes"]) for of_picture in detected]
    for key in detected[0]:
        found[f"detected {key}"] = some(torch.cat([of_picture[key] for of_picture in detected]))
    model.train()
    torch.manual_seed(11)
    losses = model(pictures(), targets())
    sum(losses.values()).backward()
    norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
    order = ("loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg")
    found["losses"] = [losses[key] for key in order if key in losses]
    found["gradient norms"] = [norm] + [model.get_parameter(tensor).grad.norm() for tensor in (
        "backbone.body.conv1.weight", "backbone.fpn.layer_blocks.0.0.weight", "rpn.head.cls_logits.bias",
        "roi_heads.box_predictor.cls_score.weight")]
    return found


def main():
    torch.set_num_threads(2)
    library = define_operators()  # as long as this lives
    print("// SPDX-License-Identifier: Apache-2.0\n#pragma once\n\n// Printed by goldens.py with PyTorch "
          f"{torch.__version__.split('+')[0]} and torchvision {torchvision.__version__.split('+')[0]}.\n#include <map>\n#include <string>\n#include <vector>\n\n"
          "namespace maskmill::learn::goldens {\n")
    batch, resized = made("maskrcnn_resnet50_fpn").double().train().transform(pictures(), targets())
    of_batch = {"shape": batch.tensors.shape, "sizes": [side for size in batch.image_sizes for side in size],
                "pixels": some(batch.tensors), "boxes": torch.cat([of_picture["boxes"] for of_picture in resized]).flatten(),
                "mask pixels": [of_picture["masks"].sum() for of_picture in resized]}
    print("using Numbers = std::map<std::string, std::vector<double>>;\n")
    show("inline const Numbers batch", of_batch)
    print("inline const std::map<std::string, Numbers> detectors{")
    for name in ("fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2"):
        show(f'{{"{name}", ', numbers_of(name), "}},")
    print("};\n\n}  // namespace maskmill::learn::goldens")
    del library


main()

# SPDX-License-Identifier: Apache-2.0
"""Lets torchvision's Python code be imported beside a CPU build of torch, for which its own operators are not published.

Import this before torchvision, or before anything that imports it. The operators are declared and cannot be called.
"""
import torch

_operators = torch.library.Library("torchvision", "DEF")
for _declared in ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
                  "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
                  "box_iou_rotated(Tensor boxes1, Tensor boxes2) -> Tensor",
                  "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
                  "int sampling_ratio, bool aligned) -> Tensor"):
    _operators.define(_declared)

# SPDX-License-Identifier: Apache-2.0
"""Lets torchvision's Python code be imported beside a CPU build of torch, for which its own operators are not published.

Import this before torchvision, or before anything that imports it. Where our plugin is built (MASKMILL_BIN says where), its
operators nms and roi_align are torchvision's; else all are declared and cannot be called.
"""
import os
import pathlib

import torch

PLUGIN = pathlib.Path(os.environ.get("MASKMILL_BIN", "nowhere")).parent / "lib" / "libmaskmill_operators.so"

_operators = torch.library.Library("torchvision", "FRAGMENT")
_declared = ["qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
             "box_iou_rotated(Tensor boxes1, Tensor boxes2) -> Tensor"]
if PLUGIN.exists():
    torch.ops.load_library(PLUGIN)
else:
    _declared += ["nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
                  "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
                  "int sampling_ratio, bool aligned) -> Tensor"]
for _one in _declared:
    _operators.define(_one)

# SPDX-License-Identifier: Apache-2.0
"""Writes the files of this folder with the real package: safetensors 0.8.0, torch 2.13.0.

    python tests/data/safetensors/make.py tests/data/safetensors
"""
import os
import sys

import torch
from safetensors.torch import save_file
from torch import nn

folder = sys.argv[1]
types = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
         torch.uint8, torch.bool]
tensors = {str(t).split(".")[1]: torch.tensor([0, 1], dtype=t) for t in types}
tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4), "square": torch.arange(6.0).reshape(2, 3)}
save_file(tensors, os.path.join(folder, "types.safetensors"), metadata={"format": "pt", "made by": "make.py"})
torch.manual_seed(0)
save_file(nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)).state_dict(), os.path.join(folder, "module.safetensors"))

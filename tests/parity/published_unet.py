# SPDX-License-Identifier: Apache-2.0
"""The U-Net whose weight names ours has: the layers and names of mateuszbuda/brain-segmentation-pytorch, written anew."""
from collections import OrderedDict

import torch
from torch import nn


class UNet(nn.Module):
    def __init__(self, in_channels=3, out_channels=1, init_features=32):
        super().__init__()
        widths = [init_features * 2**level for level in range(5)]
        before = in_channels
        for level, width in enumerate(widths[:4], start=1):
            setattr(self, f"encoder{level}", self._block(before, width, f"enc{level}"))
            setattr(self, f"pool{level}", nn.MaxPool2d(kernel_size=2, stride=2))
            before = width
        self.bottleneck = self._block(widths[3], widths[4], "bottleneck")
        for level in (4, 3, 2, 1):
            width = widths[level - 1]
            setattr(self, f"upconv{level}", nn.ConvTranspose2d(2 * width, width, kernel_size=2, stride=2))
            setattr(self, f"decoder{level}", self._block(2 * width, width, f"dec{level}"))
        self.conv = nn.Conv2d(init_features, out_channels, kernel_size=1)

    def scores(self, x):
        """What comes before the published forward()'s sigmoid."""
        skips = []
        for level in (1, 2, 3, 4):
            x = getattr(self, f"encoder{level}")(x)
            skips.append(x)
            x = getattr(self, f"pool{level}")(x)
        x = self.bottleneck(x)
        for level in (4, 3, 2, 1):
            x = torch.cat((getattr(self, f"upconv{level}")(x), skips[level - 1]), dim=1)
            x = getattr(self, f"decoder{level}")(x)
        return self.conv(x)

    def forward(self, x):
        return torch.sigmoid(self.scores(x))

    @staticmethod
    def _block(inputs, features, name):
        return nn.Sequential(OrderedDict([
            (f"{name}conv1", nn.Conv2d(inputs, features, kernel_size=3, padding=1, bias=False)),
            (f"{name}norm1", nn.BatchNorm2d(features)),
            (f"{name}relu1", nn.ReLU(inplace=True)),
            (f"{name}conv2", nn.Conv2d(features, features, kernel_size=3, padding=1, bias=False)),
            (f"{name}norm2", nn.BatchNorm2d(features)),
            (f"{name}relu2", nn.ReLU(inplace=True)),
        ]))

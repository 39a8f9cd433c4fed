# SPDX-License-Identifier: Apache-2.0
"""Writes the .pth files of this folder with the real torch: torch 2.13.0, numpy 2.4.6.

    python tests/data/pth/make.py tests/data/pth

Names say how a file must be met: pass-* and legacy.pth are read, refuse-* are not. What each holds is said in
tests/unit/learn/pth_test.cpp. Nothing in the refused ones is ever run; the command would be `true`.
"""
import os
import pickle
import sys
import zipfile
from collections import OrderedDict

import torch
from torch import nn

folder = sys.argv[1]


def save(name, value, **options):
    torch.save(value, os.path.join(folder, name), **options)


def copy(name, source, pickled=None, compression=zipfile.ZIP_STORED):
    """The same entries, packed by Python, perhaps with another data.pkl."""
    with zipfile.ZipFile(os.path.join(folder, source)) as old, \
            zipfile.ZipFile(os.path.join(folder, name), "w", compression) as new:
        for entry in old.infolist():
            replaced = pickled if entry.filename.endswith("data.pkl") else None
            new.writestr(zipfile.ZipInfo(entry.filename), replaced or old.read(entry), compression)


class Command:
    def __reduce__(self):
        return os.system, ("true",)


types = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
         torch.int8, torch.uint8, torch.bool]
save("pass-types.pth", OrderedDict((str(t).split(".")[1], torch.tensor([0, 1], dtype=t)) for t in types))

torch.manual_seed(0)
module = nn.Sequential(OrderedDict(conv=nn.Conv2d(2, 3, (1, 2)), norm=nn.BatchNorm2d(3)))
save("pass-module.pth", module.state_dict())
copy("pass-deflated.pth", "pass-module.pth", compression=zipfile.ZIP_DEFLATED)

base = torch.arange(24.0).reshape(2, 3, 4)
save("pass-views.pth", {
    "whole": base,
    "transposed": base.permute(2, 0, 1),
    "row": base[1, 2],
    "every_other": base[:, :, ::2],
    "expanded": torch.tensor([5.0]).expand(2, 3),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 4),
})

save("pass-checkpoint.pth", {
    "epoch": 12, "loss": 0.5, "huge": 1 << 80, "name": "run", "done": False, "none": None, "bytes": b"\x00\x01",
    "args": {"lr": [0.1, 0.2], "size": torch.Size([2, 3]), ("a", 1): 2},
    "state_dict": {"layer": {"weight": torch.ones(2)}},
    "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}},
    "shadow": [torch.zeros(1), torch.ones(1)],
    "parameter": nn.Parameter(torch.full((1,), 7.0)),
}, pickle_protocol=4)  # at protocol 2, bytes ask for _codecs.encode
for protocol in (3, 4, 5):
    save(f"pass-protocol{protocol}.pth", {"weight": torch.arange(3.0), "epoch": 300000}, pickle_protocol=protocol)

torch.serialization.set_crc32_options(False)
save("pass-no-checksum.pth", {"weight": torch.arange(3.0)})
torch.serialization.set_crc32_options(True)

shared = torch.arange(6.0).reshape(2, 3)
save("legacy.pth", {"epoch": 3, "state_dict": OrderedDict(
    weight=shared, turned=shared.t(), half=torch.ones(2, dtype=torch.float16), empty=torch.zeros(0, 4),
    count=torch.tensor(7))}, _use_new_zipfile_serialization=False)
save("refuse-legacy-module.pth", nn.ReLU(), _use_new_zipfile_serialization=False)
save("refuse-module-object.pth", nn.ReLU())
save("refuse-command.pth", {"weight": torch.ones(1), "x": Command()})
copy("refuse-command-protocol4.pth", "refuse-command.pth", pickle.dumps({"x": Command()}, protocol=4))
copy("refuse-getattr.pth", "refuse-command.pth",
     b"\x80\x02cbuiltins\ngetattr\n(X\x02\x00\x00\x00osX\x06\x00\x00\x00systemtR.")
save("refuse-complex.pth", {"weight": torch.zeros(2, dtype=torch.complex64)})
save("refuse-tensor.pth", torch.ones(2))
torch.jit.save(torch.jit.script(nn.ReLU()), os.path.join(folder, "refuse-script.pth"))

# SPDX-License-Identifier: Apache-2.0
"""A detector that maskmill trained, in torchvision: its model.pth loads there and finds what `maskmill predict` finds; so does
its jit-model.pt, without any code of the model."""
import json
import sys

import numpy as np
import pytest
import torch
from conftest import maskmill
from PIL import Image
from pycocotools import mask as coco_mask
from torchvision_in_python import PLUGIN
import torchvision
from torchvision.models import detection

AS_TRAINED = {"min_size": 96, "max_size": 96, "box_score_thresh": 0.0}


@pytest.fixture(autouse=True)
def operators_are_there(monkeypatch):
    assert PLUGIN.exists(), "libmaskmill_operators.so is not built"
    for module in ("torchvision.extension", "torchvision.ops.roi_align"):
        monkeypatch.setattr(sys.modules[module], "_has_ops", lambda: True)
    for module in ("torchvision.extension", "torchvision.ops.boxes", "torchvision.ops.roi_align"):
        monkeypatch.setattr(sys.modules[module], "_assert_has_ops", lambda: None)


@pytest.fixture(scope="session")
def people(real_data, tmp_path_factory):
    """A few of the real pictures."""
    folder = tmp_path_factory.mktemp("people") / "data"
    maskmill("split", real_data / "labelme_voc_person", "--from", "labelme", "-o", folder, "--to", "coco", "--quiet",
             "--ratio", "train=0.15,val=0.1,rest=0.75")
    return folder


@pytest.fixture(scope="session")
def detector(people, tmp_path_factory):
    """One epoch: enough for its numbers to differ from place to place, not for it to find people. So every score is let through."""
    run = tmp_path_factory.mktemp("detector") / "run"
    maskmill("train", people, "--from", "coco", "-o", run, "--quiet", "epochs=1", "batch-size=4",
             "model.name=maskrcnn_resnet50_fpn", "input.min-size=96", "input.max-size=96", "optimizer.learning-rate=0.0003",
             "model.detector.box-score-thresh=0", "model.detector.rpn-post-nms-top-n-train=200",
             "model.detector.box-batch-size-per-image=64")
    maskmill("export", run, "--to", "torchscript", "-o", run / "jit-model.pt", "--quiet")
    return run


def in_torchvision(run):
    card = json.loads((run / "model.json").read_text())
    model = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=len(card["classes"]), **AS_TRAINED)
    model.load_state_dict(torch.load(run / "model.pth"))
    return model.eval()


def tensor_of(path):
    return torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1).float() / 255


def same_detections(found, expected, tolerance):
    assert len(expected["scores"]) > 3, "nothing is found, so nothing is shown"
    assert len(found["scores"]) == len(expected["scores"])
    assert torch.equal(found["labels"], expected["labels"])
    assert (found["scores"] - expected["scores"]).abs().max() < tolerance
    assert (found["boxes"] - expected["boxes"]).abs().max() < 500 * tolerance
    assert expected["masks"].std() > 1e-3, "the masks must vary over space"
    assert (found["masks"] - expected["masks"]).abs().max() < tolerance


def test_the_scripted_model_finds_what_torchvision_finds(detector, real_data):
    model, scripted = in_torchvision(detector), torch.jit.load(detector / "jit-model.pt")
    assert list(scripted.state_dict()) == [name for name in model.state_dict()]
    pictures = [tensor_of(path) for path in sorted((real_data / "labelme_voc_person/val").glob("*.jpg"))[:3]]
    with torch.no_grad():
        expected, (losses, found) = model(pictures), scripted(pictures)
    assert losses == {}
    for ours, theirs in zip(found, expected):
        same_detections(ours, theirs, 1e-4)


def test_predict_finds_what_torchvision_finds(detector, tmp_path):
    """A picture of the network's size: no resizing on the way, which is rounded to whole levels here."""
    y, x = np.mgrid[:96, :80]
    noise = np.random.default_rng(3).integers(-40, 40, (96, 80, 3))
    picture = (np.stack([x * 2, y, (x + y) % 256], -1) + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    maskmill("predict", detector, tmp_path / "a.png", "-o", tmp_path / "out", "--to", "coco", "--threshold", "0", "--quiet")
    written = json.loads((tmp_path / "out/annotations/instances.json").read_text())["annotations"]
    with torch.no_grad():
        expected = in_torchvision(detector)([tensor_of(tmp_path / "a.png")])[0]
    assert len(written) == len(expected["scores"]) > 3
    assert np.abs(np.array([a["score"] for a in written]) - expected["scores"].numpy()).max() < 1e-4
    boxes = np.array([a["bbox"] for a in written])
    boxes[:, 2:] += boxes[:, :2]
    assert np.abs(boxes - expected["boxes"].numpy()).max() < 1e-2
    for ours, mask in zip(written, expected["masks"][:, 0].numpy()):
        rle = ours["segmentation"]
        if isinstance(rle["counts"], list):
            rle = coco_mask.frPyObjects(rle, *rle["size"])
        differing = coco_mask.decode(rle).astype(bool) != (mask >= 0.5)
        assert (np.abs(mask[differing] - 0.5) < 1e-3).all()


def test_torchvision_weights_begin_a_training(detector, people, tmp_path):
    """The names that torchvision's published files have are those of before 0.14."""
    former = {}
    for name, tensor in in_torchvision(detector).state_dict().items():
        if "num_batches_tracked" in name:
            continue
        name = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        for part in ("inner_blocks", "layer_blocks"):
            for i in range(4):
                name = name.replace(f"{part}.{i}.0.", f"{part}.{i}.")
        for i in range(4):
            name = name.replace(f"mask_head.{i}.0.", f"mask_head.mask_fcn{i + 1}.")
        former[name] = tensor
    torch.save(former, tmp_path / "former.pth")
    run = tmp_path / "run"
    maskmill("train", people, "--from", "coco", "-o", run, "--quiet", "epochs=1", "batch-size=4",
             "model.name=maskrcnn_resnet50_fpn", "input.min-size=64", "input.max-size=64", "optimizer.learning-rate=0",
             f"model.weights={tmp_path / 'former.pth'}")
    config = json.loads((run / "config.json").read_text())
    assert config["model"]["detector"]["norm"] == "frozen" and config["model"]["detector"]["trainable-layers"] == 3
    made = torch.load(run / "model.pth")
    assert torch.equal(made["rpn.head.conv.0.0.weight"], former["rpn.head.conv.weight"])
    assert torch.equal(made["roi_heads.mask_head.3.0.bias"], former["roi_heads.mask_head.mask_fcn4.bias"])
    assert torch.equal(made["backbone.body.bn1.running_var"], former["backbone.body.bn1.running_var"])

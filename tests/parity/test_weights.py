# SPDX-License-Identifier: Apache-2.0
"""Python reads the weights that training wrote and computes the same; and the other way round."""
import json
import shutil

import numpy as np
import torch
from conftest import maskmill
from PIL import Image
from published_unet import UNet
from safetensors.torch import load_file, save_file
import torchvision_in_python  # noqa: F401
import torchvision


def model_of(run):
    card = json.loads((run / "model.json").read_text())
    return card, UNet(3, len(card["classes"]), card["model"]["init-features"])


def probabilities(run, picture, folder):
    """Our softmax of one picture, (classes, height, width), as predict writes it: 16 bits."""
    maskmill("predict", run, picture, "-o", folder, "--probabilities", "--quiet")
    card = json.loads((run / "model.json").read_text())
    planes = [np.asarray(Image.open(folder / "probabilities" / label["name"] / f"{picture.stem}.png"), dtype=np.float64)
              for label in card["classes"]]
    return np.stack(planes) / 65535


def network_sized_picture(card, path):
    """No resizing on the way: only then are the two sides' inputs the same to the last bit."""
    rng = np.random.default_rng(7)
    shape = (card["input"]["height"], card["input"]["width"], 3)
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = np.stack([x * 2, y * 3, (x + y)], -1) % 256 + rng.integers(-20, 20, shape)
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path)


def python_probabilities(model, card, path):
    picture = torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(card["input"][key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.no_grad():
        return model.eval().scores(((picture - mean) / std)[None]).softmax(1)[0].double().numpy()


def test_torch_loads_trained_weights_and_computes_the_same(trained, tmp_path):
    run, _ = trained
    card, model = model_of(run)
    model.load_state_dict(torch.load(run / "model.pth"))
    network_sized_picture(card, tmp_path / "a.png")
    ours = probabilities(run, tmp_path / "a.png", tmp_path / "ours")
    theirs = python_probabilities(model, card, tmp_path / "a.png")
    assert theirs.std(axis=(1, 2)).max() > 1e-3, "the golden must vary over space"
    assert np.abs(ours - theirs).max() < 1e-4


def test_weights_that_torch_saved_are_read_and_give_the_same(trained, tmp_path):
    run, _ = trained
    shutil.copytree(run, tmp_path / "run")
    card, model = model_of(run)
    torch.manual_seed(11)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.dtype.is_floating_point:
                value.copy_(torch.rand_like(value) * 0.5 + (0.2 if value.dim() == 1 else -0.25))
    torch.save(model.state_dict(), tmp_path / "run" / "model.pth")
    network_sized_picture(card, tmp_path / "a.png")
    ours = probabilities(tmp_path / "run", tmp_path / "a.png", tmp_path / "ours")
    theirs = python_probabilities(model, card, tmp_path / "a.png")
    assert np.abs(ours - theirs).max() < 1e-4


def test_exported_safetensors_are_the_weights(trained, tmp_path):
    run, _ = trained
    maskmill("export", run, "--to", "safetensors", "-o", tmp_path / "a.safetensors")
    ours, saved = load_file(tmp_path / "a.safetensors"), torch.load(run / "model.pth")
    assert ours.keys() == saved.keys()
    assert all(torch.equal(ours[name], saved[name]) for name in saved)
    save_file(saved, tmp_path / "b.safetensors")
    maskmill("export", tmp_path / "b.safetensors", "--to", "pth", "-o", tmp_path / "b.pth")
    assert all(torch.equal(tensor, saved[name]) for name, tensor in torch.load(tmp_path / "b.pth").items())


def test_torchvision_loads_its_network_as_it_was_trained_here(trained, tmp_path):
    _, split = trained
    run = tmp_path / "run"
    maskmill("train", split, "-o", run, "model.name=deeplabv3_resnet50", "model.aux=true", "epochs=1", "input.width=96",
             "input.height=64", "checkpoint.state-every=0", "--quiet")
    card = json.loads((run / "model.json").read_text())
    model = torchvision.models.segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=len(card["classes"]), aux_loss=True)
    model.load_state_dict(torch.load(run / "model.pth"))
    model.scores = lambda images: model(images)["out"]
    network_sized_picture(card, tmp_path / "a.png")
    ours = probabilities(run, tmp_path / "a.png", tmp_path / "ours")
    theirs = python_probabilities(model, card, tmp_path / "a.png")
    assert theirs.std(axis=(1, 2)).max() > 1e-3, "the golden must vary over space"
    assert np.abs(ours - theirs).max() < 1e-4


def test_a_pickle_that_would_run_code_is_refused_and_shown(trained, tmp_path):
    run, _ = trained
    shutil.copytree(run, tmp_path / "run")

    class Trap:
        def __reduce__(self):
            import os
            return os.system, (f"touch {tmp_path}/ran",)

    torch.save({"conv.weight": Trap()}, tmp_path / "run" / "model.pth")
    (tmp_path / "a.png").write_bytes(b"")
    maskmill("predict", tmp_path / "run", tmp_path / "a.png", "-o", tmp_path / "out", expect=3)
    assert not (tmp_path / "ran").exists()

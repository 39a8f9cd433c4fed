# SPDX-License-Identifier: Apache-2.0
"""label_errors.py BUILD DATA WORK [--epochs N] [--skip-training]: what `maskmill check --against` finds of wrong labels.

Takes DATA/oxford_pets_sample, spoils the masks of 60 of its items (half of the animal given to the background, a disc of the background
given to the animal, the two exchanged; seed 3), trains three networks with the programs of BUILD on folds of the spoilt data, lets each
predict what it did not see, and ranks. Beside it stands cleanlab's score of an image's labels (Lad and Mueller, 2023), of the same
probabilities. Prints a Markdown table: of the first 60 items in each ranking the share that is spoilt, the average precision, and for each kind of
fault the share that is among the first 60. Needs cleanlab, NumPy and Pillow; WORK keeps what is made."""
import argparse
import json
import pathlib
import random
import shutil
import subprocess

import numpy as np
from PIL import Image

FOLDS = 3
SPOILT = 60
KINDS = ("half of the animal", "a disc of background", "exchanged")
PET, BACKGROUND = 1, 2
CLEANLAB_PX = 128


def spoil(mask, kind, rng):
    mask = mask.copy()
    height, width = mask.shape
    if kind == KINDS[0]:
        beyond = np.zeros_like(mask, bool)
        beyond[:, int(np.median(np.where(mask == PET)[1])):] = True
        mask[beyond & (mask != BACKGROUND)] = BACKGROUND
    elif kind == KINDS[1]:
        ys, xs = np.where(mask == BACKGROUND)
        centre = rng.integers(len(ys))
        radius = int(.12 * min(height, width))
        y, x = np.ogrid[:height, :width]
        disc = (y - ys[centre]) ** 2 + (x - xs[centre]) ** 2 <= radius ** 2
        mask[disc & (mask == BACKGROUND)] = PET
    else:
        pet, background = mask == PET, mask == BACKGROUND
        mask[pet], mask[background] = BACKGROUND, PET
    return mask


def make(build, data, work):
    subprocess.run([build / "bin/maskmill", "convert", data / "oxford_pets_sample", "-o", work / "spoilt", "--to", "pairs",
                    "--force", "--quiet"], check=True)
    files = sorted((work / "spoilt").glob("*/masks/*.png"))
    rng = np.random.default_rng(3)
    kinds = {}
    for number, file in enumerate(random.Random(3).sample(files, SPOILT)):
        kind = KINDS[number % len(KINDS)]
        Image.fromarray(spoil(np.array(Image.open(file)), kind, rng)).save(file)
        kinds[file.stem] = kind
    return kinds


def train(build, work, epochs):
    settings = pathlib.Path(__file__).parents[2] / "pipelines/pets/settings.json"
    shutil.rmtree(work / "folds", ignore_errors=True)
    run = [build / "bin/maskmill"]
    subprocess.run(run + ["split", work / "spoilt", "-o", work / "folds", "--folds", str(FOLDS), "--media", "link", "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    for i in range(1, FOLDS + 1):
        fold = work / f"folds/fold-{i}"
        subprocess.run(run + ["train", fold, "-o", work / f"run-{i}", "--config", settings, "--force", "--quiet", f"epochs={epochs}"],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run(run + ["predict", work / f"run-{i}", fold / "val/images", "-o", work / f"predicted-{i}", "--probabilities",
                              "--force", "--quiet"], check=True, stdout=subprocess.DEVNULL)


def ranked_by_check(build, work, masks_alone):
    words = [build / "bin/maskmill", "check", work / "spoilt", "--json", "--quiet"]
    for i in range(1, FOLDS + 1):
        predicted = work / f"predicted-{i}"
        if masks_alone:
            predicted = work / f"masks-{i}"
            shutil.rmtree(predicted, ignore_errors=True)
            shutil.copytree(work / f"predicted-{i}", predicted, ignore=shutil.ignore_patterns("probabilities"))
        words += ["--against", predicted]
    ran = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    names = [pathlib.Path(f["place"]["file"]).stem for f in json.loads(ran.stdout)["findings"] if f["rule"] == "contradicted-region"]
    return list(dict.fromkeys(names))


def ranked_by_cleanlab(work):
    from cleanlab.segmentation.rank import get_label_quality_scores
    names, labels, probabilities = [], [], []
    for i in range(1, FOLDS + 1):
        for file in sorted((work / f"predicted-{i}/masks").glob("*.png")):
            mask = np.array(Image.open(next((work / "spoilt").glob(f"*/masks/{file.name}"))).resize((CLEANLAB_PX, CLEANLAB_PX), Image.NEAREST))
            levels = [np.array(Image.open(work / f"predicted-{i}/probabilities/{name}/{file.name}")).astype(np.float32) / 65535
                      for name in ("pet", "background", "border")]
            levels = np.stack([np.array(Image.fromarray(level).resize((CLEANLAB_PX, CLEANLAB_PX), Image.BILINEAR)) for level in levels])
            names.append(file.stem)
            labels.append(mask.astype(np.int64) - 1)
            probabilities.append(levels / levels.sum(0))
    scores, _ = get_label_quality_scores(np.stack(labels), np.stack(probabilities), verbose=False)
    return [names[i] for i in np.argsort(scores, kind="stable")]


def row(title, ranking, kinds):
    found, precision = 0, 0.
    for position, name in enumerate(ranking, 1):
        if name in kinds:
            found += 1
            precision += found / position
    first = set(ranking[:SPOILT])
    of_kind = {kind: [name for name in kinds if kinds[name] == kind] for kind in KINDS}
    cells = [title, str(len(ranking)), f"{len(first & set(kinds)) / SPOILT:.2f}", f"{precision / SPOILT:.3f}"]
    cells += [f"{len(first & set(of_kind[kind]))} of {len(of_kind[kind])}" for kind in KINDS]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--skip-training", action="store_true")
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    build = options.build.resolve()
    if options.skip_training:
        kinds = json.loads((work / "kinds.json").read_text())
    else:
        kinds = make(build, options.data.resolve(), work)
        (work / "kinds.json").write_text(json.dumps(kinds))
        train(build, work, options.epochs)
    print("| ranking | items in it | spoilt of the first 60 | average precision | " + " | ".join(KINDS) + " |")
    print("|---|---|---|---|" + "---|" * len(KINDS))
    print(row("check --against, probabilities", ranked_by_check(build, work, False), kinds))
    print(row("check --against, masks alone", ranked_by_check(build, work, True), kinds))
    print(row("cleanlab, softmin of pixels", ranked_by_cleanlab(work), kinds))


if __name__ == "__main__":
    main()

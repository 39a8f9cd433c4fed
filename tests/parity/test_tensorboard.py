# SPDX-License-Identifier: Apache-2.0
"""The real TensorBoard reads what training wrote for it."""
import csv
import io
import json
import subprocess
import signal
import time

from conftest import BIN, maskmill
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

COLUMNS = {"loss/train": "train_loss", "loss/val": "val_loss", "mean_dice/val": "val_mean_dice", "mean_iou/val": "val_mean_iou",
           "pixel_accuracy/val": "val_pixel_accuracy", "learning_rate": "learning_rate",
           "speed/images_per_second": "images_per_second", "speed/waiting_share": "waiting_share"}


def events_of(run):
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    return events


def metrics_of(run):
    return list(csv.DictReader((run / "metrics.csv").open()))


def agree(run):
    events, rows = events_of(run), metrics_of(run)
    assert set(events.Tags()["scalars"]) == set(COLUMNS)
    for tag, column in COLUMNS.items():
        shown = events.Scalars(tag)
        assert [event.step for event in shown] == [int(row["epoch"]) for row in rows]
        for event, row in zip(shown, rows):
            assert abs(event.value - float(row[column])) <= 1e-6 * max(1, abs(event.value))


def test_scores_and_pictures_are_what_the_run_says(trained):
    run, _ = trained
    agree(run)
    events = events_of(run)
    size = json.loads((run / "model.json").read_text())["input"]
    tags = events.Tags()["images"]
    assert len(tags) == 4
    for tag in tags:
        for event in events.Images(tag):
            picture = Image.open(io.BytesIO(event.encoded_image_string))
            assert picture.size == (event.width, event.height) == (2 * size["width"], size["height"])


def test_a_killed_and_resumed_run_shows_each_epoch_once(trained, tmp_path):
    _, split = trained
    words = [BIN / "maskmill", "train", split, "-o", tmp_path / "run", "epochs=60", "model.init-features=4", "input.width=32",
             "input.height=32", "--quiet"]
    killed = subprocess.Popen(words)
    while len(metrics_of(tmp_path / "run")) < 3 if (tmp_path / "run" / "metrics.csv").exists() else True:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() != 0
    maskmill("train", split, "-o", tmp_path / "run", "--resume", "epochs=60", "--quiet")
    assert len(list((tmp_path / "run").glob("events.out.tfevents.*"))) == 2
    agree(tmp_path / "run")

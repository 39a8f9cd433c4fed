#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py BUILD DATA PYTHON: what `run` prints. PYTHON has the peers.

Each of our figures is the least of five runs after one that warms the file cache; a peer's is of one, which takes long enough. Ours are whole commands, from start
to exit; a peer's is its conversion without interpreter and imports. Before anything is timed, what each makes is held against the source.

Each run writes into a folder of its own, and nothing is removed before the end: an ext4 without a journal passes over the inodes of files
that were removed in the last minutes (recently_deleted in its ialloc.c), which makes new files dearer than all else. TMPDIR=/dev/shm
leaves the disk out altogether.
"""
import filecmp
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time

build, data, python = (pathlib.Path(word) for word in sys.argv[1:4])
here = pathlib.Path(__file__).resolve().parent
maskmill = build / "bin" / "maskmill"
pets, camvid = data / "oxford_pets_sample", data / "camvid_sample"


def fresh(count=itertools.count()):
    """A folder that is not there yet."""
    return scratch / f"fresh{next(count)}"


def least(action, times=5):
    action()
    return min(action() for _ in range(times))


def ours(*words, expect=(0, 1)):
    start = time.perf_counter()
    done = subprocess.run([maskmill, *map(str, words), "--quiet"], capture_output=True)
    seconds = time.perf_counter() - start
    assert done.returncode in expect, done.stderr.decode()
    return seconds


def bare(jobs, mode, *folders):
    if mode == "encode":
        folders = (fresh(), *folders)
    done = subprocess.run([build / "bin" / "bare_codec", str(jobs), mode, *map(str, folders)], capture_output=True, check=True)
    return float(done.stdout.split()[0])


def peer(name, source, source_format, out, target, images="none"):
    done = subprocess.run([python, here / "peers.py", name, *map(str, (source, source_format, out, target, images))],
                          capture_output=True)
    if done.returncode != 0:
        return done.stderr.decode().strip().splitlines()[-1]
    return tuple(float(word) for word in done.stdout.split())


def same_files(first, second):
    """Whether two folders hold the same bytes, but for the command that provenance.json states."""
    names = lambda folder: sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())  # noqa: E731
    wanted = [name for name in names(first) if name.name != "provenance.json"]
    return names(first) == names(second) and not any(filecmp.cmpfiles(first, second, wanted, shallow=False)[1:])


class Task:
    """One conversion, by us and by those who can do it too."""

    def __init__(self, name, source, words, floor, datumaro=None, supervision=None, items=None):
        self.name, self.source, self.words, self.floor = name, source, words, floor
        self.datumaro, self.supervision, self.items = datumaro, supervision, items

    def convert(self, out, jobs):
        return ours("convert", self.source, "-o", out, "--media", "none", "--jobs", jobs, *self.words)

    def check(self):
        outs = [fresh(), fresh()]
        for jobs, out in zip((1, 2), outs):
            self.convert(out, jobs)
        assert same_files(*outs), f"{self.name}: the output depends on the number of threads"
        counted = subprocess.run([maskmill, "convert", self.source, "-o", fresh(), "--media", "none", "--json", "--quiet",
                                  *map(str, self.words)], capture_output=True)
        assert json.loads(counted.stdout)["items"] == self.items, self.name

    def measure(self):
        self.check()
        peers = {}
        for name, words in (("datumaro", self.datumaro), ("supervision", self.supervision)):
            if words:
                result = peer(name, *words[:2], fresh(), *words[2:])
                if isinstance(result, str):
                    print(f"{self.name}: {name} ends with {result}", file=sys.stderr)
                    continue
                assert result[1] == self.items, f"{self.name}: {name} saw {result[1]} images"
                peers[name] = result[0]
        for jobs in (1, 2):
            spent = least(lambda: self.convert(fresh(), jobs))
            floor = sum(least(lambda: bare(jobs, mode, *folders)) for mode, *folders in self.floor)
            cells = [self.name, str(jobs), f"{spent:.3f}", f"{floor:.3f}", f"{spent / floor:.2f}"]
            for name in ("datumaro", "supervision"):
                cells += [f"{peers[name]:.2f} ({peers[name] / spent:.1f} times)"] if name in peers else ["-"]
            print("| " + " | ".join(cells) + " |", flush=True)


with tempfile.TemporaryDirectory() as folder:
    scratch = pathlib.Path(folder)
    voc, coco, binary, back = (scratch / name for name in ("voc", "coco", "binary", "back"))
    ours("convert", pets, "--from", "trimaps", "-o", voc, "--to", "voc", "--media", "link")
    ours("convert", voc, "-o", coco, "--to", "coco", "--media", "link")
    ours("convert", voc, "-o", binary, "--to", "label_masks", "--media", "none")
    ours("convert", coco, "-o", back, "--to", "voc", "--media", "none")
    count = len(list((voc / "SegmentationClass").glob("*.png")))
    masks = [folder for folder in binary.rglob("*") if folder.is_dir() and any(folder.glob("*.png"))]
    whole = scratch / "all.json"  # supervision reads one file
    ours("convert", coco, "-o", whole, "--to", "coco", "--media", "none")

    print("| what | jobs | seconds | bare | ratio | datumaro | supervision |\n|---|---|---|---|---|---|---|")
    for task in (
        Task(f"{count} VOC masks -> COCO", voc, ["--from", "voc", "--to", "coco"], [("masks", voc / "SegmentationClass")],
             datumaro=(voc, "voc_segmentation", "coco_instances"), items=count),
        Task(f"{count} VOC masks -> binary masks", voc, ["--from", "voc", "--to", "label_masks"],
             [("masks", voc / "SegmentationClass"), ("encode", *masks)], items=count),
        Task(f"COCO -> {count} VOC masks", coco, ["--from", "coco", "--to", "voc"],
             [("encode", back / "SegmentationClass", back / "SegmentationObject")],
             datumaro=(coco, "coco_instances", "voc_segmentation"),
             supervision=(whole, "coco", "voc", coco / "images"), items=count),
        Task("174 CamVid masks -> COCO", camvid, ["--from", "trainannot", "--read", "ignore=11", "--to", "coco"],
             [("masks", camvid / "trainannot", camvid / "valannot")],
             datumaro=(camvid, "camvid", "coco_instances"), items=174),
    ):
        task.measure()

    print("\n| what | jobs | seconds | bare decoding | ratio |\n|---|---|---|---|---|")
    for jobs in (1, 2):
        for name, words, folders in (
            ("check 174 CamVid pairs", [camvid, "--from", "trainannot"],
             [camvid / part for part in ("train", "val", "trainannot", "valannot")]),
            ("check 598 pets pairs", [pets, "--from", "trimaps"], [pets / "images", pets / "trimaps"]),
        ):
            spent = least(lambda: ours("check", *words, "--jobs", jobs))
            floor = least(lambda: bare(jobs, "pixels", *folders))
            print(f"| {name} | {jobs} | {spent:.3f} | {floor:.3f} | {spent / floor:.2f} |", flush=True)

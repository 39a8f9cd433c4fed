#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""size.py BUILD PYTHON [KIND ...]: annotation files of the size that people have (generate.py), read whole by `maskmill info --fast`,
by bare_parse (the floor: the bytes alone, and a parser that does nothing with what it finds), and by the peers that PYTHON has and that
read the format; seconds and the most memory, all in one run. Ours is a whole command, the least of three; a peer's is its loading
without the interpreter's start and the imports, once. TMPDIR=/dev/shm leaves the disk out.
"""
import json
import os
import pathlib
import sys
import tempfile

import generate
from measured import measured

build, python = pathlib.Path(sys.argv[1]), sys.argv[2]
here = pathlib.Path(__file__).resolve().parent

# Kind: what is read, with which parser's floor, by which peers.
TASKS = {
    "coco-val": ("annotations/instances_train.json", "json", ["pycocotools", "datumaro:coco", "fiftyone:coco"]),
    "coco-train": ("annotations/instances_train.json", "json", ["pycocotools", "datumaro:coco", "fiftyone:coco"]),
    "cvat": ("annotations.xml", "xml", ["datumaro:cvat", "fiftyone:cvat"]),
    "labelme": ("", "json", ["labelme"]),
    "labelme-data": ("", "json", ["labelme"]),
    "masks-csv": ("", "lines", ["pandas"]),
}


def row(name, seconds, megabytes=None, ours=None, note=""):
    ratio = f"{seconds / ours:.1f}" if ours else ""
    print(f"| {name} | {seconds:.2f} | {'' if megabytes is None else f'{megabytes:,.0f}'} | {ratio} | {note} |", flush=True)


def run(kind, folder):
    file, parser, peers = TASKS[kind]
    source = folder / file if file else folder
    size = sum(path.stat().st_size for path in ([source] if source.is_file() else source.rglob("*")) if path.is_file())
    print(f"\n## {kind}: {size / 1e6:,.0f} MB\n\n| | seconds | MB at most | times ours | |\n|---|---|---|---|---|")
    runs = [measured([build / "bin" / "maskmill", "info", source, "--fast", "--json"]) for _ in range(4)][1:]
    assert runs[0][0], runs[0][1]
    ours = min(seconds for _, seconds, _ in runs)
    counts = json.loads(runs[0][0])
    row("maskmill", ours, max(megabytes for _, _, megabytes in runs), None, f"{counts['items']:,} items, {counts['annotations']:,} annotations")
    for floor in ("bytes", parser):
        text, problem, megabytes = measured([build / "bin" / "bare_parse", floor, source])
        row(f"bare: {floor}", float(text), megabytes, ours)
    for peer in peers:
        text, problem, megabytes = measured([python, here / "size_peer.py", peer, source])
        if text is None:
            print(f"| {peer} | | | | {problem[:160]} |", flush=True)
        else:
            seconds, items, annotations = text.split()[-3:]
            row(peer, float(seconds), megabytes, ours, f"{int(items):,} items, {int(annotations):,} annotations")


with tempfile.TemporaryDirectory() as scratch:
    for kind in sys.argv[3:] or TASKS:
        folder = pathlib.Path(os.environ.get("MASKMILL_GENERATED", scratch)) / kind
        if not folder.exists():
            generate.KINDS[kind](folder)
        run(kind, folder)

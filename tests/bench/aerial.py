#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""aerial.py BUILD PYTHON FOLDER [RUNS]: pairs a second of `maskmill check` on 40 pairs of 6000x4000 with 23 labels.

Beside decoding the same JPEG and PNG files and doing nothing else (bare_codec), on as many threads, and beside Python:
decoding, sizes and the values of each mask (aerial_peer.py), with PYTHON, which has cv2, numpy and PIL. FOLDER takes the
pairs, which are drawn where it is not there yet (400 MB). The competitors take turns; the least of RUNS rounds (five)
counts. Prints a Markdown table."""
import json
import pathlib
import subprocess
import sys

from measured import measured_with_work

build, python, folder = (pathlib.Path(word) for word in sys.argv[1:4])
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
here = pathlib.Path(__file__).resolve().parent
check, bare, peer = build / "bin" / "maskmill-check", build / "bin" / "bare_codec", [python, here / "aerial_peer.py"]

if not folder.exists():
    subprocess.run([*peer, "draw", folder], check=True)
pairs = len(list((folder / "images").iterdir()))


def by_clock(words):
    """Whole commands of ours."""
    _, seconds, megabytes, work = measured_with_work(words)
    return seconds, megabytes, work


def as_printed(words):
    """Seconds without the start of the program."""
    text, _, megabytes, work = measured_with_work(words)
    seconds, count = text.split()
    assert int(count) == pairs * (2 if words[0] == bare else 1)
    return float(seconds), megabytes, work


def checking(jobs):
    return lambda: by_clock([check, folder, "--from", "pairs", "--jobs", jobs, "--quiet", "--json"])


rows = {}
for jobs in (1, 2):
    rows[f"maskmill check, {jobs} threads"] = checking(jobs)
    rows[f"bare decoding, {jobs} threads"] = lambda jobs=jobs: as_printed([bare, jobs, "pixels", folder / "images", folder / "masks"])
    for reader in ("opencv", "pillow"):
        rows[f"Python with {reader}, {jobs} processes"] = lambda jobs=jobs, reader=reader: as_printed([*peer, "review", folder, reader, jobs])

document = json.loads(subprocess.run([check, folder, "--from", "pairs", "--json", "--quiet"], capture_output=True, check=False).stdout)
assert document["items"] == pairs and document["counts"]["error"] == 0, document["counts"]
best = {}
for _ in range(runs):
    for name, run in rows.items():
        best[name] = min(best.get(name, (float("inf"),)), run())
print(f"| {pairs} pairs of 6000x4000 | seconds | pairs/s | processor seconds | MB |\n|---|---|---|---|---|")
for name, (seconds, megabytes, work) in best.items():
    print(f"| {name} | {seconds:.2f} | {pairs / seconds:.1f} | {work:.2f} | {megabytes:.0f} |")

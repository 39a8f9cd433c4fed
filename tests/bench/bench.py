#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run BUILD DATA: times convert and check beside the bare decoding of the same files, in one run, as a Markdown table.

BUILD is the build folder, DATA the folder of real data. Each figure is the least of five runs, after one that warms the file cache.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

build, data = (pathlib.Path(word) for word in sys.argv[1:3])
maskmill = build / "bin" / "maskmill"
pets, camvid = data / "oxford_pets_sample", data / "camvid_sample"


def least(action, times=5):
    action()
    return min(action() for _ in range(times))


def command(*words):
    def run():
        start = time.perf_counter()
        done = subprocess.run([maskmill, *map(str, words), "--quiet"], capture_output=True)
        assert done.returncode in (0, 1), done.stderr.decode()
        return time.perf_counter() - start
    return least(run)


def bare(jobs, kind, *folders):
    return least(lambda: float(subprocess.run([build / "bin" / "bare_decode", str(jobs), kind, *map(str, folders)],
                                              capture_output=True, check=True).stdout.split()[0]))


print("| what | jobs | seconds | bare decoding | ratio |\n|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as scratch:
    out = pathlib.Path(scratch) / "out"
    for jobs in (1, 2):
        j = ["--jobs", jobs]
        rows = [
            ("598 trimaps -> COCO", ["convert", pets, "--from", "trimaps", "-o", out, "--to", "coco", "--media", "none", "--force", *j],
             ("masks", pets / "trimaps")),
            ("174 CamVid masks -> COCO", ["convert", camvid, "--from", "trainannot", "--read", "ignore=11", "-o", out, "--to", "coco",
                                          "--media", "none", "--force", *j], ("masks", camvid / "trainannot", camvid / "valannot")),
            ("check 174 CamVid pairs", ["check", camvid, "--from", "trainannot", *j],
             ("pixels", camvid / "train", camvid / "val", camvid / "trainannot", camvid / "valannot")),
            ("check 598 pets pairs", ["check", pets, "--from", "trimaps", *j], ("pixels", pets / "images", pets / "trimaps")),
        ]
        for name, words, floor in rows:
            spent, decoding = command(*words), bare(jobs, *floor)
            print(f"| {name} | {jobs} | {spent:.3f} | {decoding:.3f} | {spent / decoding:.2f} |", flush=True)

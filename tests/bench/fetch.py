# SPDX-License-Identifier: Apache-2.0
"""fetch.py BUILD [FILES [BYTES]]: that many small files over the loopback device, and one large one, by maskmill fetch
beside aria2c and curl, in turn. Prints Markdown tables: the median of five rounds in seconds, processor seconds and
megabytes. What each left is compared with what was served."""
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measured import measured_with_work

ROUNDS, AT_ONCE, LARGE_BYTES = 5, 16, 1 << 30


class Server:
    """test_server of a folder."""

    def __init__(self, build, folder):
        self.port_file = Path(folder).with_suffix(".port")
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen([build / "bin/test_server", folder, "--port-file", self.port_file],
                                        stdout=subprocess.DEVNULL)
        while not self.port_file.exists() or not self.port_file.read_text():
            time.sleep(0.01)
        self.url = self.port_file.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def commands(build, list_file, out):
    """By name, what fetches all URLs of a file into a folder that is there."""
    config = list_file.with_suffix(".curl")
    config.write_text("".join(f'url = "{url}"\noutput = "{out}/{url.rsplit("/", 1)[1]}"\n'
                              for url in list_file.read_text().split()))
    return {
        "maskmill": [build / "bin/maskmill-fetch", "--urls", list_file, "-o", out, "-q"],
        "aria2c": ["aria2c", "-q", f"-j{AT_ONCE}", "--file-allocation=none", "-d", out, "-i", list_file],
        "curl -Z": ["curl", "-sS", "-Z", "--parallel-max", AT_ONCE, "-K", config],
    }


def compare(build, folder, urls, work):
    list_file = work / "list.txt"
    list_file.write_text("\n".join(urls) + "\n")
    taken = {}
    for _ in range(ROUNDS):
        for name, words in commands(build, list_file, work / "out").items():
            shutil.rmtree(work / "out", ignore_errors=True)
            (work / "out").mkdir()
            os.sync()
            text, seconds, megabytes, worked = measured_with_work(words)
            if text is None:
                sys.exit(f"{name}: {seconds}")
            names = sorted(path.name for path in folder.iterdir())
            same, other, missing = filecmp.cmpfiles(folder, work / "out", names, shallow=False)
            if other or missing or len(same) != len(urls):
                sys.exit(f"{name}: {len(other)} files differ and {len(missing)} are missing")
            taken.setdefault(name, []).append((seconds, worked, megabytes))
    print("| | seconds | processor seconds | MB |\n|---|---|---|---|")
    for name, rounds in taken.items():
        seconds, worked, megabytes = (statistics.median(column) for column in zip(*rounds))
        print(f"| {name} | {seconds:.2f} | {worked:.2f} | {megabytes:.0f} |")


def main():
    build = Path(sys.argv[1]).resolve()
    count, size = (int(word) for word in (sys.argv[2:] + ["5000", "10000"][len(sys.argv) - 2:]))
    os.environ["no_proxy"] = "127.0.0.1"
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as name:
        work = Path(name)
        for folder in ("small", "large"):
            (work / "served" / folder).mkdir(parents=True)
        for i in range(count):
            (work / "served/small" / f"{i:06}.bin").write_bytes(os.urandom(size))
        with open(work / "served/large/large.bin", "wb") as large:
            for _ in range(LARGE_BYTES >> 20):
                large.write(os.urandom(1 << 20))
        with Server(build, work / "served") as server:
            for folder in ("small", "large"):
                files = sorted((work / "served" / folder).iterdir())
                print(f"\n{len(files)} files of {files[0].stat().st_size} bytes\n")
                compare(build, work / "served" / folder, [f"{server.url}/{folder}/{path.name}" for path in files], work)


if __name__ == "__main__":
    main()

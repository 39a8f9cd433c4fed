# SPDX-License-Identifier: Apache-2.0
"""A program run once, with its time and memory."""
import os
import subprocess
import tempfile
import time


def measured(words):
    """What it printed, its seconds from start to exit, and the most megabytes that it held."""
    text, seconds, megabytes, _ = measured_with_work(words)
    return text, seconds, megabytes


def measured_with_work(words):
    """The same, and the processors' seconds, which other programs beside it lengthen less."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        out.seek(0), err.seek(0)
        text, problem = out.read(), err.read().strip().splitlines()
    if os.waitstatus_to_exitcode(status) != 0:
        return None, problem[-1] if problem else f"status {status}", 0, 0
    return text, seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime

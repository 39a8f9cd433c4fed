# SPDX-License-Identifier: Apache-2.0
"""What the comparisons share: our programs, the real data, and a run trained once."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["MASKMILL_BIN"])


def maskmill(*words, expect=0):
    """Runs a verb; returns its standard output. Fails the test where the exit code is not `expect`."""
    done = subprocess.run([BIN / "maskmill", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == expect, f"maskmill {words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def maskmill_json(*words, expect=0):
    return json.loads(maskmill(*words, "--json", "--quiet", expect=expect))


@pytest.fixture(scope="session")
def real_data():
    """The real data beside the checkout; a comparison that needs it says so where it is absent."""
    path = pathlib.Path(os.environ.get("MASKMILL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip("not shown: the real data is not beside the checkout")
    return path


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """The quickstart's drawn data set."""
    folder = tmp_path_factory.mktemp("shapes") / "data"
    subprocess.run([BIN / "quickstart-shapes", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def trained(shapes, tmp_path_factory):
    """A U-Net trained for two epochs on the drawn data: (run, split)."""
    folder = tmp_path_factory.mktemp("trained")
    maskmill("split", shapes, "-o", folder / "split", "--ratio", "train=0.4,val=0.1,test=0.5", "--seed", 3, "--quiet")
    maskmill("train", folder / "split", "-o", folder / "run", "epochs=2", "model.init-features=8", "input.width=96",
             "input.height=64", "optimizer.learning-rate=0.003", "seed=5", "--quiet")
    return folder / "run", folder / "split"
